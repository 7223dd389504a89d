package wxtest_test

import (
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/wxsession/wxsession/core/wxtest"
)

func TestPhoneNumber(t *testing.T) {
	wx := newServer(t)
	q := url.Values{"access_token": {wx.AccessToken()}}
	code := wx.PhoneCode("o1", "13580006666")
	if !regexp.MustCompile(`^[0-9a-f]{64}$`).MatchString(code) {
		t.Errorf("code %q", code)
	}
	if a := send(t, wx, phonePath, q, `{"code":"`+code+`","openid":"o2"}`); a.errcode() != 40003 {
		t.Errorf("another user: %s", a.body)
	}
	a := send(t, wx, phonePath, q, `{"code":"`+code+`","openid":"o1"}`)
	want := `^\{"errcode":0,"errmsg":"ok","phone_info":\{"phoneNumber":"13580006666","purePhoneNumber":"13580006666","countryCode":"86","watermark":\{"timestamp":\d+,"appid":"` + wx.AppID + `"\}\}\}$`
	if !regexp.MustCompile(want).MatchString(a.body) {
		t.Error(a.body)
	}
	if a := send(t, wx, phonePath, q, `{"code":"`+code+`"}`); a.errcode() != 40029 {
		t.Errorf("a second time: %s", a.body)
	}
	wx.Fail(phonePath, wxtest.Fault{CountryCodeNumber: true}, 1)
	if a := send(t, wx, phonePath, q, `{"code":"`+wx.PhoneCode("o1", "+852 5")+`"}`); !strings.Contains(a.body, `"countryCode":852,`) {
		t.Error(a.body)
	}
}
