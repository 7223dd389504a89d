package core

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// inspection looks at what a run left: at the store, and at what anybody can
// do with it from there. It asks the store past the scheduler.
type inspection struct {
	*scene
	issued []issue
	live   map[string]bool // what Check says of a token, until the next change
	gone   map[string]bool // ids of the sessions that somebody took off the index
	ended  map[string]bool // ids of those whose end was reported
	denied map[string]bool // ids of those whose end was reported by what only ends sessions
}

// issue is a token that somebody received. A token whose operation crashed, or
// failed, before it returned is nobody's.
type issue struct {
	token, id string
}

// inspect checks a run's end against the manager's promises.
func (sc *scene) inspect() error {
	in := sc.inspection()
	in.collect()
	if sc.set.forgets != "" {
		return in.afterALoss()
	}
	return errors.Join(
		in.returned(), in.listed(), in.dead(), in.capped(), in.ring(), in.overtaken(), in.theft(),
		in.future("an update looks on", in.kept),
		in.future("Sessions, then LogoutUser", in.sessions, in.logoutUser),
		in.future("Login, then LogoutUser", in.login, in.logoutUser),
		in.future("what failed is tried again", in.retry),
		in.future("the grace period ends", in.later),
		in.future("whether the session_key is valid", in.judged),
		in.takenOver(), in.holders(), in.handedOver(),
	)
}

func (sc *scene) inspection() *inspection {
	return &inspection{scene: sc, live: map[string]bool{}, gone: map[string]bool{}, ended: map[string]bool{}, denied: map[string]bool{}}
}

func (in *inspection) collect() {
	in.issued = []issue{{in.scene.old, in.first.ID}}
	if in.scene.token != in.scene.old {
		in.issued = append(in.issued, issue{in.scene.token, in.first.ID})
	}
	if !in.set.alone {
		in.issued = append(in.issued, issue{in.other, in.otherID})
	}
	if in.web != "" {
		in.issued = append(in.issued, issue{in.web, in.webID})
	}
	for _, t := range in.store.tasks {
		if t.returned && t.token != "" {
			in.issued = append(in.issued, issue{t.token, t.session.ID})
		}
		if t.reported() {
			for _, id := range in.endedBy(t) {
				in.ended[id], in.denied[id] = true, true
			}
		}
	}
	for _, w := range in.store.writes {
		for _, id := range in.struck(w) {
			in.gone[id] = true
			in.ended[id] = in.ended[id] || w.task.reported() && in.armed(w.task)
			in.denied[id] = in.denied[id] || w.task.reported() && in.armed(w.task) && w.task.op.ends()
		}
	}
	for _, id := range in.deleted() {
		in.gone[id] = true
	}
	for _, id := range in.children() {
		in.ended[id] = in.ended[id] || in.ended[in.first.ID]
	}
}

// ids lists the sessions in the index of an encoded user record.
func (in *inspection) ids(raw []byte) []string { return readIndex(in.m, in.store.index, raw).ids() }

// struck lists the sessions that a write took off the index.
func (in *inspection) struck(w indexWrite) []string {
	after := in.ids(w.after)
	return slices.DeleteFunc(in.ids(w.before), func(id string) bool { return slices.Contains(after, id) })
}

// deleted lists the sessions that somebody has ended in a store that is full, where
// the index goes on to name them.
func (in *inspection) deleted() (ids []string) {
	for _, i := range in.issued {
		by := in.store.killers[recordKey(i.token)]
		if in.set.full > 0 && by != nil && (by.op.ends() || slices.Contains([]string{"others", "revoke-other", "rotate-old"}, by.op.name)) {
			ids = append(ids, i.id)
		}
	}
	return ids
}

// reported tells whether the caller may rely on what t does. NotFound says that
// there is no such session any more.
func (t *task) reported() bool {
	return t.returned && (t.err == nil || CodeOf(t.err) == NotFound)
}

// ends tells whether op does nothing but end sessions.
func (op operation) ends() bool {
	return strings.HasPrefix(op.name, "logout") || op.name == "revoke"
}

// endedBy lists the sessions that t ends by its mere success: LogoutUser every
// session that was listed when it began, and so every one whose login had
// returned. A client's log-out everywhere has that power only if nobody else has
// ended the client's own session before.
func (in *inspection) endedBy(t *task) []string {
	everything := append(in.ids(t.firstIndex), in.first.ID, in.otherID)
	switch t.op.name {
	case "logoutUser":
		return append(everything, in.approved()...)
	case "others":
		spared := append(in.children(), in.first.ID)
		return slices.DeleteFunc(everything, func(id string) bool { return slices.Contains(spared, id) })
	case "revoke-other":
		return []string{in.otherID}
	case "revoke":
		return []string{in.first.ID}
	case "logoutAll", "logoutAll-old":
		if in.armed(t) {
			return everything
		}
		fallthrough
	case "logout", "logout-old":
		if t.foundLive {
			return []string{in.first.ID}
		}
	}
	return nil
}

