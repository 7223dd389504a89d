package adaptertest

import (
	"fmt"
	"sync"
)

func middlewareRows() []row {
	return []row{
		{name: "a handler finds the session by both ways", check: (*rig).sessionIsThere},
		{name: "a handler without the middleware finds no session", check: (*rig).sessionIsNotThere},
		{name: "a request with a session costs one look into the store", check: (*rig).oneGet},
		{name: "a public page greets whom it knows", check: (*rig).optional},
		{name: "a public page takes everybody else for a stranger", check: (*rig).optionalStrangers},
		{name: "a public page does not ask the store without a token", check: (*rig).optionalIsFree},
		{name: "the body of a request reaches the handler as it is", check: (*rig).bodyIsUntouched},
		{name: "parallel requests see their own session", check: (*rig).parallel},
	}
}

func (r *rig) sessionIsThere() {
	r.start()
	token, openID := r.login("alice")
	r.do("GET", "/me", "", bearer(token)...).wantWho(openID)
}

func (r *rig) sessionIsNotThere() {
	r.start()
	token, _ := r.login("alice")
	r.do("GET", "/plain", "").wantWho("")
	r.do("GET", "/plain", "", bearer(token)...).wantWho("")
	r.do("GET", "/plain", "", bearer("x")...).wantWho("")
}

func (r *rig) oneGet() {
	r.start()
	token, _ := r.login("alice")
	gets, writes := r.store.counts()
	for range 5 {
		r.do("GET", "/me", "", bearer(token)...).want(200)
	}
	r.wantCounts(gets+5, writes)
}

func (r *rig) wantCounts(gets, writes int) {
	r.Helper()
	if g, w := r.store.counts(); g != gets || w != writes {
		r.Errorf("the store was asked %d times too often and written %d times too often", g-gets, w-writes)
	}
}

func (r *rig) optional() {
	r.start()
	token, openID := r.login("alice")
	gets, writes := r.store.counts()
	r.do("GET", "/public", "", bearer(token)...).wantWho(openID)
	r.wantCounts(gets+1, writes)
}

func (r *rig) optionalStrangers() {
	r.start()
	token, _ := r.login("alice")
	r.do("POST", "/wx/logout", "", bearer(token)...).want(204)
	for _, token := range []string{token, unissued, "x", ""} {
		a := r.do("GET", "/public", "", bearer(token)...)
		a.wantWho("")
		a.wantHeader("WWW-Authenticate", "")
	}
}

func (r *rig) optionalIsFree() {
	r.start()
	r.do("GET", "/public", "").wantWho("")
	r.do("GET", "/public", "", bearer("x")...).wantWho("")
	r.wantUntouched()
}

func (r *rig) bodyIsUntouched() {
	r.start()
	token, _ := r.login("alice")
	const body = "{\"3rd_session\":\x00\r\n not for us"
	if got := r.do("POST", "/echo", body, bearer(token)...).want(200).body; got != body {
		r.Errorf("the handler got %q, want %q", got, body)
	}
}

func (r *rig) parallel() {
	r.start()
	var wg sync.WaitGroup
	for i := range 8 {
		token, openID := r.login(fmt.Sprint("user", i))
		wg.Go(func() {
			for range 20 {
				a := r.fetch("/me", bearer(token)...)
				if want := encode(identity{openID, openID}); a != want {
					r.Errorf("GET /me: %s, want %s", a, want)
				}
			}
		})
	}
	wg.Wait()
}
