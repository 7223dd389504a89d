package core

import (
	"context"
	"strconv"
	"testing"
	"time"
)

// scene is where the operations of a run meet: a user with two sessions. The
// operations go for the first one, which is also the one that a cap would end.
type scene struct {
	clock   *testClock
	store   *scheduler
	m       *Manager
	start   int64 // time at which it begins
	initial map[string]mapItem
	lapsing bool // old dies of age within the next millisecond

	token   string   // of the first session
	old     string   // its token before a rotation, in its grace period; token if there was none
	first   *Session // by token
	oldview *Session // by old
	other   string   // token of the second session
	otherID string
}

const sceneUser = "alice"

// setting says how a scene differs from the plain one, in which nothing
// expires and the first session has one token, whose renewal is due.
type setting struct {
	room    int  // Config.MaxSessions
	rotated bool // the first session was rotated, the grace period runs
	lapsing bool // the oldest token of the first session has a millisecond left
	aged    bool // of its lifetime, that is, not of its idle timeout
	lost    bool // the store has dropped the record of a third session

	faults int  // that a run may have at most
	late   bool // calls that fail may take effect later

	wrap func(Store) Store // nil: the manager talks to the scheduler itself
}

func newScene(t testing.TB, set setting) *scene {
	clock := newTestClock()
	sc := &scene{clock: clock, store: newScheduler(clock), lapsing: set.lapsing}
	sc.store.faults, sc.store.late = set.faults, set.late
	sc.store.slack = 2 * time.Second // what expires is decided in core, not in the store
	var store Store = sc.store
	if set.wrap != nil {
		store = set.wrap(store)
	}
	sc.m = newTestManager(t, clock, store, Config{
		IdleTimeout: 100 * time.Second, Lifetime: 1000 * time.Second, MaxSessions: set.room,
	})
	sc.store.index = userKey(testAppID, sceneUser)
	var other *Session
	sc.token, _ = mustLogin(t, sc.m, sceneUser+".key")
	clock.advance(time.Second)
	sc.other, other = mustLogin(t, sc.m, sceneUser+".key")
	sc.otherID = other.ID
	if set.lost {
		_, third := mustLogin(t, sc.m, sceneUser+".key")
		delete(sc.store.items, third.key.text())
	}
	sc.old = sc.token
	if set.rotated {
		sc.token, _ = mustRotate(t, sc.m, sc.old)
	}
	if set.aged {
		sc.age(t)
	}
	sc.first, sc.oldview = mustCheck(t, sc.m, sc.token), mustCheck(t, sc.m, sc.old)
	clock.advance(10 * time.Second)
	if set.lapsing {
		clock.ms.Store(sc.oldview.ExpiresAt().UnixMilli() - 1)
	}
	sc.start, sc.initial = sc.m.now(), sc.store.snapshot()
	return sc
}

// age uses the sessions for as long as their lifetime allows.
func (sc *scene) age(t testing.TB) {
	for range 11 {
		sc.clock.advance(90 * time.Second)
		for _, token := range []string{sc.token, sc.other} {
			if _, err := sc.m.Authenticate(t.Context(), token); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// operation is something that a client, or an administrator, does.
type operation struct {
	name  string
	first bool // needs the first session to live
	run   func(ctx context.Context, sc *scene) (token string, s *Session, err error)
}

// taskOf returns the task that runs under ctx, or one of its own for an
// operation that is alone.
func taskOf(ctx context.Context) *task {
	if t, ok := ctx.Value(taskKey{}).(*task); ok {
		return t
	}
	return new(task)
}

// keyOf is the session_key that the login of a task brings.
func keyOf(no int) string { return "key-" + strconv.Itoa(no) }

func opLogin(ctx context.Context, sc *scene) (string, *Session, error) {
	return sc.m.Login(ctx, LoginRequest{Code: sceneUser + "." + keyOf(taskOf(ctx).no)})
}

func opRenew(ctx context.Context, sc *scene) (string, *Session, error) {
	_, err := sc.m.Authenticate(ctx, sc.token)
	return "", nil, err
}

// markOf is the attribute that the update of a task sets.
func markOf(no int) string { return "task-" + strconv.Itoa(no) }

// opUpdate counts, and leaves its mark.
func opUpdate(s func(*scene) *Session) func(context.Context, *scene) (string, *Session, error) {
	return func(ctx context.Context, sc *scene) (string, *Session, error) {
		return "", nil, sc.m.Update(ctx, s(sc), func(s *Session) error {
			n, _ := strconv.Atoi(s.Attr("n"))
			s.SetAttr("n", strconv.Itoa(n+1))
			s.SetAttr(markOf(taskOf(ctx).no), "was here")
			return nil
		})
	}
}

func opRotate(token func(*scene) string) func(context.Context, *scene) (string, *Session, error) {
	return func(ctx context.Context, sc *scene) (string, *Session, error) {
		return sc.m.Rotate(ctx, token(sc))
	}
}

func opLogout(token func(*scene) string) func(context.Context, *scene) (string, *Session, error) {
	return func(ctx context.Context, sc *scene) (string, *Session, error) {
		return "", nil, sc.m.Logout(ctx, token(sc))
	}
}

// opLogoutAll is what a client asks for with ?all=1.
func opLogoutAll(token func(*scene) string) func(context.Context, *scene) (string, *Session, error) {
	return func(ctx context.Context, sc *scene) (string, *Session, error) {
		s, err := sc.m.Check(ctx, token(sc))
		if CodeOf(err) == InvalidSession || CodeOf(err) == SessionRevoked {
			return "", nil, nil
		}
		if err != nil {
			return "", nil, err
		}
		return "", nil, sc.m.logoutAll(ctx, s, token(sc))
	}
}

func opRevoke(ctx context.Context, sc *scene) (string, *Session, error) {
	return "", nil, sc.m.Revoke(ctx, testAppID, sceneUser, sc.first.ID)
}

func opLogoutUser(ctx context.Context, sc *scene) (string, *Session, error) {
	return "", nil, sc.m.LogoutUser(ctx, testAppID, sceneUser)
}

func opSessions(ctx context.Context, sc *scene) (string, *Session, error) {
	_, err := sc.m.Sessions(ctx, testAppID, sceneUser)
	return "", nil, err
}

func opCheck(ctx context.Context, sc *scene) (string, *Session, error) {
	_, err := sc.m.Check(ctx, sc.token)
	return "", nil, err
}

// opTick is the clock: a millisecond passes at some point.
func opTick(ctx context.Context, sc *scene) (string, *Session, error) {
	sc.store.tick(ctx)
	return "", nil, nil
}

func newest(sc *scene) string          { return sc.token }
func oldest(sc *scene) string          { return sc.old }
func newestSession(sc *scene) *Session { return sc.first }
func oldestSession(sc *scene) *Session { return sc.oldview }
