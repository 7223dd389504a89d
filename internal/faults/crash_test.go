package faults_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/wxsession/wxsession/core"
	"github.com/wxsession/wxsession/internal/testserver"
)

// scene is a user with two sessions, the first of them rotated a moment ago.
type scene struct {
	breaker       *breaker
	broken, sound *core.Manager // the latter is another instance
	user          string
	tokens        []string // all that were ever handed out
	ids           []string // of the two sessions
	first         *core.Session
	token         string // the newest of the first session
}

func newScene(t *testing.T, store core.Store, user string, mode breakage, most int) *scene {
	t.Helper()
	now := time.Now()
	cfg := core.Config{MaxSessions: most, Now: func() time.Time { return now }}
	sc := &scene{breaker: &breaker{Store: store, mode: mode}, user: user, sound: newManager(t, store, cfg)}
	sc.broken = newManager(t, sc.breaker, cfg)
	old, _ := login(t, sc.sound, user)
	now = now.Add(time.Second)
	other, second := login(t, sc.sound, user)
	token, first, err := sc.sound.Rotate(t.Context(), old)
	if err != nil {
		t.Fatal(err)
	}
	sc.tokens, sc.ids = []string{old, other, token}, []string{first.ID, second.ID}
	sc.first, sc.token = first, token
	return sc
}

// operation is what is interrupted.
type operation struct {
	name string
	most int // sessions of a user
	ends int // of the user's sessions, the first ones
	run  func(context.Context, *core.Manager, *scene) (token string, err error)
}

var operations = []operation{
	{"log-in", 10, 0, logInAgain},
	{"log-in at the cap", 2, 1, logInAgain},
	{"rotation", 10, 0, func(ctx context.Context, m *core.Manager, sc *scene) (string, error) {
		token, _, err := m.Rotate(ctx, sc.token)
		return token, err
	}},
	{"log-out", 10, 1, func(ctx context.Context, m *core.Manager, sc *scene) (string, error) {
		return "", m.Logout(ctx, sc.token)
	}},
	{"revocation", 10, 1, func(ctx context.Context, m *core.Manager, sc *scene) (string, error) {
		return "", m.Revoke(ctx, appID, sc.user, sc.ids[0])
	}},
	{"log-out everywhere", 10, 2, func(ctx context.Context, m *core.Manager, sc *scene) (string, error) {
		return "", m.LogoutUser(ctx, appID, sc.user)
	}},
	{"log-out everywhere by its route", 10, 2, func(ctx context.Context, m *core.Manager, sc *scene) (string, error) {
		return "", serveLogoutAll(ctx, m, sc.token)
	}},
	{"update", 10, 0, func(ctx context.Context, m *core.Manager, sc *scene) (string, error) {
		return "", m.Update(ctx, sc.first, func(s *core.Draft) error { s.SetAttr("a", "b"); return nil })
	}},
}

func logInAgain(ctx context.Context, m *core.Manager, sc *scene) (string, error) {
	token, _, err := m.Login(ctx, core.LoginRequest{Code: sc.user})
	return token, err
}

func serveLogoutAll(ctx context.Context, m *core.Manager, token string) error {
	for _, route := range m.Routes() {
		if strings.HasSuffix(route.Path, "/logout") {
			header := http.Header{"Authorization": {"Bearer " + token}}
			if reply := route.Serve(ctx, core.Request{Header: header, Query: "all=1"}); reply.Err != nil {
				return reply.Err
			}
			return nil
		}
	}
	return errors.New("there is no route to log out")
}

