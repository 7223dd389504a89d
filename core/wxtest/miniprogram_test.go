package wxtest_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/wxsession/wxsession/core/wxtest"
)

// backend answers the routes that a MiniProgram calls.
func backend(t *testing.T, wx *wxtest.Server) *httptest.Server {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /wx/login", func(w http.ResponseWriter, r *http.Request) {
		var in struct{ Code, AppID string }
		json.NewDecoder(r.Body).Decode(&in)
		a, err := tryLogin(wx, in.Code)
		if err != nil || a.text("openid") == "" || in.AppID != wx.AppID || r.Header.Get("Authorization") != "" {
			w.WriteHeader(http.StatusBadRequest)
			fmt.Fprint(w, `{"error":"invalid_code"}`)
			return
		}
		fmt.Fprintf(w, `{"3rd_session":"token of %s"}`, a.text("openid"))
	})
	state := "pending"
	mux.HandleFunc("POST /wx/scan/{id}", func(w http.ResponseWriter, r *http.Request) {
		var in struct{ Action string }
		json.NewDecoder(r.Body).Decode(&in)
		next := map[string]string{"pending scan": "scanned", "scanned confirm": "confirmed", "scanned deny": "denied"}[state+" "+in.Action]
		switch {
		case r.Header.Get("Authorization") != "Bearer token of o1":
			w.WriteHeader(http.StatusUnauthorized)
		case r.PathValue("id") != "abc-_":
			w.WriteHeader(http.StatusNotFound)
			fmt.Fprint(w, `{"error":"not_found"}`)
		case next == "":
			w.WriteHeader(http.StatusConflict)
			fmt.Fprint(w, `{"error":"conflict"}`)
		default:
			state = next
			fmt.Fprintf(w, `{"state":%q,"browser":"Firefox","ip":"192.0.2.1","created_at":7}`, state)
		}
	})
	srv := httptest.NewServer(mux)
	t.Cleanup(srv.Close)
	return srv
}

func TestMiniProgramScans(t *testing.T) {
	for action, state := range map[string]string{"confirm": "confirmed", "deny": "denied"} {
		wx := newServer(t)
		m := wx.Open("o1", backend(t, wx).URL+"/wx")
		img := []byte(askCode(t, wx, `{"scene":"abc-_"}`).body)
		got, err := m.Scan(t.Context(), img)
		if want := (wxtest.Scanned{State: "scanned", Browser: "Firefox", IP: "192.0.2.1", CreatedAt: 7}); err != nil || got != want {
			t.Errorf("%+v, %v", got, err)
		}
		if m.Token != "token of o1" || wx.Calls(loginPath) != 1 {
			t.Errorf("token %q after %d logins", m.Token, wx.Calls(loginPath))
		}
		var refused *wxtest.Refusal
		if _, err = m.Scan(t.Context(), img); !errors.As(err, &refused) || *refused != (wxtest.Refusal{Route: "/scan/abc-_", Status: 409, Code: "conflict"}) || wx.Calls(loginPath) != 1 {
			t.Errorf("a second scan: %v", err)
		}
		do := m.Confirm
		if action == "deny" {
			do = m.Deny
		}
		if got, err := do(t.Context()); err != nil || got.State != state {
			t.Errorf("%s: %+v, %v", action, got, err)
		}
	}
}

func TestMiniProgramFails(t *testing.T) {
	wx := newServer(t)
	srv := backend(t, wx)
	m := wx.Open("o1", srv.URL+"/wx")
	if _, err := m.Confirm(t.Context()); err == nil {
		t.Error("confirmed without a scan")
	}
	if _, err := m.Scan(t.Context(), []byte("no image")); err == nil || wx.Calls("") != 0 {
		t.Error("scanned what is no code")
	}
	stranger := wx.Open("o2", srv.URL+"/wx")
	var refused *wxtest.Refusal
	if _, err := stranger.Scan(t.Context(), []byte(askCode(t, wx, `{"scene":"abc-_"}`).body)); !errors.As(err, &refused) || refused.Status != 401 {
		t.Errorf("a stranger: %v", err)
	}
	wx.Block("o1")
	if err := m.Login(t.Context()); !errors.As(err, &refused) || refused.Code != "invalid_code" || m.Token != "" {
		t.Errorf("a blocked user: %v", err)
	}
	wx.Unblock("o1")
	for range 2 { // the second without the first one's token
		if err := m.Login(t.Context()); err != nil {
			t.Error(err)
		}
	}
	m.Base = "http://127.0.0.1:1/wx"
	if err := m.Login(t.Context()); err == nil {
		t.Error("logged in at nobody's")
	}
	m.Base = "://"
	if err := m.Login(t.Context()); err == nil {
		t.Error("logged in at no address")
	}
}
