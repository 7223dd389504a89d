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
		err := in.future("a client that has heard of nothing later", func() error { return in.goesOn(i) })
		if err != nil {
			return fmt.Errorf("%s: %w", in.nameOf(i), err)
		}
	}
	return nil
}

// succeeded tells whether the session of the n-th token was used with a later
// one.
func (in *inspection) succeeded(n int) bool {
	if in.issued[n].token == in.old && in.old != in.scene.token {
		return in.set.used || slices.ContainsFunc(in.store.tasks, (*task).presentsNewest)
	}
	return false // what came of the operations nobody has used
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

func (t *task) presentsNewest() bool {
	return slices.Contains([]string{"renew", "rotate", "check", "logoutAll"}, t.op.name)
}

// usable tells whether a token of the first session lives.
func (in *inspection) usable() bool {
	return slices.ContainsFunc(in.issued, func(i issue) bool { return i.id == in.first.ID && in.alive(i.token) })
}

// endedForNothing checks that a rotation ends a session only if its token was
// older than one that was in use.
func (in *inspection) endedForNothing() error {
	used := in.set.used || slices.ContainsFunc(in.store.tasks, (*task).presentsNewest)
	for _, w := range in.store.writes {
		name := w.task.op.name
		rotates := name == "rotate" || name == "rotate-old"
		if rotates && slices.Contains(in.struck(w), in.first.ID) && !(used && name == "rotate-old") {
			return fmt.Errorf("%s has ended the session", name)
		}
	}
	return nil
}

// TestEveryLostAnswer: whoever got a token can live on it, as long as nobody has
// used a later one, whatever happened to the rotations and updates meanwhile.
func TestEveryLostAnswer(t *testing.T) {
	t.Run("pairs", func(t *testing.T) {
		for _, ops := range pairs(named("rotate"), named("login", "renew", "update", "sessions", "logout", "revoke")) {
			exploreAll(t, setting{room: roomFor(ops), holder: true, faults: 1, late: true}, ops)
		}
		for _, ops := range pairs(named("rotate-old"), named("login", "update-old", "sessions", "logout-old")) {
			exploreAll(t, setting{room: roomFor(ops), rotated: true, holder: true, faults: 1}, ops)
		}
	})
}

// TestEveryInterleavingOfATheft: a token whose successor is used, before or at
// the same time.
func TestEveryInterleavingOfATheft(t *testing.T) {
	t.Run("pairs", func(t *testing.T) {
		for _, op := range named("renew", "rotate", "update", "rotate-old", "logout", "logoutUser", "sessions") {
			ops := append(named("rotate-old"), op)
			exploreAll(t, setting{room: 10, rotated: true, begins: true, theft: true}, ops)
			exploreAll(t, setting{room: 10, rotated: true, begins: true, theft: true, used: true}, ops)
		}
	})
}
