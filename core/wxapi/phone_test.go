package wxapi_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/wxsession/wxsession/core/wxapi"
	"github.com/wxsession/wxsession/core/wxtest"
)

func TestPhoneNumber(t *testing.T) {
	wx := newWeChat(t)
	c := newClient(t, wx, withTokens(&tokens{wx: wx}))
	for number, want := range map[string]wxapi.Phone{
		"13580006666":   {PhoneNumber: "13580006666", PurePhoneNumber: "13580006666", CountryCode: "86"},
		"+852 51234567": {PhoneNumber: "+85251234567", PurePhoneNumber: "51234567", CountryCode: "852"},
	} {
		for _, asNumber := range []bool{false, true} {
			wx.Fail(phonePath, wxtest.Fault{CountryCodeNumber: asNumber}, 1)
			if got, err := c.PhoneNumber(t.Context(), wx.PhoneCode("o1", number), "o1"); err != nil || got != want {
				t.Errorf("%+v, %v", got, err)
			}
		}
	}
	if _, err := c.PhoneNumber(t.Context(), wx.PhoneCode("o1", "1"), ""); err != nil {
		t.Errorf("without openid: %v", err)
	}
}

func TestPhoneNumberRefuses(t *testing.T) {
	wx := newWeChat(t)
	c := newClient(t, wx, withTokens(&tokens{wx: wx}))
	used := wx.PhoneCode("o1", "1")
	if _, err := c.PhoneNumber(t.Context(), used, "o1"); err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		code string
		kind wxapi.Kind
	}{
		"a used code":         {used, wxapi.KindInvalidCode},
		"a login code":        {wx.Code("o1"), wxapi.KindInvalidCode},
		"a made-up code":      {"x", wxapi.KindInvalidCode},
		"another user's code": {wx.PhoneCode("o2", "1"), wxapi.KindRejected},
		"no code":             {"", wxapi.KindInvalidCode},
		"a long code":         {strings.Repeat("c", wxapi.MaxCode+1), wxapi.KindInvalidCode},
	} {
		_, err := c.PhoneNumber(t.Context(), test.code, "o1")
		if e, ok := errors.AsType[*wxapi.Error](err); !ok || e.Kind != test.kind || strings.Contains(e.ErrMsg, "hint") {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, body := range []string{
		`{"errcode":0,"errmsg":"ok"}`,
		`{"errcode":0,"phone_info":{"phoneNumber":"1","purePhoneNumber":"1","countryCode":[]}}`,
		`{"errcode":0,"phone_info":{"phoneNumber":"1","purePhoneNumber":"1","countryCode":-86}}`,
		`{"errcode":0,"phone_info":{"phoneNumber":"1","purePhoneNumber":"1","countryCode":"86","watermark":{"appid":"wx2"}}}`,
	} {
		wx.Fail(phonePath, wxtest.Fault{Body: body}, 1)
		_, err := c.PhoneNumber(t.Context(), wx.PhoneCode("o1", "1"), "o1")
		wantError(t, err, wxapi.KindUnavailable)
	}
}
