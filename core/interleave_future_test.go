package core

import (
	"context"
	"errors"
	"fmt"
	"slices"
)

// future checks what the user can do after a run, then goes back.
func (in *inspection) future(name string, acts ...func() error) error {
	before, now, issued, live := in.store.snapshot(), in.m.now(), len(in.issued), in.live
	defer func() {
		in.store.restore(before)
		in.clock.ms.Store(now)
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
		case "revoke", "logoutUser":
		case "logout", "logout-old", "logoutAll-old":
			if !t.foundLive {
				continue
			}
		default:
			continue
		}
		if t.returned && t.err == nil {
			continue
		}
		_, _, err := t.op.run(context.Background(), in.scene)
		clear(in.live)
		if err != nil && CodeOf(err) != NotFound {
			return err
		}
		for _, i := range in.issued {
			must := i.id == in.first.ID || t.op.name == "logoutUser" || t.op.name == "logoutAll-old" && in.endedBy(i.id, t)
			if must && in.alive(i.token) {
				return fmt.Errorf("a token of %s outlives the second %s", in.nameOf(i), t.op.name)
			}
		}
	}
	return nil
}

// endedBy tells whether it was t that took the session and the first one, the
// client's own, off the index.
func (in *inspection) endedBy(id string, t *task) bool {
	return slices.ContainsFunc(in.store.writes, func(w indexWrite) bool {
		before, after := ids(w.before), ids(w.after)
		took := func(id string) bool { return slices.Contains(before, id) && !slices.Contains(after, id) }
		return w.task == t && took(id) && took(in.first.ID)
	})
}

// later checks that no session goes on under two tokens.
func (in *inspection) later() error {
	in.clock.advance(in.m.cfg.RotateGrace)
	goesOn := map[string]string{}
	for _, i := range in.issued {
		if !in.alive(i.token) {
			continue
		}
		if other, ok := goesOn[i.id]; ok && other != i.token {
			return fmt.Errorf("%s goes on under two tokens", in.nameOf(i))
		}
		goesOn[i.id] = i.token
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
