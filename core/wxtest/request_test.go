package wxtest_test

import (
	"net/http/httptest"
	"testing"
	"time"

	"github.com/wxsession/wxsession/core/wxtest"
)

func TestRequestLog(t *testing.T) {
	now := time.Unix(1700000000, 0)
	wx := newServer(t, wxtest.Options{Now: func() time.Time { return now }})
	wx.Advance(time.Hour)
	login(t, wx, "unknown")
	send(t, wx, "/cgi-bin/stable_token", nil, "{}")
	got := wx.Requests()
	want := wxtest.Request{Time: now.Add(time.Hour), Method: "GET", Path: loginPath, AppID: wx.AppID, ErrCode: 40029}
	if len(got) != 2 || got[0] != want || got[1].Method != "POST" || got[1].ErrCode != 41002 {
		t.Errorf("%+v", got)
	}
	for range 2500 {
		wx.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", loginPath, nil))
	}
	if got := wx.Requests(); len(got) != 1000 || wx.Calls(loginPath) != 2501 {
		t.Errorf("%d lines, %d calls", len(got), wx.Calls(loginPath))
	}
}
