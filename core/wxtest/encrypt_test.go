package wxtest_test

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/wxsession/wxsession/core/wxtest"
)

func decrypt(t *testing.T, key, data, iv string) string {
	t.Helper()
	var raw [3][]byte
	for i, s := range []string{key, data, iv} {
		b, err := base64.StdEncoding.DecodeString(s)
		if err != nil {
			t.Fatal(err)
		}
		raw[i] = b
	}
	block, err := aes.NewCipher(raw[0])
	if err != nil {
		t.Fatal(err)
	}
	plain := raw[1]
	cipher.NewCBCDecrypter(block, raw[2]).CryptBlocks(plain, plain)
	return string(plain[:len(plain)-int(plain[len(plain)-1])])
}

func TestEncrypt(t *testing.T) {
	wx := newServer(t, wxtest.Options{Now: func() time.Time { return time.Unix(1700000000, 0) }})
	mark := `"watermark":{"timestamp":1700000000,"appid":"` + wx.AppID + `"}}`
	for _, test := range []struct {
		v    any
		want string
	}{
		{map[string]any{"openId": "o1"}, `{"openId":"o1",` + mark},
		{struct{}{}, `{` + mark},
		{map[string]any{"watermark": 1}, `{"watermark":1}`},
		{[]byte("verbatim"), "verbatim"},
		{[]int{1}, "[1]"},
		{nil, "null"},
	} {
		data, iv := wx.Encrypt("o1", test.v)
		if got := decrypt(t, wx.SessionKey("o1"), data, iv); got != test.want {
			t.Errorf("got %s, want %s", got, test.want)
		}
	}
	data, iv := wx.PhoneData("o1", "13580006666")
	if got := decrypt(t, wx.SessionKey("o1"), data, iv); got != `{"phoneNumber":"13580006666","purePhoneNumber":"13580006666","countryCode":"86",`+mark {
		t.Error(got)
	}
}

func TestSign(t *testing.T) {
	wx := newServer(t)
	sum := sha1.Sum([]byte(`{"a":1}` + wx.SessionKey("o1")))
	if got := wx.Sign("o1", `{"a":1}`); got != hex.EncodeToString(sum[:]) {
		t.Error(got)
	}
}

func TestCheckEncryptedMsg(t *testing.T) {
	wx := newServer(t)
	data, _ := wx.PhoneData("o1", "1")
	sum := sha256.Sum256([]byte(data))
	ask := func(hash string) answer {
		return send(t, wx, "/wxa/business/checkencryptedmsg", url.Values{"access_token": {wx.AccessToken()}}, `{"encrypted_msg_hash":"`+hash+`"}`)
	}
	if a := ask(hex.EncodeToString(sum[:])); a.json["vaild"] != true || a.errcode() != 0 {
		t.Error(a.body)
	}
	if a := ask("00"); a.errcode() != 1 || !strings.HasPrefix(a.text("errmsg"), "data not exit") {
		t.Error(a.body)
	}
	if a := ask(""); a.errcode() != 40097 {
		t.Error(a.body)
	}
}
