package core_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/wxsession/wxsession/core"
)

const magic = "F2C224D4-2BCE-4C64-AF9F-A6D872000D1A"

func waferWorld(t *testing.T) *world {
	return newWorld(t, func(c *core.Config) { c.Wafer = true })
}

func TestWaferLogin(t *testing.T) {
	w := waferWorld(t)
	w.login(t, "o-alice")
	data, iv := w.wx.Encrypt("o-alice", map[string]any{"openId": "o-alice", "nickName": "Band"})
	for name, c := range map[string]struct {
		header []string
		user   string
	}{
		"the code alone":                {nil, "{}"},
		"a profile":                     {[]string{"X-WX-Encrypted-Data", data, "X-WX-IV", iv}, "Band"},
		"a profile that is undecodable": {[]string{"X-WX-Encrypted-Data", "%%%", "X-WX-IV", iv}, "{}"},
		"a profile without its iv":      {[]string{"X-WX-Encrypted-Data", data}, "{}"},
		"a profile of the old form":     {[]string{"X-WX-Encrypt-Data", "old"}, "{}"},
	} {
		for _, method := range []string{"GET", "POST"} {
			header := append([]string{"X-WX-Code", w.wx.Code("o-alice")}, c.header...)
			r, body := send(t, w.Manager, method, "/wx/wafer/login", "", header...)
			if r.Status != 200 || body[magic] != 1.0 || body["code"] != 0.0 {
				t.Fatalf("%s: status %d, body %s", name, r.Status, r.Body)
			}
			session := body["session"].(map[string]any)
			two := body["data"].(map[string]any)
			token, _ := session["skey"].(string)
			if session["id"] == "" || two["skey"] != token || two["time"] != 1.7e9 || two["userinfo"] == nil || !strings.Contains(string(r.Body), c.user) {
				t.Errorf("%s: body %s", name, r.Body)
			}
			if r, _ := send(t, w.Manager, "GET", "/wx/check", "", "X-WX-Skey", token, "X-WX-Id", session["id"].(string)); r.Status != 200 {
				t.Errorf("%s: the skey does not authenticate: %s", name, r.Body)
			}
		}
	}
}

func TestWaferLoginByHEADSpendsNoCode(t *testing.T) {
	w := waferWorld(t)
	code := w.wx.Code("o-alice")
	for _, route := range w.Routes() {
		if route.Path != "/wx/wafer/login" {
			continue
		}
		req := core.Request{Method: "HEAD", Path: route.Path, Header: http.Header{"X-Wx-Code": {code}}}
		if r := route.Serve(t.Context(), req); r.Status != 400 {
			t.Errorf("%s: status %d, body %s", route.Method, r.Status, r.Body)
		}
	}
	if r, _ := send(t, w.Manager, "GET", "/wx/wafer/login", "", "X-WX-Code", code); r.Status != 200 {
		t.Errorf("the code was spent: %s", r.Body)
	}
}

func TestWaferLoginShowsIDsOnlyIfTheyMayBeShown(t *testing.T) {
	for _, expose := range []bool{false, true} {
		w := newWorld(t, func(c *core.Config) { c.Wafer, c.ExposeOpenID = true, expose })
		w.login(t, "o-alice")
		data, iv := w.wx.Encrypt("o-alice", map[string]any{"openId": "o-alice", "unionId": "o-union", "nickName": "Band"})
		r, _ := send(t, w.Manager, "GET", "/wx/wafer/login", "", "X-WX-Code", w.wx.Code("o-alice"), "X-WX-Encrypted-Data", data, "X-WX-IV", iv)
		for _, id := range []string{"o-alice", "o-union"} {
			if strings.Contains(string(r.Body), id) != expose {
				t.Errorf("ExposeOpenID is %v, the reply is %s", expose, r.Body)
			}
		}
		if !strings.Contains(string(r.Body), `"nickName":"Band"`) {
			t.Errorf("the rest of the profile is lost: %s", r.Body)
		}
	}
}

func TestWaferLoginFailures(t *testing.T) {
	w := waferWorld(t)
	for name, code := range map[string]string{"no code": "", "a bad code": "081", "a hostile code": "081&appid=x"} {
		r, body := send(t, w.Manager, "GET", "/wx/wafer/login", "", "X-WX-Code", code)
		if r.Status != 400 || body[magic] != 1.0 || body["error"] != "ERR_LOGIN_FAILED" || body["code"] != -1.0 || body["message"] == "" || body["session"] != nil {
			t.Errorf("%s: status %d, body %s", name, r.Status, r.Body)
		}
	}
}

func TestWaferClientsAreToldToLogInAgainOnlyWhenTheyMust(t *testing.T) {
	w := waferWorld(t)
	token, _ := w.login(t, "o-alice")
	for _, skey := range []string{"junk", strings.Repeat("A", 43)} {
		r, body := send(t, w.Manager, "GET", "/wx/check", "", "X-WX-Skey", skey)
		if r.Status != 401 || body[magic] != 1.0 || body["error"] != "ERR_INVALID_SESSION" || body["code"] != -1.0 {
			t.Errorf("status %d, body %s", r.Status, r.Body)
		}
	}
	plain, body := send(t, w.Manager, "GET", "/wx/check", "", bearer(strings.Repeat("A", 43))...)
	if body["error"] != "invalid_session" || strings.Contains(string(plain.Body), magic) {
		t.Errorf("another client gets %s", plain.Body)
	}
	w.store.breakDown(errors.New("down"))
	r, body := send(t, w.Manager, "GET", "/wx/check", "", "X-WX-Skey", token)
	if r.Status != 503 || body["error"] != "store_unavailable" || body[magic] != nil || body["code"] != nil {
		t.Errorf("an outage: status %d, body %s", r.Status, r.Body)
	}
}
