package adaptertest

import (
	"errors"

	"github.com/wxsession/wxsession/core"
)

func frameworkRows() []row {
	return []row{
		{name: "OPTIONS, other methods and slashes at the end are the framework's affair", check: (*rig).methods},
		{name: "a login route for GET answers HEAD as it answers GET, without the body", check: (*rig).headOfRoutes},
		{name: "HEAD without a session is 401 without a body", check: (*rig).head},
		{name: "the framework's error path gets the typed error", check: (*rig).errorPath, needs: func(h Harness) bool { return !h.NoErrorPath }},
		{name: "the framework's error path gets nothing where nothing failed", check: (*rig).quietErrorPath, needs: func(h Harness) bool { return !h.NoErrorPath }},
	}
}

// methods compares a login route with a plain route of the application: the
// adapter neither adds nor takes away.
func (r *rig) methods() {
	r.start()
	token, _ := r.login("alice")
	for _, m := range []struct{ method, suffix string }{
		{"OPTIONS", ""}, {"PUT", ""}, {"POST", ""}, {"TRACE", ""}, {"BREW", ""},
		{"GET", "/"}, {"GET", "//"}, {"GET", "/x"}, {"HEAD", "/"},
	} {
		plain := r.do(m.method, "/plain"+m.suffix, "", bearer(token)...)
		check := r.do(m.method, "/wx/check"+m.suffix, "", bearer(token)...)
		if plain.status != check.status {
			r.Errorf("%s: status %d, but %s: %d", check.what, check.status, plain.what, plain.status)
		}
		if a, b := plain.header.Get("Allow"), check.header.Get("Allow"); a != b {
			r.Errorf("%s: Allow %q, but %s: %q", check.what, b, plain.what, a)
		}
	}
}

func (r *rig) headOfRoutes() {
	r.start()
	token, _ := r.login("alice")
	for _, headers := range [][]string{bearer(token), bearer(unissued), nil} {
		for _, path := range []string{"/wx/check", "/wx/sessions"} {
			get, head := r.do("GET", path, "", headers...), r.do("HEAD", path, "", headers...)
			head.want(get.status)
			for _, name := range []string{"Cache-Control", "WWW-Authenticate"} {
				head.wantHeader(name, get.header.Get(name))
			}
		}
	}
}

func (r *rig) head() {
	r.start()
	a := r.do("HEAD", "/me", "").want(401)
	a.wantHeader("WWW-Authenticate", "Bearer")
	a.wantHeader("Cache-Control", "no-store")
	token, _ := r.login("alice")
	r.do("HEAD", "/me", "", bearer(token)...).want(200)
}

func (r *rig) errorPath() {
	r.start()
	r.do("GET", "/me", "").want(401)
	r.wantFailures(core.CodeNoSession)
	r.do("POST", "/wx/login", "{}").want(400)
	r.wantFailures(core.CodeNoSession, core.CodeBadRequest)
	r.app.setErr(&core.Error{Code: core.CodeNotFound, Message: "no such cart"})
	r.do("GET", "/refuse", "").want(404)
	r.wantFailures(core.CodeNoSession, core.CodeBadRequest, core.CodeNotFound)
	r.do("GET", "/key", "").want(401)
	r.wantFailures(core.CodeNoSession, core.CodeBadRequest, core.CodeNotFound, core.CodeNoSession)
}

func (r *rig) wantFailures(codes ...core.Code) {
	r.Helper()
	errs := r.app.failures()
	if len(errs) != len(codes) {
		r.Fatalf("the error path has got %d errors, want %d: %v", len(errs), len(codes), errs)
	}
	for i, err := range errs {
		if e, ok := errors.AsType[*core.Error](err); !ok || e.Code != codes[i] {
			r.Errorf("the error path has got %v, want a *core.Error of code %s", err, codes[i])
		}
	}
}

func (r *rig) quietErrorPath() {
	r.start()
	token, openID := r.login("alice")
	r.do("GET", "/me", "", bearer(token)...).wantWho(openID)
	r.do("GET", "/public", "", bearer("x")...).wantWho("")
	r.do("POST", "/wx/logout", "", bearer(token)...).want(204)
	r.wantFailures()
}
