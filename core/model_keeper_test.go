package core

import (
	"context"
	"maps"
	"slices"
	"strconv"
	"testing"
	"time"
)

// managers keep a session by managers of two processes, which take turns.
type managers struct {
	clock *testClock
	store *mapStore
	next  fault // of the call that is to fail
	at    int   // how many calls from now; 0: none
	ms    [2]*Manager
	turn  int
	first string // token
}

func newManagers(t testing.TB) *managers {
	k := &managers{clock: newTestClock()}
	k.store = newMapStore(k.clock)
	faulty := &faultyStore{Store: k.store, plan: func(int) fault {
		if k.at--; k.at == 0 {
			return k.next
		}
		return works
	}}
	for i := range k.ms {
		k.ms[i] = newTestManager(t, k.clock, faulty, Config{})
	}
	k.first, _ = mustLogin(t, k.ms[0], sceneUser)
	return k
}

func (k *managers) m() *Manager {
	k.turn++
	return k.ms[k.turn%len(k.ms)]
}

// heal ends what fail began.
func (k *managers) heal() { k.at = 0 }

func (k *managers) fail(n int, f fault) { k.at, k.next = n, f }

func (k *managers) authenticate(token string) error {
	defer k.heal()
	_, err := k.m().Authenticate(context.Background(), token)
	return err
}

func (k *managers) rotate(token string) (string, error) {
	defer k.heal()
	token, _, err := k.m().Rotate(context.Background(), token)
	return token, err
}

// check asks without leaving a trace: for a token that a rotation has made, this
// may be the first use.
func (k *managers) check(token string) error {
	defer k.branch()()
	_, err := k.ms[0].Check(context.Background(), token)
	return err
}

func (k *managers) sessions() int {
	list, err := k.ms[0].Sessions(context.Background(), testAppID, sceneUser)
	if err != nil {
		return -1
	}
	return len(list)
}

func (k *managers) logoutUser() error {
	return k.m().LogoutUser(context.Background(), testAppID, sceneUser)
}

func (k *managers) pass(d time.Duration) { k.clock.advance(d) }
func (k *managers) grace() time.Duration { return graceOf(k.ms[0]) }

func (k *managers) branch() (back func()) {
	items, now, turn := k.store.snapshot(), k.clock.ms.Load(), k.turn
	return func() {
		k.store.restore(items)
		k.clock.ms.Store(now)
		k.turn = turn
	}
}

// custodian keeps a session as the rule says, without a store. It shows that the
// rule can be followed, and, with a flaw, that custody notices.
type custodian struct {
	flaw   string
	now    time.Duration
	tokens map[string]custodied
	made   int
	ended  bool
}

type custodied struct {
	standing
	until time.Duration // from then on it is dead; 0: there is no such time
}

func newCustodian(flaw string) *custodian {
	return &custodian{flaw: flaw, tokens: map[string]custodied{"0": {standing: anchor}}}
}

func (k *custodian) check(token string) error {
	t, ok := k.tokens[token]
	switch {
	case k.ended:
		return &Error{Code: SessionRevoked}
	case !ok || t.until != 0 && k.now >= t.until:
		return &Error{Code: InvalidSession}
	}
	return nil
}

func (k *custodian) authenticate(token string) error {
	if err := k.check(token); err != nil {
		return err
	}
	if k.tokens[token].standing != pending {
		return nil
	}
	for other, t := range k.tokens {
		switch {
		case other == token:
			t = custodied{standing: anchor}
		case t.standing == anchor && k.flaw != "no grace period":
			t = custodied{fading, k.now + k.grace()}
		case t.standing == anchor, t.standing == pending && k.flaw != "siblings live on":
			t = custodied{fading, max(k.now, 1)}
		}
		k.tokens[other] = t
	}
	return nil
}

func (k *custodian) rotate(token string) (string, error) {
	if err := k.authenticate(token); err != nil {
		return "", err
	}
	t := k.tokens[token]
	if t.standing == fading && k.flaw != "a thief is served" {
		k.ended = k.flaw != "a thief is only refused"
		return "", &Error{Code: SessionRevoked}
	}
	if k.flaw == "sixteen rotations at most" && len(k.tokens) > 16 {
		return "", &Error{Code: RateLimited}
	}
	if k.flaw == "the grace period begins with the rotation" {
		k.tokens[token] = custodied{fading, k.now + k.grace()}
	}
	k.made++
	next := strconv.Itoa(k.made)
	k.tokens[next] = custodied{standing: pending}
	return next, nil
}

func (k *custodian) sessions() int {
	for token := range k.tokens {
		if k.check(token) == nil {
			return 1
		}
	}
	return 0
}

func (k *custodian) logoutUser() error {
	k.ended = true
	return nil
}

func (k *custodian) pass(d time.Duration) { k.now += d }
func (k *custodian) grace() time.Duration { return 30 * time.Second }
func (k *custodian) fail(int, fault)      {}

func (k *custodian) branch() (back func()) {
	before := *k
	before.tokens = maps.Clone(k.tokens)
	return func() { *k = before }
}

// flaws are those that a custodian can have.
func flaws() []string {
	return slices.Clone([]string{
		"no grace period", "siblings live on", "a thief is served", "a thief is only refused",
		"sixteen rotations at most", "the grace period begins with the rotation",
	})
}
