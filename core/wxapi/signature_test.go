package wxapi_test

import (
	"strings"
	"testing"

	"github.com/wxsession/wxsession/core/wxapi"
)

func TestVerifySignature(t *testing.T) {
	const (
		rawData   = `{"nickName":"Band","gender":1,"language":"zh_CN","city":"Guangzhou","province":"Guangdong","country":"CN","avatarUrl":"http://wx.qlogo.cn/mmopen/vi_32/1vZvI39NWFQ9XM4LtQpFrQJ1xlgZxx3w7bQxKARol6503Iuswjjn6nIGBiaycAjAtpujxyzYsrztuuICqIM5ibXQ/0"}`
		key       = "HyVFkGl5F5OQWJZZaNzBBg=="
		signature = "75e81ceda165f4ffa64f4068af58c64b8f54b88c"
	)
	for name, test := range map[string]struct {
		rawData, signature string
		key                wxapi.Secret
		want               bool
	}{
		"the official vector":   {rawData, signature, key, true},
		"in upper case":         {rawData, strings.ToUpper(signature), key, true},
		"changed data":          {rawData + " ", signature, key, false},
		"another key":           {rawData, signature, "tiihtNczf5v6AKRyjwEUhQ==", false},
		"no signature":          {rawData, "", key, false},
		"a shorter signature":   {rawData, signature[:38], key, false},
		"a longer signature":    {rawData, signature + "00", key, false},
		"not hexadecimal":       {rawData, "zz" + signature[2:], key, false},
		"an empty key, guessed": {"", "da39a3ee5e6b4b0d3255bfef95601890afd80709", "", false},
	} {
		if got := wxapi.VerifySignature(test.rawData, test.signature, test.key); got != test.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func TestSessionSignature(t *testing.T) {
	for _, test := range []struct {
		key       wxapi.Secret
		msg, want string
	}{
		{"o0q0otL8aEzpcZL/FT9WsQ==", `{"foo":"bar"}`, "654571f79995b2ce1e149e53c0a33dc39c0a74090db514261454e8dbe432aa0b"},
		{"o0q0otL8aEzpcZL/FT9WsQ==", "", "46e043c5525c2d817c44be603d30837a808a1d930d038f6fdc3e62a201fed128"},
		{"tiihtNczf5v6AKRyjwEUhQ==", "", "7154f9f8b4b76b92f541cbf0e37d48840fa06e5e42da92a6f80168a1516a4735"},
		{"HyVFkGl5F5OQWJZZaNzBBg==", "", "252b75c92698025afe925b29cca5517fdf9ee67aae072cf3225ebf3a53783058"},
	} {
		if got := wxapi.SessionSignature(test.key, []byte(test.msg)); got != test.want {
			t.Errorf("%q: %s", test.msg, got)
		}
	}
}
