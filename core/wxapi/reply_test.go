package wxapi

import (
	"testing"
)

// The parser of replies never panics, and a success has all that it must have.
func FuzzDecodeReply(f *testing.F) {
	for _, s := range []string{
		`{"session_key":"tiihtNczf5v6AKRyjwEUhQ==","openid":"oGZUI0egBJY1zhBYw2KhdUfwVJJE"}`,
		`{"session_key":"a\/b==","openid":"o","unionid":"u","errcode":0,"errmsg":"ok"}`,
		`{"errcode":40029,"errmsg":"invalid code, rid: ` + someRID + `"}`,
		`{"errcode":0,"errmsg":"ok","phone_info":{"phoneNumber":"13580006666","purePhoneNumber":"13580006666","countryCode":86}}`,
		`{"errcode":0,"key_info_list":[{"encrypt_key":"a","iv":"b","version":10,"expire_in":3597,"create_time":1616572301}]}`,
		`{"access_token":"t","expires_in":7200}`, `{"errcode":"0"}`, `null`, `[`, `<html>`,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		rq := &request{op: "fuzz", narrow: loginKind}
		if s, err := decode[sessionReply](rq, replied(b)); err == nil && (s.OpenID == "" || s.SessionKey == "") {
			t.Errorf("a success without %+v", s)
		} else if err != nil && (err.Kind < KindInvalidCode || err.Kind > KindMisconfigured || err.Error() == "") {
			t.Errorf("error %#v", err)
		}
		if p, err := decode[phoneReply](rq, replied(b)); err == nil && p.Info.phone() == (Phone{}) {
			t.Error("a success without number")
		}
		if k, err := decode[tokenReply](rq, replied(b)); err == nil && (k.AccessToken == "" || k.ExpiresIn <= 0) {
			t.Error("a success without token")
		}
		if k, err := decode[acknowledged](rq, replied(b)); err == nil && *k.ErrCode != 0 {
			t.Error("an acknowledgement with errcode")
		}
		decode[userKeysReply](rq, replied(b))
	})
}

func replied(b []byte) *answer {
	a := new(answer)
	a.body.Write(b)
	return a
}
