package wxapi

import (
	"bytes"
	"cmp"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"
	"unicode"
)

// refusals are replies that no reader may take for a success.
var refusals = []string{
	`{"errcode":40029,"errmsg":"invalid code, rid: ` + someRID + `"}`,
	`{"errcode":-1,"errmsg":"system error"}`, `{"errcode":"0"}`, `{"errcode":0.5}`, `{"errcode":1e99}`,
	`{"errcode":40029,"errmsg":"\u0000\r\n` + "\xff" + `"}`, `{"errcode":1,"errmsg":{}}`,
	`null`, `[]`, `[`, `""`, `{}{}`, `<html>`, ` `, ``,
}

// fuzzReply reads what WeChat might send. The corpus is checked: successes are
// read as such, refusals and the others are not. check sees successes.
func fuzzReply[T any](f *testing.F, read reader[T], successes, others []string, check func(*testing.T, T, []byte)) {
	rq := &request{op: "fuzz"}
	for _, s := range successes {
		if _, err := read(rq, replied([]byte(s))); err != nil {
			f.Fatalf("the corpus has lost a success: %s: %v", s, err)
		}
		f.Add([]byte(s))
	}
	for _, s := range append(others, refusals...) {
		if _, err := read(rq, replied([]byte(s))); err == nil {
			f.Fatalf("the corpus has lost a failure: %s", s)
		}
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		out, err := read(rq, replied(b))
		if err != nil {
			wantPresentable(t, err)
			return
		}
		check(t, out, b)
	})
}

// wantPresentable wants an error of a known kind that fits on a line of a log.
func wantPresentable(t *testing.T, err *Error) {
	t.Helper()
	if err.Kind < KindInvalidCode || err.Kind > KindRejected || err.ErrCode == 0 && err.Kind != KindUnavailable {
		t.Errorf("kind %v of errcode %d", err.Kind, err.ErrCode)
	}
	if text := err.Error(); len(text) > 1024 || strings.ContainsFunc(text, unicode.IsControl) {
		t.Errorf("%q", text)
	}
}

// wantNoErrCode wants what any other decoder finds in a success: no errcode but 0.
func wantNoErrCode(t *testing.T, b []byte) {
	t.Helper()
	var any struct{ ErrCode json.Number }
	if err := json.Unmarshal(b, &any); err != nil || any.ErrCode != "" && any.ErrCode != "0" && any.ErrCode != "-0" {
		t.Errorf("%q is a success: %v", b, err)
	}
}

func replied(b []byte) *answer {
	a := new(answer)
	a.body.Write(b)
	return a
}

func FuzzSessionReply(f *testing.F) {
	fuzzReply(f, decode[sessionReply], []string{
		`{"session_key":"tiihtNczf5v6AKRyjwEUhQ==","openid":"oGZUI0egBJY1zhBYw2KhdUfwVJJE"}`,
		`{"session_key":"tiihtNczf5v6AKRyjwE\/hQ==","openid":"o","unionid":"u","errcode":0,"errmsg":"ok","expires_in":7200}`,
	}, []string{
		`{}`, `{"openid":"o"}`, `{"session_key":"tiihtNczf5v6AKRyjwEUhQ=="}`,
		`{"session_key":"a\/b==","openid":"o"}`, `{"session_key":"tiihtNczf5v6AKRyjwEUhQ==","openid":"o\n"}`,
		`{"session_key":"tiihtNczf5v6AKRyjwEUhQ==","openid":"o","errcode":40029}`,
	}, func(t *testing.T, r sessionReply, b []byte) {
		wantNoErrCode(t, b)
		s := r.session()
		key, ok := unbase64(s.SessionKey.Reveal())
		if !ok || len(key) != 16 || s.OpenID == "" || strings.ContainsAny(s.OpenID+s.UnionID, " \r\n") || len(s.OpenID+s.UnionID) > 256 {
			t.Errorf("a success without %q, %q and a key of %d bytes", s.OpenID, s.UnionID, len(key))
		}
	})
}

func FuzzPhoneReply(f *testing.F) {
	fuzzReply(f, decode[phoneReply], []string{
		`{"errcode":0,"errmsg":"ok","phone_info":{"phoneNumber":"13580006666","purePhoneNumber":"13580006666","countryCode":86}}`,
		`{"errcode":0,"phone_info":{"phoneNumber":"+85251234567","purePhoneNumber":"51234567","countryCode":"852","watermark":{"timestamp":1637744274,"appid":"wx1"}}}`,
	}, []string{
		`{"errcode":0,"errmsg":"ok"}`, `{"errcode":0,"phone_info":null}`,
		`{"errcode":0,"phone_info":{"phoneNumber":"1","purePhoneNumber":"1","countryCode":-86}}`,
		`{"errcode":0,"phone_info":{"phoneNumber":"1","purePhoneNumber":"1","countryCode":[]}}`,
		`{"errcode":0,"phone_info":{"phoneNumber":1,"purePhoneNumber":"1","countryCode":"86"}}`,
	}, func(t *testing.T, r phoneReply, b []byte) {
		wantNoErrCode(t, b)
		p := r.Info.phone()
		for _, s := range []string{p.PhoneNumber, p.PurePhoneNumber, p.CountryCode} {
			if s == "" || len(s) > maxPhone || strings.ContainsAny(s, " \r\n") {
				t.Errorf("a success with %+v", p)
			}
		}
		// What the application decodes from the same JSON is the same.
		var in struct {
			Info Phone `json:"phone_info"`
		}
		if err := json.Unmarshal(b, &in); err != nil || in.Info != p {
			t.Errorf("%+v and %+v, %v", in.Info, p, err)
		}
	})
}

