package wxtest_test

import (
	"net/url"
	"strings"
	"testing"
)

func TestPluginOpenPID(t *testing.T) {
	wx := newServer(t)
	ask := func(code string) answer {
		return send(t, wx, "/wxa/getpluginopenpid", url.Values{"access_token": {wx.AccessToken()}}, `{"code":"`+code+`"}`)
	}
	code := wx.PluginCode("o1")
	if a := ask(code); len(a.text("openpid")) != 28 {
		t.Error(a.body)
	}
	if a := ask(code); a.errcode() != 1007 || !strings.HasPrefix(a.text("errmsg"), "get no data rid: ") {
		t.Error(a.body)
	}
}
