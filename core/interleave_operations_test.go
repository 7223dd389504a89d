package core

import (
	"context"
	"slices"
	"strconv"
	"time"
)

// operation is something that a client, or an administrator, does.
type operation struct {
	name  string
	first bool // needs the first session to live
	event bool // is nothing of the kind, but happens to all
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

// on is the manager of the instance that runs the task under ctx.
func (sc *scene) on(ctx context.Context) *Manager {
	if in := taskOf(ctx).in; in != nil {
		return in.m
	}
	return sc.m
}

// keyOf is the session_key that the login of a task brings.
func keyOf(no int) string { return "key-" + strconv.Itoa(no) }

func opLogin(ctx context.Context, sc *scene) (string, *Session, error) {
	return sc.on(ctx).Login(ctx, LoginRequest{Code: sceneUser + "." + keyOf(taskOf(ctx).no)})
}

func opRenew(ctx context.Context, sc *scene) (string, *Session, error) {
	_, err := sc.on(ctx).Authenticate(ctx, sc.token)
	return "", nil, err
}

// markOf is the attribute that the update of a task sets.
func markOf(no int) string { return "task-" + strconv.Itoa(no) }

// opUpdate counts, and leaves its mark.
func opUpdate(s func(*scene) *Session) func(context.Context, *scene) (string, *Session, error) {
	return func(ctx context.Context, sc *scene) (string, *Session, error) {
		return "", nil, edit(ctx, sc.on(ctx), s(sc), func(s editable) {
			n, _ := strconv.Atoi(s.Attr("n"))
			s.SetAttr("n", strconv.Itoa(n+1))
			s.SetAttr(markOf(taskOf(ctx).no), "was here")
		})
	}
}

// The attribute "colour" is set without being read.
const (
	firstColour  = "red" // which it has in the beginning
	secondColour = "blue"
)

func opPaint(colour string) func(context.Context, *scene) (string, *Session, error) {
	return func(ctx context.Context, sc *scene) (string, *Session, error) {
		return "", nil, edit(ctx, sc.on(ctx), sc.first, func(s editable) { s.SetAttr("colour", colour) })
	}
}

func opRotate(token func(*scene) string) func(context.Context, *scene) (string, *Session, error) {
	return func(ctx context.Context, sc *scene) (string, *Session, error) {
		return sc.on(ctx).Rotate(ctx, token(sc))
	}
}

func opLogout(token func(*scene) string) func(context.Context, *scene) (string, *Session, error) {
	return func(ctx context.Context, sc *scene) (string, *Session, error) {
		return "", nil, sc.on(ctx).Logout(ctx, token(sc))
	}
}

// opLogoutAll is what a client asks for with ?all=1.
func opLogoutAll(token func(*scene) string) func(context.Context, *scene) (string, *Session, error) {
	return func(ctx context.Context, sc *scene) (string, *Session, error) {
		return "", nil, logoutEverywhere(ctx, sc.on(ctx), token(sc))
	}
}

// patience is how often a client tries what the store could not do.
const patience = 6

// again is op by a client that does not give up.
func again(op operation) operation {
	once := op.run
	op.run = func(ctx context.Context, sc *scene) (token string, s *Session, err error) {
		for range patience {
			taskOf(ctx).asked = false
			if token, s, err = once(ctx, sc); CodeOf(err) != StoreUnavailable {
				break
			}
		}
		return token, s, err
	}
	return op
}

func opRevoke(ctx context.Context, sc *scene) (string, *Session, error) {
	return "", nil, sc.on(ctx).Revoke(ctx, testAppID, sceneUser, sc.first.ID)
}

func opLogoutUser(ctx context.Context, sc *scene) (string, *Session, error) {
	return "", nil, sc.on(ctx).LogoutUser(ctx, testAppID, sceneUser)
}

func opSessions(ctx context.Context, sc *scene) (string, *Session, error) {
	_, err := sc.on(ctx).Sessions(ctx, testAppID, sceneUser)
	return "", nil, err
}

// opLoginAgain brings the key that the user has already.
func opLoginAgain(ctx context.Context, sc *scene) (string, *Session, error) {
	return sc.on(ctx).Login(ctx, LoginRequest{Code: sceneUser + ".key"})
}

// opDeepCheck asks WeChat whether the session_key is still valid.
func opDeepCheck(ctx context.Context, sc *scene) (string, *Session, error) {
	err := sc.on(ctx).CheckSessionKey(ctx, sc.first)
	if CodeOf(err) == SessionKeyExpired {
		err = nil
	}
	return "", nil, err
}

func opCheck(ctx context.Context, sc *scene) (string, *Session, error) {
	_, err := sc.on(ctx).Check(ctx, sc.token)
	return "", nil, err
}

// opTick is the clock: a millisecond passes at some point.
func opTick(ctx context.Context, sc *scene) (string, *Session, error) {
	sc.store.happens(ctx, "Tick", func(*storeCall) { sc.store.pass(time.Millisecond) })
	return "", nil, nil
}

// opJump sets the clock of the first instance at some point.
func opJump(d time.Duration) func(context.Context, *scene) (string, *Session, error) {
	return func(ctx context.Context, sc *scene) (string, *Session, error) {
		sc.store.happens(ctx, "Jump", func(c *storeCall) {
			sc.store.instances[0].clock.advance(d)
			c.note = " by " + d.String()
		})
		return "", nil, nil
	}
}

func newest(sc *scene) string          { return sc.token }
func oldest(sc *scene) string          { return sc.old }
func newestSession(sc *scene) *Session { return sc.first }
func oldestSession(sc *scene) *Session { return sc.oldview }

// operations are those that pairs are made of. A cap is a login in a scene that
// has no room for it.
func operations() []operation {
	return []operation{
		{name: "login", run: opLogin},
		{name: "renew", first: true, run: opRenew},
		{name: "update", first: true, run: opUpdate(newestSession)},
		{name: "rotate", first: true, run: opRotate(newest)},
		{name: "logout", run: opLogout(newest)},
		{name: "revoke", first: true, run: opRevoke},
		{name: "logoutUser", run: opLogoutUser},
		{name: "sessions", run: opSessions},
		{name: "cap", run: opLogin},
	}
}

// graceOperations come with the token before the last rotation.
func graceOperations() []operation {
	return []operation{
		{name: "update-old", first: true, run: opUpdate(oldestSession)},
		{name: "rotate-old", first: true, run: opRotate(oldest)},
		{name: "logout-old", run: opLogout(oldest)},
	}
}

// logoutAllOld stays out of most pairs: it takes so many calls.
func logoutAllOld() operation {
	return operation{name: "logoutAll-old", run: opLogoutAll(oldest)}
}

// named picks from all that there is.
func named(names ...string) (ops []operation) {
	all := append(slices.Concat(operations(), graceOperations(), handOperations()), logoutAllOld(),
		operation{name: "paint red", first: true, run: opPaint(firstColour)},
		operation{name: "paint blue", first: true, run: opPaint(secondColour)},
		operation{name: "logoutAll", run: opLogoutAll(newest)},
		operation{name: "login again", run: opLoginAgain},
		operation{name: "deep check", run: opDeepCheck},
		operation{name: "tick", event: true, run: opTick},
		operation{name: "set back", event: true, run: opJump(-3 * time.Second)},
		operation{name: "set on", event: true, run: opJump(3 * time.Second)},
		operation{name: goingBack, event: true, run: opGoBack},
		operation{name: evicting, event: true, run: opEvict},
	)
	for _, name := range names {
		for _, op := range all {
			if op.name == name {
				ops = append(ops, op)
			}
		}
	}
	if len(ops) != len(names) {
		panic("no such operation")
	}
	return ops
}