func FuzzTokenReply(f *testing.F) {
	fuzzReply(f, decode[tokenReply], []string{
		`{"access_token":"t","expires_in":7200}`, `{"expires_in":1,"access_token":"` + strings.Repeat("t", 2048) + `"}`,
	}, []string{
		`{}`, `{"access_token":"t"}`, `{"expires_in":7200}`, `{"access_token":"t","expires_in":0}`, `{"access_token":"t","expires_in":-1}`,
		`{"access_token":"t","expires_in":99999999999}`, `{"access_token":"t ","expires_in":7200}`, `{"access_token":"t","expires_in":7200,"errcode":40001}`,
	}, func(t *testing.T, r tokenReply, b []byte) {
		wantNoErrCode(t, b)
		left := time.Duration(r.ExpiresIn) * time.Second
		if r.AccessToken == "" || strings.ContainsAny(r.AccessToken, " \r\n") || left <= 0 || left > 31*24*time.Hour {
			t.Errorf("a success with a token of %d bytes for %v", len(r.AccessToken), left)
		}
	})
}

func FuzzUserKeysReply(f *testing.F) {
	const key = `"encrypt_key":"tiihtNczf5v6AKRyjwEUhQ==","iv":"6003f73ec441c386"`
	fuzzReply(f, decode[userKeysReply], []string{
		`{"errcode":0,"errmsg":"ok","key_info_list":[{` + key + `,"version":10,"expire_in":3597,"create_time":1616572301},{` + key + `,"expire_in":-9}]}`,
		`{"errcode":0,"key_info_list":[]}`,
	}, []string{
		`{}`, `{"errcode":87009,"errmsg":"invalid signature","key_info_list":[]}`, `{"errcode":0,"key_info_list":[{}]}`,
		`{"errcode":0,"key_info_list":[{` + key + `,"expire_in":99999999999}]}`, `{"errcode":0,"key_info_list":[{` + key + `,"version":1.5}]}`,
	}, func(t *testing.T, r userKeysReply, b []byte) {
		wantNoErrCode(t, b)
		for _, k := range r.Keys {
			if raw, ok := unbase64(k.EncryptKey); !ok || len(raw) != 16 || len(k.IV) != 16 || k.ExpireIn > maxKeyLife {
				t.Errorf("a success with the key %+v", k)
			}
		}
	})
}

func FuzzAcknowledged(f *testing.F) {
	fuzzReply(f, decode[acknowledged], []string{`{"errcode":0,"errmsg":"ok"}`, `{"errcode":0}`}, []string{`{}`, `{"errmsg":"ok"}`, `{"errcode":null}`},
		func(t *testing.T, r acknowledged, b []byte) {
			wantNoErrCode(t, b)
			if r.ErrCode == nil || *r.ErrCode != 0 {
				t.Errorf("%q is an acknowledgement", b)
			}
		})
}

func FuzzIdentifierReplies(f *testing.F) {
	type both struct {
		openPIDReply
		unionIDReply
		encryptedMsgReply
	}
	read := func(rq *request, a *answer) (out both, err *Error) {
		var errs [3]*Error
		out.openPIDReply, errs[0] = decode[openPIDReply](rq, a)
		out.unionIDReply, errs[1] = decode[unionIDReply](rq, a)
		out.encryptedMsgReply, errs[2] = decode[encryptedMsgReply](rq, a)
		for _, e := range errs {
			err = cmp.Or(err, e)
		}
		return out, err
	}
	fuzzReply(f, read, []string{`{"unionid":"u","openpid":"p","errcode":0,"errmsg":"ok","vaild":true,"create_time":7}`},
		[]string{`{"unionid":"u","errcode":0}`, `{"openpid":"p","errcode":0}`, `{"unionid":"u","openpid":"p"}`, `{"unionid":"u u","openpid":"p","errcode":0}`, `{"errcode":0,"vaild":1}`},
		func(t *testing.T, r both, b []byte) {
			wantNoErrCode(t, b)
			if r.OpenPID == "" || r.UnionID == "" || strings.ContainsAny(r.OpenPID+r.UnionID, " \r\n") {
				t.Errorf("a success with %q and %q", r.OpenPID, r.UnionID)
			}
		})
}

func FuzzImageReply(f *testing.F) {
	const jpeg, png = "\xff\xd8\xff\xe0 and so on", "\x89PNG\r\n\x1a\n and so on"
	fuzzReply(f, decodeImage, []string{jpeg, png, "GIF89a"}, []string{
		`{"errcode":40169,"errmsg":"invalid length for scene, or the data is not json string rid: ` + someRID + `"}`,
		" \n" + `{"errcode":0,"errmsg":"ok"}`, `{}`, "{" + jpeg, " " + jpeg, `<svg xmlns="http://www.w3.org/2000/svg"/>`, "sorry",
	}, func(t *testing.T, img Image, b []byte) {
		if !bytes.Equal(img.Data, b) || !strings.HasPrefix(img.ContentType, "image/") || http.DetectContentType(b) != img.ContentType {
			t.Errorf("%q is an image of type %q", b, img.ContentType)
		}
		if json.Valid(b) || strings.Contains(img.ContentType, "svg") {
			t.Errorf("%q is an image", b)
		}
	})
}
