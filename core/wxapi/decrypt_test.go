package wxapi_test

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/wxsession/wxsession/core/wxapi"
)

// WeChat's official vectors (S1, E1 and the first HMAC), and synthetic ones
// under E1's key and iv.
const (
	vectorApp = "wx4f4bc4dec97d474b"
	vectorKey = "tiihtNczf5v6AKRyjwEUhQ=="
	vectorIV  = "r7BXXKkLb8qrSNn05n0qiA=="

	userInfo    = "CiyLU1Aw2KjvrjMdj8YKliAjtP4gsMZMQmRzooG2xrDcvSnxIMXFufNstNGTyaGS9uT5geRa0W4oTOb1WT7fJlAC+oNPdbB+3hVbJSRgv+4lGOETKUQz6OYStslQ142dNCuabNPGBzlooOmB231qMM85d2/fV6ChevvXvQP8Hkue1poOFtnEtpyxVLW1zAo6/1Xx1COxFvrc2d7UL/lmHInNlxuacJXwu0fjpXfz/YqYzBIBzD6WUfTIF9GRHpOn/Hz7saL8xz+W//FRAUid1OksQaQx4CMs8LOddcQhULW4ucetDf96JcR3g0gfRK4PC7E/r7Z6xNrXd2UIeorGj5Ef7b1pJAYB6Y5anaHqZ9J6nKEBvB4DnNLIVWSgARns/8wR2SiRS7MNACwTyrGvt9ts8p12PKFdlqYTopNHR1Vf7XjfhQlVsAJdNiKdYmYVoKlaRv85IfVunYzO0IKXsyl7JCUjCpoG20f0a04COwfneQAGGwd5oa+T8yO5hzuyDb/XcxxmK01EpqOyuxINew=="
	userInfoSum = "3237d8a5dbd413523c194882c7156544d8a06e2afcc97383cc300c17bd09391b"
	userOpenID  = "oGZUI0egBJY1zhBYw2KhdUfwVJJE"

	phoneData   = "xT8p8W6jIVdEWQ+ccHuD2bmG5RSiwg14VWRFw/UGVh6Aj+jDIadafJ4xdCIBQ/uxDiyw/MZWvpFyRn3pP3xxVfNQxFtzghvK+Pj5JQI7x412Zc+UKBdZyt5yiQboroSxabTum1k4MMOlnoCxhJ46cxPDT2EuLbNUf2McwNtGO0/9E+Xj/ZwENw48ucueL3UqNoKpXxFYvqH6eawrR2MXnA=="
	foreignData = "xT8p8W6jIVdEWQ+ccHuD2bmG5RSiwg14VWRFw/UGVh6Aj+jDIadafJ4xdCIBQ/uxDiyw/MZWvpFyRn3pP3xxVfNQxFtzghvK+Pj5JQI7x412Zc+UKBdZyt5yiQboroSxabTum1k4MMOlnoCxhJ46c1NS9Zep5tw/ULPbD0E0V478/E+LpDujHxv7GA+ss8v+XRtEpXkmf50yNUJgoAAu4Q=="
	groupData   = "LXdR7DLYXwjz4w7JLwQvin+fjM40wmt5hyqxVOIOHwZTBx5272ixRfDePjLTIfvJgHAAS1KYjaAGVV2STszdNtZUq2YwCg0qatL911CXR7eRsd9pKuJT7+Yin0aSbBXxk3U8CDI3saHYe4279PIdNQ=="
	werunData   = "XoLUxF76jN/OsfTGUqF/ZqRn+2PtO66lAMg/g0D3bg3dFG6QV0Ne6V9ToVfMpRrBotEOORBBLZjTKm9C+tHNKfebd/HgVENC0nnEWh3daOzDki9pEOq8yuTJRKTedZCoVcbABaf5fi/DtDyOKHj8A/SOrRn0FXvVVZcJTlZe/rPO6PqzepsaLoWRV7Ei+RWsqtA2QOKfZcgtpR2E37I4Wg=="
	watermark   = `"watermark":{"timestamp":1477314187,"appid":"wx4f4bc4dec97d474b"}}`
)

func TestDecryptVectors(t *testing.T) {
	for name, test := range map[string]struct{ data, plain string }{
		"P1 phone": {phoneData, `{"phoneNumber":"13580006666","purePhoneNumber":"13580006666","countryCode":"86",` + watermark},
		"G1 group": {groupData, `{"openGId":"tGSYNTHETIC-0123456789abcdefg",` + watermark},
		"W1 werun": {werunData, `{"stepInfoList":[{"timestamp":1477238400,"step":100},{"timestamp":1477324800,"step":200}],` + watermark},
	} {
		got, err := wxapi.Decrypt(vectorKey, test.data, vectorIV, wxapi.Watermark{AppID: vectorApp, OpenID: userOpenID})
		if err != nil || string(got) != test.plain {
			t.Errorf("%s: %v, %s", name, err, got)
		}
	}
	got, err := wxapi.Decrypt(vectorKey, userInfo, vectorIV, wxapi.Watermark{AppID: vectorApp, OpenID: userOpenID})
	if sum := sha256.Sum256(got); err != nil || hex.EncodeToString(sum[:]) != userInfoSum {
		t.Errorf("E1: %v, %s", err, got)
	}
}

