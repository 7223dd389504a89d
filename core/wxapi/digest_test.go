package wxapi_test

import (
	"bytes"
	"encoding/base64"
	"strings"
	"testing"

	"github.com/wxsession/wxsession/core/wxapi"
)

// TestCiphertextDigest makes of data all that a user can who knows what it says,
// and wants each of them to be valid, another text, and the same data.
func TestCiphertextDigest(t *testing.T) {
	want, err := wxapi.CiphertextDigest(phoneData)
	if err != nil {
		t.Fatal(err)
	}
	data, iv := mustBase64(t, phoneData), mustBase64(t, vectorIV)
	app := wxapi.Watermark{AppID: vectorApp}
	const plain = `{"phoneNumber":"13580006666","purePhoneNumber":"13580006666","countryCode":"86",` + watermark
	for name, test := range map[string]struct {
		cut   int // blocks
		begin string
	}{
		"as it is":            {0, `{"phoneNumber":"`},
		"with another iv":     {0, `{"purePhone" : "`},
		"without first block": {1, `{            "pu`},
	} {
		before := append(bytes.Clone(iv), data...)[16*test.cut : 16*test.cut+16]
		other := make([]byte, 16)
		for i := range other {
			other[i] = before[i] ^ plain[16*test.cut+i] ^ test.begin[i]
		}
		variant := base64.StdEncoding.EncodeToString(data[16*test.cut:])
		got, err := wxapi.Decrypt(vectorKey, variant, base64.StdEncoding.EncodeToString(other), app)
		if text := test.begin + plain[16*test.cut+16:]; err != nil || string(got) != text {
			t.Errorf("%s: %v, %s\nwant %s", name, err, got, text)
		}
		if digest, err := wxapi.CiphertextDigest(variant); err != nil || digest != want {
			t.Errorf("%s: %x, want %x, %v", name, digest, want, err)
		}
	}
	seen := map[[32]byte]string{}
	for _, s := range []string{phoneData, foreignData, groupData, werunData, userInfo} {
		digest, err := wxapi.CiphertextDigest(s)
		if err != nil || seen[digest] != "" {
			t.Errorf("%.20s and %.20s: %v", s, seen[digest], err)
		}
		seen[digest] = s
	}
}

func TestCiphertextDigestRefuses(t *testing.T) {
	for name, s := range map[string]string{
		"nothing": "", "no base64": "*", "half a block": base64.StdEncoding.EncodeToString(make([]byte, 8)),
		"no padding": strings.TrimRight(userInfo, "="), "a line break": userInfo[:76] + "\n" + userInfo[76:],
		"more than 64 KiB": base64.StdEncoding.EncodeToString(make([]byte, 49168)),
	} {
		if digest, err := wxapi.CiphertextDigest(s); err != wxapi.ErrInvalidData || digest != [32]byte{} {
			t.Errorf("%s: %x, %v", name, digest, err)
		}
	}
}

// FuzzCiphertextDigest wants a digest exactly where there are whole blocks, and
// the same one whatever stands before the last.
func FuzzCiphertextDigest(f *testing.F) {
	if _, err := wxapi.CiphertextDigest(userInfo); err != nil {
		f.Fatal("the corpus has lost the official vector")
	}
	f.Add(mustBase64(f, userInfo), mustBase64(f, vectorIV))
	f.Add(mustBase64(f, phoneData), mustBase64(f, groupData))
	f.Add([]byte(nil), []byte("half a block"))
	f.Fuzz(func(t *testing.T, data, before []byte) {
		digest, err := wxapi.CiphertextDigest(base64.StdEncoding.EncodeToString(data))
		whole := len(data) > 0 && len(data)%16 == 0 && len(data) <= 48<<10
		if (err == nil) != whole || !whole && digest != [32]byte{} {
			t.Fatalf("%d bytes: %v", len(data), err)
		}
		before = before[:len(before)/16*16]
		if !whole || len(before)+len(data) > 48<<10 {
			return
		}
		longer, err := wxapi.CiphertextDigest(base64.StdEncoding.EncodeToString(append(before, data...)))
		if err != nil || longer != digest {
			t.Errorf("%d bytes after %d: %v", len(data), len(before), err)
		}
	})
}
