package core

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"
)

// holders checks for every token that somebody may still hold, because the
// answers with those after it got lost, that it can be lived on.
func (in *inspection) holders() error {
	if !in.set.holder && !coreRules().firstUse {
		return nil
	}
	for n, i := range in.issued {
		if in.gone[i.id] || in.set.lapsing || in.succeeded(n) {
			continue
		}
		if n+1 < len(in.issued) && slices.ContainsFunc(in.issued[n+1:], func(later issue) bool { return later.id == i.id }) {
			in.store.seen[heldOn]++
		}
		err := in.future("a client that has heard of nothing later", func() error { return in.goesOn(i) })
		if err != nil {
			return fmt.Errorf("%s: %w", in.nameOf(i), err)
		}
	}
	return nil
}

// heldOn is a client that did not get a later token.
const heldOn = "a client that lives on an older token"

// succeeded tells whether the session of the n-th token was used with another
// one that came after it, or together with it.
func (in *inspection) succeeded(n int) bool {
	if in.old == in.scene.token {
		return false // what came of the operations nobody has used
	}
	token := in.issued[n].token
	before := token == in.old || slices.ContainsFunc(in.store.tasks, func(t *task) bool {
		return t.token == token && t.op.name == "rotate-old"
	})
	return before && (in.set.used || slices.ContainsFunc(in.store.tasks, (*task).presentsNewest))
}

// goesOn uses the token for longer than a grace period, rotates it, and uses
// what it gets.
func (in *inspection) goesOn(i issue) error {
	token, step := i.token, graceOf(in.m)/2+time.Millisecond
	for range 2 {
		for range 4 {
			if _, err := in.m.Authenticate(context.Background(), token); err != nil {
				return fmt.Errorf("its token is refused: %w", err)
			}
			in.store.pass(step)
		}
		next, _, err := in.m.Rotate(context.Background(), token)
		if err != nil {
			return fmt.Errorf("its token cannot be rotated: %w", err)
		}
		token = next
		in.issued = append(in.issued, issue{token, i.id})
	}
	return nil
}

// theft checks what becomes of a token whose successor was used: it cannot be
// rotated, who tries ends the session, and nothing else does.
func (in *inspection) theft() error {
	if !in.set.theft && !coreRules().firstUse {
		return nil
	}
	for _, t := range in.store.tasks {
		inUse := in.set.used || slices.ContainsFunc(in.store.tasks, func(u *task) bool {
			return u.presentsNewest() && u.returned && u.err == nil && u.ended <= t.began
		})
		if t.op.name == "rotate-old" && inUse {
			in.store.seen[stolen]++
		}
		switch {
		case t.op.name != "rotate-old" || !t.returned:
		case t.err == nil && inUse:
			return errors.New("a token was rotated whose successor was in use")
		case CodeOf(t.err) == SessionRevoked && in.set.faults == 0 && in.usable():
			return errors.New("the session was said to be revoked, and lives")
		}
	}
	return in.endedForNothing()
}

// stolen is a rotation that must be noticed.
const stolen = "a rotation of a token whose successor was in use"

func (t *task) presentsNewest() bool {
	return slices.Contains([]string{"renew", "rotate", "check", "logoutAll", "ticket", "approve", "others", "revoke-other"}, t.op.name)
}

// usable tells whether a token of the first session lives.
func (in *inspection) usable() bool {
	return slices.ContainsFunc(in.issued, func(i issue) bool { return i.id == in.first.ID && in.alive(i.token) })
}

// endedForNothing checks that a rotation ends a session only if its token was
// older than one that was in use.
func (in *inspection) endedForNothing() error {
	used := in.set.used || slices.ContainsFunc(in.store.tasks, (*task).presentsNewest)
	for _, t := range in.store.tasks {
		rotates := t.op.name == "rotate" || t.op.name == "rotate-old"
		if !rotates || used && t.op.name == "rotate-old" || in.struckBy(in.first.ID, func(u *task) bool { return u != t }) {
			continue
		}
		if in.struckBy(in.first.ID, func(u *task) bool { return u == t }) {
			return fmt.Errorf("%s has ended the session", t.op.name)
		}
	}
	return nil
}

// TestEveryLostAnswer: whoever got a token can live on it, as long as nobody has
// used a later one, whatever happened to the rotations and updates meanwhile.
func TestEveryLostAnswer(t *testing.T) {
	seen := newSightings()
	t.Run("pairs", func(t *testing.T) {
		for _, ops := range pairs(named("rotate"), named("login", "renew", "update", "sessions", "logout", "revoke")) {
			exploreAll(t, setting{room: roomFor(ops), holder: true, faults: 1, late: true}, ops, seen)
		}
		for _, ops := range pairs(named("rotate-old"), named("login", "update-old", "sessions", "logout-old")) {
			exploreAll(t, setting{room: roomFor(ops), rotated: true, holder: true, faults: 1}, ops, seen)
		}
	})
	seen.want(t, heldOn)
}

// TestEveryInterleavingOfATheft: a token whose successor is used, before or at
// the same time.
func TestEveryInterleavingOfATheft(t *testing.T) {
	seen := newSightings()
	t.Run("pairs", func(t *testing.T) {
		for _, op := range named("renew", "rotate", "update", "rotate-old", "logout", "logoutUser", "sessions") {
			ops := append(named("rotate-old"), op)
			exploreAll(t, setting{room: 10, rotated: true, begins: true, theft: true}, ops, seen)
			exploreAll(t, setting{room: 10, rotated: true, begins: true, theft: true, used: true}, ops, seen)
		}
	})
	seen.want(t, stolen)
}
