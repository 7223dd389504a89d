package core

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// future checks what the user can do after a run, then goes back.
func (in *inspection) future(name string, acts ...func() error) error {
	return in.futureIn(in.store.items, name, append(slices.Clone(acts), in.listed)...)
}

// futureIn is future from what another server holds.
func (in *inspection) futureIn(items map[string]mapItem, name string, acts ...func() error) error {
	before, clocks, issued, live := in.store.snapshot(), in.clocks(), len(in.issued), in.live
	defer func() {
		in.store.restore(before)
		in.restoreClocks(clocks)
		in.issued, in.live = in.issued[:issued], live
	}()
	in.store.restore(items)
	for _, act := range acts {
		in.live = map[string]bool{}
		if err := act(); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return nil
}

func (sc *scene) clocks() []int64 {
	times := []int64{sc.clock.ms.Load(), sc.store.observer.clock.ms.Load()}
	for _, in := range sc.store.instances {
		times = append(times, in.clock.ms.Load())
	}
	return times
}

func (sc *scene) restoreClocks(times []int64) {
	sc.clock.ms.Store(times[0])
	sc.store.observer.clock.ms.Store(times[1])
	for i, in := range sc.store.instances {
		in.clock.ms.Store(times[2+i])
	}
}

// sessions checks the list, and that making it finishes what crashes left.
func (in *inspection) sessions() error {
	doomed := in.indexNow().doomed
	list, err := in.m.Sessions(context.Background(), testAppID, sceneUser)
	clear(in.live)
	if err != nil {
		return err
	}
	for _, i := range in.issued {
		shown := slices.ContainsFunc(list, func(s SessionInfo) bool { return s.ID == i.id })
		if in.alive(i.token) && !shown {
			return fmt.Errorf("%s lives and is not in the list", in.nameOf(i))
		}
		if in.gone[i.id] && shown {
			return fmt.Errorf("%s has ended and is in the list", in.nameOf(i))
		}
	}
	return errors.Join(in.listed(), in.finished(doomed))
}

func (in *inspection) login() error {
	doomed := in.indexNow().doomed
	token, s, err := in.m.Login(context.Background(), LoginRequest{Code: sceneUser})
	clear(in.live)
	if err != nil {
		return err
	}
	in.issued = append(in.issued, issue{token, s.ID})
	if !in.alive(token) {
		return errors.New("the new session is dead")
	}
	return errors.Join(in.listed(), in.finished(doomed), in.capped())
}

func (in *inspection) logoutUser() error {
	doomed := in.indexNow().doomed
	err := in.m.LogoutUser(context.Background(), testAppID, sceneUser)
	clear(in.live)
	if err != nil {
		return err
	}
	for _, i := range in.issued {
		if in.alive(i.token) {
			return fmt.Errorf("a token of %s outlives a log-out everywhere", in.nameOf(i))
		}
	}
	return in.finished(doomed)
}

// retry does again what was to end a session and was not heard of, or failed.
func (in *inspection) retry() error {
	if in.store.failed > 1 || in.set.lapsing || in.set.unacked > 0 {
		return nil // something else may have taken the token away meanwhile
	}
	for _, t := range in.store.tasks {
		if !t.op.ends() || t.op.run == nil || t.returned && t.err == nil {
			continue
		}
		if err := in.retryOne(t); err != nil {
			return err
		}
	}
	return nil
}

func (in *inspection) retryOne(t *task) error {
	if t.op.name != "revoke" && t.op.name != "logoutUser" && !t.foundLive {
		return nil
	}
	_, _, err := t.op.run(context.Background(), in.scene)
	clear(in.live)
	if err != nil && CodeOf(err) != NotFound {
		return err
	}
	for _, i := range in.issued {
		must := i.id == in.first.ID || t.op.name == "logoutUser" || in.tookAll(i.id, t)
		if must && in.alive(i.token) {
			return fmt.Errorf("a token of %s outlives the second %s", in.nameOf(i), t.op.name)
		}
	}
	return nil
}

// tookAll tells whether it was t, a log-out everywhere by the client, that took
// the session and the first one, the client's own, off the index.
func (in *inspection) tookAll(id string, t *task) bool {
	byT := func(u *task) bool { return u == t }
	return strings.HasPrefix(t.op.name, "logoutAll") && in.struckBy(id, byT) && in.struckBy(in.first.ID, byT)
}

// later checks that no session goes on under two tokens, once each of them was
// used: then the grace period of all but one has begun.
func (in *inspection) later() error {
	for range 2 {
		for _, i := range in.issued {
			_, _ = in.m.Authenticate(context.Background(), i.token)
		}
		in.store.pass(graceOf(in.m))
	}
	goesOn := map[string]bool{}
	for _, i := range in.issued {
		if in.alive(i.token) && goesOn[i.id] {
			return fmt.Errorf("%s goes on under two tokens", in.nameOf(i))
		}
		goesOn[i.id] = goesOn[i.id] || in.alive(i.token)
	}
	return nil
}

// finished checks that the doomed of before are dead, and forgotten.
func (in *inspection) finished(doomed []string) error {
	if n := len(in.indexNow().doomed); n != 0 {
		return fmt.Errorf("%d records are still on the list of the doomed", n)
	}
	for _, key := range doomed {
		raw, err := in.store.Get(context.Background(), key)
		if err == nil && recordLives(in.m, key, raw, millisOf(in.m)) {
			return errors.New("a doomed record still lives")
		}
	}
	return nil
}
