package adaptertest

import "github.com/wxsession/wxsession/core"

func withRows() []row {
	return []row{
		{name: "With hands the session over as an argument, and puts none into the context", check: (*rig).with},
		{name: "With refuses as the middleware does, and does not call the handler", check: (*rig).withRefuses},
		{name: "With costs one look into the store", check: (*rig).withGets},
	}
}

func (r *rig) with() {
	r.start()
	for _, name := range []string{"alice", "bob"} {
		token, openID := r.login(name)
		a := r.do("GET", "/with", "", bearer(token)...).want(200)
		var got identity
		a.decode(&got)
		if want := (identity{Session: openID}); got != want {
			r.Errorf("%s: the handler sees %+v, want %+v", a.what, got, want)
		}
	}
}

func (r *rig) withRefuses() {
	r.start()
	r.do("GET", "/with", "").wantUnauthorized(core.CodeNoSession, false)
	r.do("GET", "/with", "", bearer("x")...).wantUnauthorized(core.CodeNoSession, true)
	r.wantUntouched()
	r.do("GET", "/with", "", bearer(unissued)...).wantUnauthorized(core.CodeInvalidSession, true)
	token, _ := r.login("alice")
	r.store.setErr(errOutage)
	r.do("GET", "/with", "", bearer(token)...).wantRefusal(503, core.CodeStoreUnavailable)
	r.store.setErr(nil)
	r.do("POST", "/wx/logout", "", bearer(token)...).wantEmpty()
	r.do("GET", "/with", "", bearer(token)...).wantUnauthorized(core.CodeInvalidSession, true)
	r.wantServed(0)
}

func (r *rig) withGets() {
	r.start()
	token, _ := r.login("alice")
	gets, writes := r.store.counts()
	for range 5 {
		r.do("GET", "/with", "", bearer(token)...).want(200)
	}
	r.wantCounts(gets+5, writes)
}