// armed tells whether t can end what it is to end: a log-out everywhere by a
// client whose session somebody else has ended has no power over others.
func (in *inspection) armed(t *task) bool {
	if !strings.HasPrefix(t.op.name, "logoutAll") {
		return true
	}
	killer := in.store.killers[recordKey(in.loggedOut(t))]
	return t.everLive && !in.struckBy(in.first.ID, func(u *task) bool { return u != t }) &&
		(t.foundLive || killer == nil || killer == t)
}

// struckBy tells whether one of some tasks took the session off the index.
func (in *inspection) struckBy(id string, some func(*task) bool) bool {
	return slices.ContainsFunc(in.store.writes, func(w indexWrite) bool {
		return some(w.task) && slices.Contains(in.struck(w), id)
	})
}

// loggedOut returns the token that t logs out, or "".
func (in *inspection) loggedOut(t *task) string {
	switch t.op.name {
	case "logout", "logoutAll":
		return in.scene.token
	case "logout-old", "logoutAll-old":
		return in.scene.old
	}
	return ""
}

// alive asks without leaving a trace: for a token that a rotation has made, this
// may be the first use.
func (in *inspection) alive(token string) bool {
	live, known := in.live[token]
	if !known {
		before := in.store.snapshot()
		_, err := in.m.Check(context.Background(), token)
		in.store.restore(before)
		live = err == nil
		in.live[token] = live
	}
	return live
}

func (in *inspection) indexNow() usersIndex {
	raw, err := in.store.Get(context.Background(), in.store.index)
	if err != nil {
		return usersIndex{}
	}
	return readIndex(in.m, in.store.index, raw)
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
		case t.failed && code == StoreUnavailable && isInjected(t.err):
		case t.op.first && (in.gone[in.first.ID] || in.set.lapsing) &&
			(code == InvalidSession || code == SessionRevoked || code == NotFound):
		case in.refusedRightly(t, code):
		default:
			return fmt.Errorf("%s failed for no reason: %w", t.op.name, t.err)
		}
	}
	return nil
}

// isInjected tells whether a call that the rig let fail is the cause of err.
func isInjected(err error) bool { return errors.Is(err, errInjected) || errors.Is(err, ErrFull) }

// listed checks that every live record that somebody has the token of is named
// in the user record.
func (in *inspection) listed() error {
	index := in.indexNow()
	for _, i := range in.issued {
		if in.alive(i.token) && !index.names(i.id, recordKey(i.token)) {
			return fmt.Errorf("a live token of %s is not listed", in.nameOf(i))
		}
	}
	return nil
}

// dead checks that an end that was reported is one, for every token of the
// session, and that nothing else ended one.
func (in *inspection) dead() error {
	if err := in.loggedOutAreDead(); err != nil {
		return err
	}
	for _, i := range in.issued {
		switch alive := in.alive(i.token); {
		case in.ended[i.id] && alive:
			return fmt.Errorf("a token of %s lives after its end was reported", in.nameOf(i))
		case !alive && !in.gone[i.id] && !in.agedOut(i):
			return fmt.Errorf("a token of %s died, and nobody has ended the session", in.nameOf(i))
		}
	}
	return nil
}

// agedOut tells whether the token may have died of age, by the clock of any
// instance.
func (in *inspection) agedOut(i issue) bool {
	now := in.clock.ms.Load()
	for _, other := range in.store.instances {
		now = max(now, other.clock.ms.Load())
	}
	expiry, known := in.expiries[i.token]
	return known && in.set.lapsing && now >= expiry
}

// loggedOutAreDead needs no more than that the log-out succeeded.
func (in *inspection) loggedOutAreDead() error {
	for _, t := range in.store.tasks {
		if token := in.loggedOut(t); token != "" && t.reported() && in.alive(token) {
			return errors.New("a token lives after its log-out was reported")
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
	if len(live) > maxSessionsOf(in.m) {
		return fmt.Errorf("%d sessions live, the cap is %d", len(live), maxSessionsOf(in.m))
	}
	return nil
}

func (in *inspection) nameOf(i issue) string {
	switch i.id {
	case in.first.ID:
		return "the first session"
	case in.otherID:
		return "the second session"
	case in.webID:
		return "a session that was handed over before"
	}
	return "a new session"
}
