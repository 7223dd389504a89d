package wafertest

import "sync"

// ask sends a request to the API. The client that tells its skey only when a
// request logs in is made to.
func (s *scene) ask(login bool) outcome {
	s.Helper()
	return s.do("request", map[string]any{"url": s.url + apiPath, "login": login || !s.tellsAll})
}

// forced counts the login that ask costs a client with a session.
func (s *scene) forced() int { return s.loginUnless(s.tellsAll) }

// logIn gives the scenario a client with a session.
func (s *scene) logIn() *session {
	s.Helper()
	kept := s.wantSession(s.want(s.do("login", nil), "success"))
	s.wantSent(1, 0)
	return kept
}

func (s *scene) request() {
	s.logIn()
	o := s.ask(false)
	s.wantOrders(o)
	kept := s.wantSession(o)
	_, requests := s.wantSent(s.forced(), 1)
	h := requests[0].header
	if h.Get("X-WX-Skey") != kept.Skey || s.wafer1 && h.Get("X-WX-Id") != kept.ID {
		s.Errorf("the request's headers are not those of the session that the client holds")
	}
}

func (s *scene) requestThatLogsIn() {
	o := s.ask(true)
	s.wantOrders(o)
	s.wantSession(o)
	s.wantSent(1, 1)
	s.wantOrders(s.ask(true))
	s.wantSent(s.loginUnless(s.reuses), 1)
}

// withoutSession: a request without X-WX-Skey does not show that a Wafer client
// sent it, and gets the plain 401. Few clients make something of that; mini
// programs built on the others log in first.
func (s *scene) withoutSession() {
	o := s.do("request", map[string]any{"url": s.url + apiPath})
	switch s.stranger {
	case logsIn:
		s.wantOrders(o)
		s.wantSession(o)
		s.wantSent(1, 2)
		return
	case breaks:
		s.want(o, "thrown")
		s.wantSent(0, 0)
	case servedAsSuccess:
		if body := s.wantStatus(o, 401); body["error"] != "no_session" {
			s.Errorf("the mini program gets %v", body)
		}
		s.wantSent(0, 1)
	}
	s.wantChanges(o)
}

// revoke logs alice out everywhere, as an administrator would.
func (s *scene) revoke() {
	if err := s.wx.LogoutUser(s.Context(), s.sim.AppID, s.alice); err != nil {
		s.Error(err)
	}
}

// changes are those of a request, after those of the login that it may cost.
func (s *scene) changes(of ...string) []string {
	if s.tellsAll {
		return of
	}
	return append([]string{"set"}, of...)
}

func (s *scene) revoked() {
	s.logIn()
	s.beforeEach(sync.OnceFunc(s.revoke))
	o := s.ask(false)
	s.wantOrders(o)
	s.wantChanges(o, s.changes("remove", "set")...)
	_, requests := s.wantSent(s.forced()+1, 2)
	refused, served := requests[0].header.Get("X-WX-Skey"), requests[1].header.Get("X-WX-Skey")
	if kept := s.wantSession(o); refused == "" || refused == served || served != kept.Skey {
		s.Error("the client has not sent the request again with its new session")
	}
}

func (s *scene) refusedTwice() {
	s.logIn()
	s.beforeEach(s.revoke)
	o := s.ask(false)
	s.wantFailure(o, failure{"ERR_INVALID_SESSION", "登录态已过期"})
	s.wantChanges(o, s.changes("remove", "set", "remove")...)
	s.wantNoSession(o)
	s.wantSent(s.forced()+1, 2)
	s.beforeEach(nil)
	s.wantOrders(s.ask(true))
}

func (s *scene) badRelogin() {
	s.logIn()
	s.beforeEach(func() {
		s.revoke()
		s.badCode.Store(true)
	})
	o := s.ask(false)
	s.wantFailure(o, s.client.badRelogin)
	s.wantChanges(o, s.changes("remove")...)
	s.wantNoSession(o)
	s.wantSent(s.forced()+1, 1)
}

// outage: the mini program gets the 503, and the client keeps its session,
// which is good again as soon as the store is.
func (s *scene) outage() {
	s.logIn()
	s.beforeEach(func() { s.store.down.Store(true) })
	o := s.ask(false)
	if body := s.wantStatus(o, 503); body["error"] != "store_unavailable" {
		s.Errorf("the mini program gets %v", body)
	}
	s.wantChanges(o, s.changes()...)
	s.store.down.Store(false)
	s.beforeEach(nil)
	kept := s.wantSession(o)
	_, requests := s.wantSent(s.forced(), 1)
	if requests[0].header.Get("X-WX-Skey") != kept.Skey {
		s.Error("the client holds another session than before the outage")
	}
	s.wantOrders(s.ask(false))
}