func TestDecryptedPhoneDecodes(t *testing.T) {
	plain, err := wxapi.Decrypt(vectorKey, phoneData, vectorIV, wxapi.Watermark{AppID: vectorApp})
	if err != nil {
		t.Fatal(err)
	}
	var p wxapi.Phone
	want := wxapi.Phone{PhoneNumber: "13580006666", PurePhoneNumber: "13580006666", CountryCode: "86"}
	if err := json.Unmarshal(plain, &p); err != nil || p != want {
		t.Errorf("%+v, %v", p, err)
	}
}

// Every failure is the one error, whatever its reason.
func TestDecryptRefuses(t *testing.T) {
	zero := base64.StdEncoding.EncodeToString(make([]byte, 16))
	b64 := func(n int) string { return base64.StdEncoding.EncodeToString(make([]byte, n)) }
	app := wxapi.Watermark{AppID: vectorApp}
	for name, test := range map[string]struct {
		key      wxapi.Secret
		data, iv string
		want     wxapi.Watermark
	}{
		"a wrong key":              {"HyVFkGl5F5OQWJZZaNzBBg==", userInfo, vectorIV, app},
		"a wrong iv":               {vectorKey, userInfo, zero, app},
		"another app's watermark":  {vectorKey, foreignData, vectorIV, app},
		"no app to compare with":   {vectorKey, phoneData, vectorIV, wxapi.Watermark{}},
		"another user":             {vectorKey, userInfo, vectorIV, wxapi.Watermark{AppID: vectorApp, OpenID: "o1"}},
		"empty data":               {vectorKey, "", vectorIV, app},
		"half a block":             {vectorKey, b64(8), vectorIV, app},
		"a block and a half":       {vectorKey, b64(24), vectorIV, app},
		"a short iv":               {vectorKey, userInfo, b64(15), app},
		"no iv":                    {vectorKey, userInfo, "", app},
		"a long iv":                {vectorKey, userInfo, b64(32), app},
		"a short key":              {wxapi.Secret(b64(15)), userInfo, vectorIV, app},
		"a key for AES-256":        {wxapi.Secret(b64(32)), userInfo, vectorIV, app},
		"no key":                   {"", userInfo, vectorIV, app},
		"data that is not base64":  {vectorKey, "*" + userInfo[1:], vectorIV, app},
		"blanks where + was":       {vectorKey, strings.ReplaceAll(userInfo, "+", " "), vectorIV, app},
		"base64 without padding":   {vectorKey, strings.TrimRight(userInfo, "="), vectorIV, app},
		"base64 with a line break": {vectorKey, userInfo[:76] + "\n" + userInfo[76:], vectorIV, app},
		"base64 for URLs":          {vectorKey, strings.ReplaceAll(userInfo, "/", "_"), vectorIV, app},
		"base64 with stray bits":   {vectorKey, userInfo, vectorIV[:21] + "B==", app},
		"a truncated last block":   {vectorKey, base64.StdEncoding.EncodeToString(mustBase64(t, userInfo)[:384]), vectorIV, app},
		"more than 64 KiB":         {vectorKey, b64(49153), vectorIV, app},
		"data from before the freshest": {vectorKey, userInfo, vectorIV,
			wxapi.Watermark{AppID: vectorApp, MaxAge: time.Minute, Now: at(1477314187 + 61)}},
		"data from the future": {vectorKey, userInfo, vectorIV,
			wxapi.Watermark{AppID: vectorApp, MaxAge: time.Hour, Now: at(1477314187 - 61)}},
		"old data by the real clock": {vectorKey, userInfo, vectorIV, wxapi.Watermark{AppID: vectorApp, MaxAge: time.Hour}},
	} {
		got, err := wxapi.Decrypt(test.key, test.data, test.iv, test.want)
		if err != wxapi.ErrInvalidData || got != nil {
			t.Errorf("%s: %v, %q", name, err, got)
		}
	}
}

