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
	before, issued, live := in.store.snapshot(), len(in.issued), in.live
	defer func() {
		in.store.restore(before)
		in.issued, in.live = in.issued[:issued], live
	}()
	in.live = map[string]bool{}
	for _, act := range acts {
		if err := errors.Join(act(), in.listed()); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return nil
}

// sessions checks the list, and that making it finishes what crashes left.
func (in *inspection) sessions() error {
	doomed := in.doomed()
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
	return in.finished(doomed)
}

func (in *inspection) login() error {
	doomed := in.doomed()
	token, s, err := in.m.Login(context.Background(), LoginRequest{Code: sceneUser})
	clear(in.live)
	if err != nil {
		return err
	}
	in.issued = append(in.issued, issue{token, s.ID})
	if !in.alive(token) {
		return errors.New("the new session is dead")
	}
	return errors.Join(in.finished(doomed), in.capped())
}

func (in *inspection) logoutUser() error {
	doomed := in.doomed()
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
	if in.store.failed > 1 || in.lapsing {
		return nil // something else may have taken the token away meanwhile
	}
	for _, t := range in.store.tasks {
		switch t.op.name {
		case "logout", "logout-old", "revoke", "logoutUser":
		default:
			continue
		}
		if t.returned && t.err == nil || !t.foundLive && strings.HasPrefix(t.op.name, "logout-") {
			continue
		}
		_, _, err := t.op.run(context.Background(), in.scene)
		clear(in.live)
		if err != nil && CodeOf(err) != NotFound {
			return err
		}
		for _, i := range in.issued {
			if i.id == in.first.ID && in.alive(i.token) {
				return fmt.Errorf("a token of the first session outlives the second %s", t.op.name)
			}
		}
	}
	return nil
}

func (in *inspection) doomed() []doom { return in.user().doomed }

// finished checks that the doomed of before are dead, and forgotten.
func (in *inspection) finished(doomed []doom) error {
	if n := len(in.doomed()); n != 0 {
		return fmt.Errorf("%d records are still on the list of the doomed", n)
	}
	for _, d := range doomed {
		raw, err := in.store.Get(context.Background(), d.record.key(sessionPrefix))
		if rec, bad := parseRecord(raw); err == nil && bad == nil && rec.check(in.m.now()) == nil {
			return errors.New("a doomed record still lives")
		}
	}
	return nil
}
