package wxtest_test

import (
	"strings"
	"testing"
	"time"

	"github.com/wxsession/wxsession/core/wxtest"
)

func TestUserEncryptKeys(t *testing.T) {
	wx := newServer(t, wxtest.Options{KeyLifetime: 24 * time.Hour})
	key := wx.SessionKey("o1")
	for range 4 {
		wx.LatestUserKey("o1")
		wx.Advance(time.Hour)
	}
	latest := wx.LatestUserKey("o1")
	a := send(t, wx, userKeyPath, signedQuery(wx, "o1", key), "")
	list, _ := a.json["key_info_list"].([]any)
	if len(list) != 3 || latest.Version != 5 {
		t.Fatalf("version %d, %s", latest.Version, a.body)
	}
	newest, oldest := list[0].(map[string]any), list[2].(map[string]any)
	if newest["version"] != 5.0 || newest["iv"] != latest.IV || newest["encrypt_key"] != latest.EncryptKey ||
		newest["expire_in"] != 3599.0 && newest["expire_in"] != 3600.0 || oldest["version"] != 3.0 || oldest["expire_in"] != 0.0 {
		t.Error(a.body)
	}
	for name, a := range map[string]answer{
		"a body":      send(t, wx, userKeyPath, signedQuery(wx, "o1", key), "{}"),
		"a wrong key": send(t, wx, userKeyPath, signedQuery(wx, "o1", "x"), ""),
	} {
		if a.errcode() != 87009 || !strings.HasSuffix(a.body, `,"key_info_list":[]}`) {
			t.Errorf("%s: %s", name, a.body)
		}
	}
}