// Of the padding every byte counts, and it is 1 to 16 bytes long.
func TestDecryptChecksPadding(t *testing.T) {
	good := `{` + watermark
	for n := range 17 {
		plain := []byte(good + strings.Repeat(" ", (32-len(good)%16-n)%16))
		block := append(plain, bytes.Repeat([]byte{byte(n)}, n)...)
		if len(block)%16 != 0 {
			t.Fatalf("%d bytes of padding give %d bytes", n, len(block))
		}
		_, err := wxapi.Decrypt(vectorKey, encryptCBC(t, vectorKey, vectorIV, block), vectorIV, wxapi.Watermark{AppID: vectorApp})
		if (err == nil) != (n > 0) {
			t.Errorf("padding of %d: %v", n, err)
		}
		for i := len(plain); i < len(block)-1; i++ {
			bad := bytes.Clone(block)
			bad[i] ^= 1
			_, err := wxapi.Decrypt(vectorKey, encryptCBC(t, vectorKey, vectorIV, bad), vectorIV, wxapi.Watermark{AppID: vectorApp})
			if err == nil {
				t.Errorf("padding of %d with byte %d changed was accepted", n, i-len(plain))
			}
		}
	}
	for _, last := range []byte{0, 17, 26, 255} {
		block := bytes.Repeat([]byte{last}, 32)
		if _, err := wxapi.Decrypt(vectorKey, encryptCBC(t, vectorKey, vectorIV, block), vectorIV, wxapi.Watermark{AppID: vectorApp}); err == nil {
			t.Errorf("padding of %d was accepted", last)
		}
	}
}

func mustBase64(t testing.TB, s string) []byte {
	t.Helper()
	b, err := base64.StdEncoding.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func pad(b []byte) []byte {
	n := 16 - len(b)%16
	return append(bytes.Clone(b), bytes.Repeat([]byte{byte(n)}, n)...)
}

func encryptCBC(t testing.TB, key, iv string, b []byte) string {
	t.Helper()
	block, err := aes.NewCipher(mustBase64(t, key))
	if err != nil {
		t.Fatal(err)
	}
	out := make([]byte, len(b))
	cipher.NewCBCEncrypter(block, mustBase64(t, iv)).CryptBlocks(out, b)
	return base64.StdEncoding.EncodeToString(out)
}

// plainSeeds are texts with what Decrypt says to them, once well encrypted, for
// the app and user of the official vector.
func plainSeeds() map[string]bool {
	return map[string]bool{
		`{"openId":"` + userOpenID + `",` + watermark:               true,
		`{"phoneNumber":"13580006666",` + watermark:                 true,
		`{"n":1E700,` + watermark:                                   true,
		`{"openid":"o1",` + watermark:                               false,
		`{"openId":"` + userOpenID + `","OPENID":"o1",` + watermark: false,
		`{"\u006fpenId":"o1",` + watermark:                          false,
		`{"Watermark":{"appid":"wx0"},` + watermark:                 false,
		`{"watermark":{"appid":"` + vectorApp + `","Timestamp":1}}`: false,
		`{"watermark":{"appid":1}}`:                                 false,
		`{"watermark":{"appid":"` + vectorApp + `"}}{}`:             false,
		"null": false, "\x10": false,
	}
}

// FuzzDecrypt wants no panic, and of what is accepted that every decoder reads
// what was checked: encoding/json, which ignores case and takes the last of
// several members, too.
func FuzzDecrypt(f *testing.F) {
	want := wxapi.Watermark{AppID: vectorApp, OpenID: userOpenID}
	for data, valid := range map[string]bool{userInfo: true, phoneData: true, foreignData: false, groupData: true, werunData: true, "": false, "AAAA": false} {
		if _, err := wxapi.Decrypt(vectorKey, data, vectorIV, want); (err == nil) != valid {
			f.Fatalf("the corpus has lost a vector: %.20s: %v", data, err)
		}
		f.Add(vectorKey, data, vectorIV, []byte(nil))
	}
	for plain, valid := range plainSeeds() {
		data := encryptCBC(f, vectorKey, vectorIV, pad([]byte(plain)))
		if _, err := wxapi.Decrypt(vectorKey, data, vectorIV, want); (err == nil) != valid {
			f.Fatalf("the corpus says valid %v: %s", valid, plain)
		}
		f.Add(vectorKey, "", vectorIV, []byte(plain))
	}
	f.Fuzz(func(t *testing.T, key, data, iv string, plain []byte) {
		b, err := wxapi.Decrypt(wxapi.Secret(key), data, iv, want)
		wantChecked(t, b, err)
		b, err = wxapi.Decrypt(vectorKey, encryptCBC(t, vectorKey, vectorIV, pad(plain)), vectorIV, want)
		wantChecked(t, b, err)
		wxapi.DecryptUserCrypto(wxapi.UserKey{Key: wxapi.Secret(key), IV: iv}, data)
	})
}

// wantChecked decodes b as an application would.
func wantChecked(t *testing.T, b []byte, err error) {
	t.Helper()
	if err != nil {
		if err != wxapi.ErrInvalidData || b != nil {
			t.Errorf("%v, %q", err, b)
		}
		return
	}
	read := struct {
		OpenID    string
		Watermark struct{ AppID string }
	}{OpenID: userOpenID}
	if err := json.Unmarshal(b, &read); err != nil || read.OpenID != userOpenID || read.Watermark.AppID != vectorApp {
		t.Errorf("accepted %q, which reads %+v, %v", b, read, err)
	}
}
