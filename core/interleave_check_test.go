package core

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
)

// inspection looks at what a run left: at the store, and at what anybody can
// do with it from there. It asks the store past the scheduler.
type inspection struct {
	*scene
	issued []issue
	live   map[string]bool // what Check says of a token, until the next change
	gone   map[string]bool // ids of the sessions that somebody took off the index
	ended  map[string]bool // ids of those whose end was reported
}

// issue is a token that somebody received. A token whose operation crashed, or
// failed, before it returned is nobody's.
type issue struct {
	token, id string
}

// inspect checks a run's end against the manager's promises.
func (sc *scene) inspect() error {
	in := &inspection{scene: sc, live: map[string]bool{}, gone: map[string]bool{}, ended: map[string]bool{}}
	in.collect()
	return errors.Join(
		in.returned(), in.listed(), in.dead(), in.capped(), in.kept(), in.ring(),
		in.future("Sessions, then LogoutUser", in.sessions, in.logoutUser),
		in.future("Login, then LogoutUser", in.login, in.logoutUser),
		in.future("what failed is tried again", in.retry),
		in.future("the grace period ends", in.later),
	)
}

func (in *inspection) collect() {
	in.issued = []issue{{in.scene.token, in.first.ID}, {in.scene.old, in.first.ID}, {in.other, in.otherID}}
	for _, t := range in.store.tasks {
		if t.returned && t.token != "" {
			in.issued = append(in.issued, issue{t.token, t.session.ID})
		}
		if t.reported() {
			in.collectEnded(t)
		}
	}
	for _, w := range in.store.writes {
		after := ids(w.after)
		for _, id := range ids(w.before) {
			if !slices.Contains(after, id) {
				in.gone[id] = true
				in.ended[id] = in.ended[id] || w.task.reported()
			}
		}
	}
}

// reported tells whether the caller may rely on what t does. NotFound says that
// there is no such session any more.
func (t *task) reported() bool {
	return t.returned && (t.err == nil || CodeOf(t.err) == NotFound)
}

// collectEnded notes what t ended by its mere success: LogoutUser every session
// that was listed when it began, and so every one whose login had returned.
func (in *inspection) collectEnded(t *task) {
	switch t.op.name {
	case "logoutAll-old":
		if !t.foundLive {
			return
		}
		fallthrough
	case "logoutUser":
		in.ended[in.first.ID], in.ended[in.otherID] = true, true
		for _, id := range ids(t.firstIndex) {
			in.ended[id] = true
		}
	case "revoke":
		in.ended[in.first.ID] = true
	case "logout", "logout-old": // a dead token has no power over the others
		in.ended[in.first.ID] = in.ended[in.first.ID] || t.foundLive
	}
}

// ids lists the sessions in the index of an encoded user record.
func ids(raw []byte) []string {
	var list []string
	if u, err := decodeUser(raw); err == nil {
		for _, e := range u.entries {
			list = append(list, e.id)
		}
	}
	return list
}

func (in *inspection) alive(token string) bool {
	live, known := in.live[token]
	if !known {
		_, err := in.m.Check(context.Background(), token)
		live = err == nil
		in.live[token] = live
	}
	return live
}

func (in *inspection) user() *user {
	stored, err := in.m.readUser(context.Background(), in.store.index)
	if err != nil || stored.user == nil {
		return new(user)
	}
	return stored.user
}

// returned checks that what nobody disturbed succeeded, that a store's failure
// was called one, and that a failed operation hands out nothing.
func (in *inspection) returned() error {
	for _, t := range in.store.tasks {
		code := CodeOf(t.err)
		switch {
		case !t.returned || t.err == nil:
		case t.token != "" || t.session != nil:
			return fmt.Errorf("%s handed out something with %w", t.op.name, t.err)
		case t.failed && code == StoreUnavailable && errors.Is(t.err, errInjected):
		case t.op.first && (in.gone[in.first.ID] || in.lapsing) &&
			(code == InvalidSession || code == SessionRevoked || code == NotFound):
		default:
			return fmt.Errorf("%s failed for no reason: %w", t.op.name, t.err)
		}
	}
	return nil
}

