package adaptertest

import (
	"cmp"
	"encoding/json"
	"maps"
	"mime"
	"slices"
	"strconv"
	"strings"

	"github.com/wxsession/wxsession/core"
)

// want ends the row unless the status is this one.
func (a *answer) want(status int) *answer {
	a.Helper()
	if a.status != status {
		a.Fatalf("%s: status %d, want %d; body: %s", a.what, a.status, status, a.body)
	}
	return a
}

func (a *answer) decode(v any) {
	a.Helper()
	if err := json.Unmarshal([]byte(a.body), v); err != nil {
		a.Fatalf("%s: the body is no JSON: %v\n%s", a.what, err, a.body)
	}
}

// wantJSON checks that a reply of the login routes is a JSON object with just
// these members, not to be cached.
func (a *answer) wantJSON(status int, members ...string) map[string]json.RawMessage {
	a.Helper()
	a.want(status)
	a.wantHeader("Cache-Control", "no-store")
	kind, params, err := mime.ParseMediaType(a.header.Get("Content-Type"))
	charset := cmp.Or(params["charset"], "utf-8")
	if err != nil || kind != "application/json" || !strings.EqualFold(charset, "utf-8") {
		a.Errorf("%s: Content-Type %q, want JSON in UTF-8", a.what, a.header.Get("Content-Type"))
	}
	var object map[string]json.RawMessage
	a.decode(&object)
	got := slices.Sorted(maps.Keys(object))
	slices.Sort(members)
	if !slices.Equal(got, members) {
		a.Errorf("%s: members %q, want %q", a.what, got, members)
	}
	return object
}

// wantEmpty checks a 204.
func (a *answer) wantEmpty() {
	a.Helper()
	a.want(204)
	a.wantHeader("Cache-Control", "no-store")
	if a.body != "" {
		a.Errorf("%s: body %q with status 204", a.what, a.body)
	}
}

// wantRefusal checks an error as the login routes and the middlewares report it.
func (a *answer) wantRefusal(status int, code core.Code, more ...string) {
	a.Helper()
	object := a.wantJSON(status, append([]string{"error", "message"}, more...)...)
	if got := string(object["error"]); got != strconv.Quote(string(code)) {
		a.Errorf("%s: error %s, want %q", a.what, got, code)
	}
	a.wantWait(status == 429 || status == 503)
	if status != 401 {
		a.wantHeader("WWW-Authenticate", "")
	}
}

// wantUnauthorized checks a 401; given says whether the request held a token.
func (a *answer) wantUnauthorized(code core.Code, given bool, more ...string) {
	a.Helper()
	a.wantRefusal(401, code, more...)
	if given {
		a.wantHeader("WWW-Authenticate", `Bearer error="invalid_token"`)
	} else {
		a.wantHeader("WWW-Authenticate", "Bearer")
	}
}

// wantHeader checks that the header is there once, or with "" that it is not.
func (a *answer) wantHeader(name, value string) {
	a.Helper()
	var want []string
	if value != "" {
		want = []string{value}
	}
	if got := a.header.Values(name); !slices.Equal(got, want) {
		a.Errorf("%s: %s %q, want %q", a.what, name, got, want)
	}
}

func (a *answer) wantWait(helps bool) {
	a.Helper()
	text := a.header.Get("Retry-After")
	seconds, err := strconv.Atoi(text)
	if helps && (err != nil || seconds <= 0) {
		a.Errorf("%s: Retry-After %q, want a number of seconds", a.what, text)
	}
	if !helps && text != "" {
		a.Errorf("%s: Retry-After %q, where waiting does not help", a.what, text)
	}
}

// wantWho checks whom the handler saw, by both ways; "" is a stranger.
func (a *answer) wantWho(openID string) {
	a.Helper()
	a.want(200)
	var got identity
	a.decode(&got)
	if want := (identity{openID, openID}); got != want {
		a.Errorf("%s: the handler sees %+v, want %+v", a.what, got, want)
	}
}
