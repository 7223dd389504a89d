package wafertest

import (
	"encoding/json"
	"reflect"
	"strings"
)

func (s *scene) login() {
	o := s.want(s.do("login", nil), "success")
	s.wantChanges(o, "set")
	kept := s.wantSession(o)
	logins, _ := s.wantSent(1, 0)
	h := logins[0].header
	if logins[0].line != "GET "+loginPath || h.Get("X-WX-Code") == "" || (h.Get("X-WX-IV") != "") != s.sendsProfile {
		s.Errorf("the login is %s with %v", logins[0].line, h)
	}
	if !s.wafer1 && !s.bareToken && (kept.Time == 0 || kept.UserInfo["openId"] != s.alice) {
		s.Errorf("the client has stored %+v", kept)
	}
	s.wantProfile(o, "Alice of WeChat")
}

// wantProfile compares the nickname that the login's success callback gets.
func (s *scene) wantProfile(o outcome, fromServer string) {
	s.Helper()
	want := "Alice of the phone"
	if s.trustsServer {
		want = fromServer
	}
	var profile struct{ NickName string }
	if err := json.Unmarshal(o.Success, &profile); err != nil || profile.NickName != want {
		s.Errorf("the mini program gets the profile %s (%v), want the name %q", o.Success, err, want)
	}
}

func (s *scene) loginByPost() {
	o := s.want(s.do("login", map[string]any{"method": "POST", "data": map[string]string{"from": "qrcode"}}), "success")
	s.wantSession(o)
	if logins, _ := s.wantSent(1, 0); logins[0].line != "POST "+loginPath {
		s.Errorf("the login is %s", logins[0].line)
	}
}

func (s *scene) loginByCode() {
	o := s.want(s.do("loginWithCode", nil), "success")
	s.wantSession(o)
	logins, _ := s.wantSent(1, 0)
	h := logins[0].header
	if h.Get("X-WX-Code") == "" || h.Get("X-WX-Encrypted-Data") != "" || h.Get("X-WX-IV") != "" {
		s.Errorf("the login's headers are %v, want the code alone", h)
	}
	if string(o.Success) != "{}" {
		s.Errorf("the mini program gets the profile %s, want {}", o.Success)
	}
}

// loginAgain logs in while a session is stored, first with a session_key that
// is good, then with one that is not.
func (s *scene) loginAgain() {
	s.want(s.do("login", nil), "success")
	s.wantSent(1, 0)

	o := s.want(s.do("login", nil), "success")
	s.wantSession(o)
	s.wantProfile(o, "Alice of WeChat")
	s.wantSent(s.loginUnless(s.reuses), 0)

	s.sim.RotateSessionKey(s.alice)
	o = s.want(s.do("login", nil), "success")
	s.wantSession(o)
	s.wantSent(1, 0)
	if s.reuses {
		s.wantChanges(o, "remove", "set")
	} else {
		s.wantChanges(o, "set")
	}
}

// loginUnless counts one login, unless the client does without it.
func (s *scene) loginUnless(without bool) int {
	if without {
		return 0
	}
	return 1
}

func (s *scene) wrongProfile() {
	s.world.wrongProfile.Store(true)
	o := s.want(s.do("login", nil), "success")
	s.wantProfile(o, "")
	if kept := s.wantSession(o); len(kept.UserInfo) > 0 && s.trustsServer {
		s.Errorf("the client has stored the profile %v, want none", kept.UserInfo)
	}
	s.wantOrders(s.ask(false))
}

func (s *scene) badLogin() {
	s.badCode.Store(true)
	o := s.do("login", nil)
	s.wantFailure(o, s.client.badLogin)
	s.wantChanges(o)
	s.wantSent(1, 0)
	if s.wafer1 && !strings.Contains(o.Fail.Message, "WeChat does not accept the code") {
		s.Errorf("the failure's message %q does not give the reason", o.Fail.Message)
	}
	if s.byCode {
		o := s.do("loginWithCode", nil)
		s.wantFailure(o, s.client.badRelogin)
		s.wantChanges(o)
	}
	s.badCode.Store(false)
	s.wantSession(s.want(s.do("login", nil), "success"))
}

// outageAtLogin: neither the first login nor one with a session stored costs
// the client anything but the try.
func (s *scene) outageAtLogin() {
	s.store.down.Store(true)
	o := s.do("login", nil)
	s.wantFailure(o, s.client.badLogin)
	s.wantChanges(o)
	s.store.down.Store(false)
	before := s.want(s.do("login", nil), "success")

	s.store.down.Store(true)
	o = s.ask(true)
	if s.reuses {
		s.wantStatus(o, 503)
	} else {
		s.wantFailure(o, s.client.badRelogin)
	}
	s.wantChanges(o)
	if !reflect.DeepEqual(o.Storage, before.Storage) {
		s.Error("the client's storage has changed")
	}
	s.store.down.Store(false)
	s.wantOrders(s.ask(true))
}
