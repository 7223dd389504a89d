package core

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
)

// outages are the ways in which a store can fail from its n-th call.
var outages = []struct {
	name string
	// plan tells what happens to call i when it is the n-th that fails.
	plan func(n, i int) fault
}{
	{"once, before", func(n, i int) fault { return pick(i == n, failsFirst) }},
	{"once, after", func(n, i int) fault { return pick(i == n, failsAfter) }},
	{"from then on, before", func(n, i int) fault { return pick(i >= n, failsFirst) }},
	{"from then on, after", func(n, i int) fault { return pick(i >= n, failsAfter) }},
}

func pick(really bool, f fault) fault {
	if really {
		return f
	}
	return works
}

// allOperations are those of a scene in which the first session was rotated.
func allOperations() []operation {
	return slices.Concat(operations(), graceOperations(), handOperations(), []operation{
		logoutAllOld(), {name: "check", first: true, run: opCheck}, {name: tightLogin, run: opLogin},
	})
}

// tightLogin finds the index full, but one of the sessions in it is gone: it
// must not end another one because it could not find out.
const tightLogin = "tight login"

// TestAStoreThatFailsAnywhere lets the n-th call of every operation fail, for
// every n. That must look like an outage, end nothing that was not to end, and
// leave nothing alive that cannot be ended.
func TestAStoreThatFailsAnywhere(t *testing.T) {
	tried := 0
	for _, op := range allOperations() {
		for _, outage := range outages {
			for n := 1; ; n++ {
				failed, err := failAt(t, op, func(i int) fault { return outage.plan(n, i) }, strings.HasPrefix(outage.name, "once"))
				if err != nil {
					t.Errorf("%s, call %d fails %s: %v", op.name, n, outage.name, err)
				}
				if !failed {
					break
				}
				tried++
			}
		}
	}
	t.Logf("%d failures", tried)
	if tried < 300 {
		t.Error("that were few")
	}
}

// TestARequestThatIsCancelledAnywhere is the same for a client that goes away.
func TestARequestThatIsCancelledAnywhere(t *testing.T) {
	for _, op := range allOperations() {
		for n, more := 1, true; more; n++ {
			ctx, cancel := context.WithCancel(t.Context())
			more = false
			plan := func(i int) fault {
				if i == n {
					more = true
					cancel()
				}
				return works
			}
			if err := runSweep(ctx, t, op, plan, context.Canceled, true); err != nil {
				t.Errorf("%s, cancelled before call %d: %v", op.name, n, err)
			}
			cancel()
		}
	}
}

// failAt reports whether a call failed, and what is wrong afterwards.
func failAt(t *testing.T, op operation, plan func(i int) fault, once bool) (failed bool, err error) {
	err = runSweep(t.Context(), t, op, func(i int) fault {
		f := plan(i)
		failed = failed || f != works
		return f
	}, errInjected, once)
	return failed, err
}

// runSweep runs op on a failing store, then asks a healthy one.
func runSweep(ctx context.Context, t *testing.T, op operation, plan func(i int) fault, cause error, once bool) error {
	faulty := new(faultyStore)
	set := setting{room: roomFor([]operation{op}), rotated: true, handing: true, wrap: func(s Store) Store {
		faulty.Store = s
		return faulty
	}}
	if op.name == tightLogin {
		set.room, set.lost = 3, true
	}
	sc := newScene(t, set)
	before := faulty.calls()
	faulty.plan = func(i int) fault { return plan(i - before) }
	token, s, err := op.run(ctx, sc)
	faulty.plan = nil
	if err != nil && (CodeOf(err) != StoreUnavailable || !errors.Is(err, cause)) {
		return fmt.Errorf("it is reported as %w", err)
	}
	in := sc.inspection()
	in.collect()
	if err == nil && token != "" {
		in.issued = append(in.issued, issue{token, s.ID})
	}
	acts := []func() error{in.logoutUser}
	if once { // when the store is back the operation cleans up behind it
		acts = append(acts, in.empty)
	}
	return errors.Join(in.spared(op, err), in.listed(), in.future("LogoutUser", acts...))
}

// spared checks that what op was not to end lives, failure or not.
func (in *inspection) spared(op operation, err error) error {
	for _, i := range in.issued {
		spared := i.id != in.first.ID && op.name != "logoutUser" && op.name != "logoutAll-old"
		switch op.name {
		case tightLogin, "login", "renew", "update", "update-old", "rotate", "rotate-old", "sessions", "check",
			"redeem", "redeem-second", "ticket", "approve", "issue approved":
			spared = true
		case "others", "revoke-other":
			spared = i.id != in.otherID
		}
		if spared && !in.alive(i.token) {
			return fmt.Errorf("a token of %s died", in.nameOf(i))
		}
		if !spared && err == nil && in.alive(i.token) {
			return fmt.Errorf("a token of %s lives on", in.nameOf(i))
		}
	}
	return nil
}

// empty checks that no session record lives, not even one that nobody has the
// token of.
func (in *inspection) empty() error {
	for key, item := range in.store.items {
		if isSessionRecord(key) && recordLives(in.m, key, item.value, millisOf(in.m)) {
			return errors.New("a record that nobody lists outlives a log-out everywhere")
		}
	}
	return nil
}

// TestTimeThatPassesAnywhere lets the first session die of age between any two
// looks at the clock. That is no outage.
func TestTimeThatPassesAnywhere(t *testing.T) {
	for _, aged := range []bool{false, true} {
		for _, op := range operations() {
			for n := int64(1); ; n++ {
				sc := newScene(t, setting{room: roomFor([]operation{op}), lapsing: true, aged: aged})
				sc.clock.jumpAt.Store(sc.clock.reads.Load() + n)
				_, _, err := op.run(t.Context(), sc)
				if code := CodeOf(err); err != nil && (!op.first || code != InvalidSession && code != NotFound) {
					t.Errorf("%s, time passes at look %d: %v", op.name, n, err)
				}
				if millisOf(sc.m) == sc.start {
					break
				}
			}
		}
	}
}
