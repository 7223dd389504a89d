package core

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

// afterALoss checks a run in which the store has forgotten something. What was
// ended may live again, and what lived may be lost. But whatever is in use from
// then on is found again, with the first use that is written down.
func (in *inspection) afterALoss() error {
	in.gone = map[string]bool{}
	return errors.Join(
		in.sober(),
		in.future("in use again, then Sessions", in.useAgain, in.graceEnds, in.useAgain, in.sessions, in.logoutUser),
		in.future("in use again, then LogoutUser", in.useAgain, in.logoutFound, in.graceEnds),
	)
}

// sober checks that operations fail only because something is not there.
func (in *inspection) sober() error {
	for _, t := range in.store.tasks {
		switch code := CodeOf(t.err); {
		case !t.returned || t.err == nil:
		case t.token != "":
			return fmt.Errorf("%s handed out something with %w", t.op.name, t.err)
		case t.failed && code == StoreUnavailable && errors.Is(t.err, errInjected):
		case in.redeems(t) != "" && code == InvalidTicket:
		case t.op.name == "issue approved" && code == SessionRevoked: // nobody knows any more whether it is void
		case code == NotFound, (code == InvalidSession || code == SessionRevoked) && in.mayHaveEnded():
		default:
			return fmt.Errorf("%s failed for no reason: %w", t.op.name, t.err)
		}
	}
	return nil
}

// mayHaveEnded tells whether the first session may have ended: somebody was to
// end it, or a record of it may be lost. The index alone does not count.
func (in *inspection) mayHaveEnded() bool {
	return in.set.forgets != evicting || slices.ContainsFunc(in.store.tasks, func(t *task) bool {
		return t.op.ends() || t.op.name == "cap" || t.op.name == "others" || t.op.name == "rotate-old"
	})
}

// useAgain comes with every token after a twentieth of the idle timeout.
func (in *inspection) useAgain() error {
	in.store.pass(idleTimeoutOf(in.m)/20 + time.Millisecond)
	for _, i := range in.issued {
		_, _ = in.m.Authenticate(context.Background(), i.token)
	}
	index := in.indexNow()
	for _, i := range in.issued {
		if in.renewed(i) && !index.names(i.id, recordKey(i.token)) {
			return fmt.Errorf("%s is in use and not listed", in.nameOf(i))
		}
	}
	return nil
}

// renewed tells whether the token lives, and can for longer than a grace period.
func (in *inspection) renewed(i issue) bool {
	raw, err := in.store.Get(context.Background(), recordKey(i.token))
	return err == nil && in.alive(i.token) && useIsWritten(in.m, recordKey(i.token), raw)
}

func (in *inspection) graceEnds() error {
	in.store.pass(graceOf(in.m))
	return nil
}

// logoutFound is LogoutUser for what was found again. What has been rotated away
// may live until its grace period ends.
func (in *inspection) logoutFound() error {
	if err := in.m.LogoutUser(context.Background(), testAppID, sceneUser); err != nil {
		return err
	}
	for _, i := range in.issued {
		if in.renewed(i) {
			return fmt.Errorf("%s was in use and outlives a log-out everywhere", in.nameOf(i))
		}
	}
	return nil
}

// TestEveryWayToLoseTheIndex evicts the user record at every point of every
// operation, and of pairs with the one that heals.
func TestEveryWayToLoseTheIndex(t *testing.T) {
	seen := newSightings()
	t.Run("ways", func(t *testing.T) {
		for _, op := range operations() {
			exploreLoss(t, evicting, []operation{op}, false, seen)
			exploreLoss(t, evicting, []operation{op}, true, seen)
			exploreLoss(t, evicting, append(named("renew"), op), false, seen)
		}
		for _, op := range append(graceOperations(), logoutAllOld()) {
			exploreLoss(t, evicting, []operation{op}, true, seen)
		}
	})
	seen.want(t, evicting)
}

// TestEveryWayToGoBack lets the store go back, at every point of every operation,
// to what it held at every point before: a restored snapshot, and a fail-over
// between any two writes.
func TestEveryWayToGoBack(t *testing.T) {
	seen := newSightings()
	t.Run("ways", func(t *testing.T) {
		for _, op := range operations() {
			exploreLoss(t, goingBack, []operation{op}, false, seen)
			exploreLoss(t, goingBack, []operation{op}, true, seen)
		}
		for _, op := range append(graceOperations(), logoutAllOld()) {
			exploreLoss(t, goingBack, []operation{op}, true, seen)
		}
		for _, ops := range [][]operation{
			named("login", "login"), named("login", "renew"), named("rotate", "renew"), named("rotate", "rotate"),
			named("cap", "renew"), named("logout", "login"), named("revoke", "renew"), named("sessions", "rotate"),
		} {
			exploreLoss(t, goingBack, ops, false, seen)
		}
	})
	seen.want(t, goingBack)
}

func exploreLoss(t *testing.T, what string, ops []operation, rotated bool, seen *sightings) {
	t.Helper()
	set := setting{room: roomFor(ops), rotated: rotated, forgets: what}
	exploreAll(t, set, append(ops[:len(ops):len(ops)], named(what)...), seen)
}

// TestLossesAtRandom adds a second or third operation, failures and near caches.
func TestLossesAtRandom(t *testing.T) {
	seen := newSightings()
	playAtRandom(t, 1500, 5, func(r *rand.Rand) (set setting, ops []operation) {
		set = setting{rotated: r.IntN(2) == 0, stale: r.IntN(3) == 0, faults: r.IntN(2)}
		set.forgets = []string{evicting, goingBack}[r.IntN(2)]
		choice := operations()
		for range 2 + r.IntN(2) {
			ops = append(ops, choice[r.IntN(len(choice))])
		}
		set.room = roomFor(ops)
		return set, append(ops, named(set.forgets)...)
	}, seen)
	seen.want(t, evicting, goingBack)
}
