package adaptertest

import "github.com/wxsession/wxsession/core"

func outageRows() []row {
	return []row{
		{name: "a store that does not answer is 503, never 401", check: (*rig).outage},
		{name: "a store that does not answer makes no login", check: (*rig).outageAtLogin},
		{name: "a store that recovers finds the same token good", check: (*rig).recovery},
		{name: "a public page is served to strangers while the store does not answer", check: (*rig).outageOfPublic},
	}
}

func (r *rig) outage() {
	r.start()
	token, _ := r.login("alice")
	r.store.setErr(errOutage)
	r.do("GET", "/me", "", bearer(token)...).wantRefusal(503, core.CodeStoreUnavailable)
	for _, route := range guarded() {
		r.do(route[0], route[1], "", bearer(token)...).wantRefusal(503, core.CodeStoreUnavailable)
	}
	r.wantServed(0)
}

func (r *rig) outageAtLogin() {
	r.start()
	r.store.setErr(errOutage)
	r.do("POST", "/wx/login", loginBody(r.wx.Code(r.wx.OpenID("alice")))).wantRefusal(503, core.CodeStoreUnavailable)
}

func (r *rig) recovery() {
	r.start()
	token, openID := r.login("alice")
	r.store.setErr(errOutage)
	r.do("GET", "/me", "", bearer(token)...).want(503)
	r.store.setErr(nil)
	r.do("GET", "/me", "", bearer(token)...).wantWho(openID)
}

func (r *rig) outageOfPublic() {
	r.start()
	token, _ := r.login("alice")
	r.store.setErr(errOutage)
	r.do("GET", "/public", "", bearer(token)...).wantWho("")
}
