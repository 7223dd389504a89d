package wxtest_test

import (
	"net/url"
	"regexp"
	"strings"
	"testing"
)

func TestGatewayOnTheWire(t *testing.T) {
	wx := newServer(t)
	const tail = ` rid: ` + ridShape
	token := url.Values{"access_token": {wx.AccessToken()}}
	for _, test := range []struct {
		name, path string
		query      url.Values
		body, want string
	}{
		{"made-up token", checkPath, url.Values{"access_token": {"x"}}, "", `{"errcode":40001,"errmsg":"invalid credential, access_token is invalid or not latest, could get access_token by getStableAccessToken, more details at https://mmbizurl.cn/s/JtxxFh33r` + tail + `"}`},
		{"no token", checkPath, nil, "", `{"errcode":41001,"errmsg":"access_token missing` + tail + `"}`},
		{"POST for GET", checkPath, nil, "{}", `{"errcode":43001,"errmsg":"require GET method` + tail + `"}`},
		{"GET for POST", stablePath, nil, "", `{"errcode":43002,"errmsg":"require POST method` + tail + `"}`},
		{"no appid", normalPath, nil, "", `{"errcode":41002,"errmsg":"appid missing` + tail + `"}`},
		{"no JSON", stablePath, nil, "a=b", `{"errcode":47001,"errmsg":"data format error` + tail + `"}`},
		{"a form for a phone", phonePath, token, "code=x", `{"errcode":47001,"errmsg":"data format error hint: \[[0-9A-Za-z]{7}-[0-9A-Za-z]{8}\]` + tail + `"}`},
		{"a bad phone code", phonePath, token, `{"code":"x"}`, `{"errcode":40029,"errmsg":"invalid code hint: \[[0-9A-Za-z]{7}-[0-9A-Za-z]{8}\]` + tail + `"}`},
	} {
		a := send(t, wx, test.path, test.query, test.body)
		want := "^" + strings.NewReplacer("{\"", `\{"`, "\"}", `"\}`, ".", `\.`).Replace(test.want) + "$"
		if a.status != 200 || a.header.Get("Content-Type") != "application/json; encoding=utf-8" || !regexp.MustCompile(want).MatchString(a.body) {
			t.Errorf("%s: %d %s", test.name, a.status, a.body)
		}
	}
}

const ridShape = `[0-9a-f]{8}-[0-9a-f]{8}-[0-9a-f]{8}`
