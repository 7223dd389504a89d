package adaptertest

import (
	"strings"

	"github.com/wxsession/wxsession/core"
)

func tokenRows() []row {
	return []row{
		{name: "a request without a token is 401 and asks to log in", check: (*rig).noToken},
		{name: "what cannot be a token is 401 without a look into the store", check: (*rig).malformedTokens},
		{name: "a token that nobody issued is 401", check: (*rig).unknownToken},
		{name: "a token in the URL does not count", check: (*rig).tokenInURL},
		{name: "X-WX-Session carries the token where there is no Authorization", check: (*rig).fallbackHeader},
		{name: "Authorization wins over X-WX-Session", check: (*rig).authorizationWins},
		{name: "an Authorization of another scheme leaves X-WX-Session its say", check: (*rig).otherScheme},
		{name: "the scheme is Bearer in any case", check: (*rig).schemeCase},
	}
}

func (r *rig) noToken() {
	r.start()
	r.do("GET", "/me", "").wantUnauthorized(core.CodeNoSession, false)
	r.wantUntouched()
	r.wantServed(0)
}

func (r *rig) malformedTokens() {
	r.start()
	for _, token := range []string{
		"x", unissued[1:], unissued + "A", "!" + unissued[1:], strings.Repeat("A", 8<<10),
		"' OR 1=1 --", "../../etc/passwd", "\xff\xfe",
	} {
		r.do("GET", "/me", "", bearer(token)...).wantUnauthorized(core.CodeNoSession, true)
	}
	r.wantUntouched()
	r.wantServed(0)
}

func (r *rig) unknownToken() {
	r.start()
	r.do("GET", "/me", "", bearer(unissued)...).wantUnauthorized(core.CodeInvalidSession, true)
	for _, route := range guarded() {
		if a := r.do(route[0], route[1], "", bearer(unissued)...); strings.HasPrefix(route[1], "/wx/logout") {
			a.wantEmpty() // the client has what it wants
		} else {
			a.wantUnauthorized(core.CodeInvalidSession, true)
		}
	}
	r.wantServed(0)
}

func (r *rig) tokenInURL() {
	r.start()
	token, _ := r.login("alice")
	for _, name := range []string{"token", "access_token", "3rd_session", "session", "X-WX-Session"} {
		r.do("GET", "/me?"+name+"="+token, "").wantUnauthorized(core.CodeNoSession, false)
	}
}

func (r *rig) fallbackHeader() {
	r.start()
	token, openID := r.login("alice")
	r.do("GET", "/me", "", "X-WX-Session", token).wantWho(openID)
	r.do("GET", "/wx/check", "", "x-wx-session", token).want(200)
	r.do("GET", "/me", "", "X-WX-Session", unissued).wantUnauthorized(core.CodeInvalidSession, true)
}

func (r *rig) authorizationWins() {
	r.start()
	token, openID := r.login("alice")
	other, _ := r.login("bob")
	r.do("GET", "/me", "", append(bearer(token), "X-WX-Session", other)...).wantWho(openID)
	r.do("GET", "/me", "", append(bearer(unissued), "X-WX-Session", other)...).
		wantUnauthorized(core.CodeInvalidSession, true)
}

func (r *rig) otherScheme() {
	r.start()
	token, openID := r.login("alice")
	r.do("GET", "/me", "", "Authorization", "Basic Zm9vOmJhcg==", "X-WX-Session", token).wantWho(openID)
	r.do("GET", "/me", "", "Authorization", "Basic "+token).wantUnauthorized(core.CodeNoSession, false)
}

func (r *rig) schemeCase() {
	r.start()
	token, openID := r.login("alice")
	r.do("GET", "/me", "", "Authorization", "bearer "+token).wantWho(openID)
	r.do("GET", "/me", "", "authorization", "BEARER "+token).wantWho(openID)
}

// wantServed checks how many requests have reached a handler.
func (r *rig) wantServed(n int) {
	r.Helper()
	if got := r.app.calls(); got != n {
		r.Errorf("%d requests have reached a handler, want %d", got, n)
	}
}