// Whatever call of the store goes wrong, in whatever operation: nothing lives
// that cannot be listed and ended, and nobody else's session dies of it.
func TestNothingEscapesWhereverTheStoreFails(t *testing.T) {
	for _, kind := range []struct {
		name, dsn string
		start     func(testing.TB, ...string) *testserver.Process
	}{
		{"redis", "redis://%s?timeout=5s", testserver.StartRedis},
		{"memcached", "memcached://%s?timeout=5s", testserver.StartMemcached},
	} {
		t.Run(kind.name, func(t *testing.T) {
			t.Parallel()
			store := openStore(t, fmt.Sprintf(kind.dsn, kind.start(t).Addr))
			for _, op := range operations {
				for _, mode := range breakages {
					n := 1
					for op.interrupt(t, store, mode, n, false) && op.interrupt(t, store, mode, n, true) {
						n++
					}
					if n < 3 {
						t.Errorf("%s made %d calls of the store; want more to break", op.name, n-1)
					}
				}
			}
		})
	}
}

// interrupt lets the n-th call go wrong, and reports whether there was one. The
// client may try again.
func (op operation) interrupt(t *testing.T, store core.Store, mode breakage, n int, again bool) bool {
	t.Helper()
	what := fmt.Sprintf("%s, call %d %s", op.name, n, mode.name)
	user := fmt.Sprintf("%s-%d-%v-%v-%v", strings.ReplaceAll(op.name, " ", "-"), n, mode.executed, mode.forever, again)
	sc := newScene(t, store, user, mode, op.most)
	sc.breaker.arm(n)
	token, err := op.run(t.Context(), sc.broken, sc)
	if token != "" {
		sc.tokens = append(sc.tokens, token)
		if op.name == "rotation" {
			sc.token = token // it is looked at below: to rotate the one before is theft then
		}
	}
	e, _ := errors.AsType[*core.Error](err)
	if err != nil && (e == nil || e.Code != core.CodeStoreUnavailable || e.RetryAfter == 0 || token != "") {
		t.Errorf("%s: error %v, token %q; want no token and a StoreUnavailable that says when to try again", what, err, token)
	}
	sc.wantEnded(t, what, op.ends, err == nil)
	if again {
		sc.repeat(t, what, op) // before anything else that would finish the job
	}
	sc.wantListed(t, what, op.most)
	if err := sc.sound.LogoutUser(t.Context(), appID, sc.user); err != nil {
		t.Errorf("%s: LogoutUser afterwards: %v", what, err)
	}
	if left := len(alive(t, sc.sound, sc.tokens)) + len(listed(t, sc.sound, sc.user)); left != 0 {
		t.Errorf("%s: %d sessions outlive a log-out everywhere", what, left)
	}
	return sc.breaker.calls() >= n
}

// wantEnded wants the first n sessions dead if the operation succeeded, and
// the others alive in any case.
func (sc *scene) wantEnded(t *testing.T, what string, n int, succeeded bool) {
	t.Helper()
	live := alive(t, sc.sound, sc.tokens)
	for i, id := range sc.ids {
		switch {
		case i < n && succeeded && live[id]:
			t.Errorf("%s: it succeeded, but session %d lives on", what, i)
		case i >= n && !live[id]:
			t.Errorf("%s: session %d, which it does not concern, is dead", what, i)
		}
	}
}

// wantListed allows for a session whose token nobody got.
func (sc *scene) wantListed(t *testing.T, what string, most int) {
	t.Helper()
	list := listed(t, sc.sound, sc.user)
	for id := range alive(t, sc.sound, sc.tokens) {
		if !list[id] {
			t.Errorf("%s: a session lives unlisted", what)
		}
	}
	if len(list) > most {
		t.Errorf("%s: %d sessions live; want %d at most", what, len(list), most)
	}
}

// repeat does what a client does after a 503: the same again, which is whole.
func (sc *scene) repeat(t *testing.T, what string, op operation) {
	t.Helper()
	token, err := op.run(t.Context(), sc.sound, sc)
	if err != nil && !(op.name == "revocation" && core.CodeOf(err) == core.CodeNotFound) {
		t.Errorf("%s: done again: %v", what, err)
	}
	if token != "" {
		sc.tokens = append(sc.tokens, token)
	}
	live := alive(t, sc.sound, sc.tokens)
	for _, id := range sc.ids[:op.ends] {
		if live[id] {
			t.Errorf("%s: done again, but a session lives on", what)
		}
	}
}