// listed checks that every live record that somebody has the token of is named
// in the user record.
func (in *inspection) listed() error {
	u := in.user()
	for _, i := range in.issued {
		d := tokenDigest(i.token)
		e := u.find(i.id)
		if in.alive(i.token) && (e == nil || !slices.Contains(e.records, d)) &&
			!slices.ContainsFunc(u.doomed, func(x doom) bool { return x.record == d }) {
			return fmt.Errorf("a live token of %s is not listed", in.nameOf(i))
		}
	}
	return nil
}

// dead checks that an end that was reported is one, for every token of the
// session, and that nothing else ended one.
func (in *inspection) dead() error {
	for _, t := range in.store.tasks {
		if t.op.name == "logout" && t.reported() && in.alive(in.scene.token) ||
			t.op.name == "logout-old" && t.reported() && in.alive(in.scene.old) {
			return errors.New("a token lives after its log-out was reported")
		}
	}
	for _, i := range in.issued {
		switch alive := in.alive(i.token); {
		case in.ended[i.id] && alive:
			return fmt.Errorf("a token of %s lives after its end was reported", in.nameOf(i))
		case !alive && !in.gone[i.id] && !(in.lapsing && i.token == in.old):
			return fmt.Errorf("a token of %s died, and nobody has ended the session", in.nameOf(i))
		}
	}
	return nil
}

// capped counts the sessions that somebody can use.
func (in *inspection) capped() error {
	live := map[string]bool{}
	for _, i := range in.issued {
		if in.alive(i.token) {
			live[i.id] = true
		}
	}
	if len(live) > in.m.cfg.MaxSessions {
		return fmt.Errorf("%d sessions live, the cap is %d", len(live), in.m.cfg.MaxSessions)
	}
	return nil
}

// kept checks that the updates that returned are there, under the newest token.
func (in *inspection) kept() error {
	i := slices.IndexFunc(in.issued, func(i issue) bool { return i.id == in.first.ID && in.alive(i.token) })
	if i < 0 {
		return nil
	}
	view, err := in.m.Check(context.Background(), in.issued[i].token)
	if err != nil {
		return err
	}
	var s Session
	if err := in.m.Update(context.Background(), view, func(current *Session) error {
		s = *current
		return nil
	}); err != nil && in.gone[in.first.ID] {
		return nil
	} else if err != nil {
		return fmt.Errorf("the first session has no newest record: %w", err)
	}
	least, most := 0, 0
	for _, t := range in.store.tasks {
		if t.op.name != "update" && t.op.name != "update-old" {
			continue
		}
		most++
		if t.returned && t.err == nil {
			least++
			if s.Attr(markOf(t.no)) == "" {
				return fmt.Errorf("the update of task %d is lost", t.no)
			}
		}
	}
	if n, _ := strconv.Atoi(s.Attr("n")); n < least || n > most {
		return fmt.Errorf("%d to %d updates counted as %d", least, most, n)
	}
	return nil
}

// ring checks that the user has the session_keys of the last two logins that
// were stored.
func (in *inspection) ring() error {
	want := []string{"key"}
	for _, w := range in.store.writes {
		before := ids(w.before)
		if slices.ContainsFunc(ids(w.after), func(id string) bool { return !slices.Contains(before, id) }) {
			want = append([]string{keyOf(w.task.no)}, want...)
		}
	}
	keys, err := in.m.sessionKeys(context.Background(), in.store.index)
	var got []string
	for _, k := range keys {
		got = append(got, k.key.Reveal())
	}
	if err != nil || !slices.Equal(got, want[:min(len(want), maxSessionKeys)]) {
		return fmt.Errorf("the ring holds %q (%v), the logins brought %q", got, err, want)
	}
	return nil
}

func (in *inspection) nameOf(i issue) string {
	switch i.id {
	case in.first.ID:
		return "the first session"
	case in.otherID:
		return "the second session"
	}
	return "a new session"
}
