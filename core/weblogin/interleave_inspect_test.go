package weblogin_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/wxsession/wxsession/core"
)

// inspection looks at what a run has left: by a process of its own, past the
// scheduler.
type inspection struct {
	*scene
	*site
	handed   []string // tokens that browsers got
	crashed  bool
	late     bool // a call came late, or may still come
	faults   int
	expired  bool
	ended    bool // the log-out was answered: of the session that asked for the ticket
	endedAll bool // of all of them
	denied   bool // a decision was answered
	agreed   bool
}

func (sc *scene) inspect() error {
	in := &inspection{scene: sc, site: sc.process(sc.sched.base)}
	for _, t := range sc.tasks {
		in.faults += len(t.faults)
		in.crashed = in.crashed || slices.Contains(t.faults, crashes)
		in.late = in.late || slices.Contains(t.faults, failsLate)
		in.expired = in.expired || t.name == passes
		if !t.returned {
			continue
		}
		if c := t.answer.cookie("__Host-wx"); c != nil {
			in.handed = append(in.handed, c.Value)
		}
		switch {
		case t.answer.status >= 300:
		case t.name == "log-out everywhere":
			in.ended, in.endedAll = true, true
		case t.name == "log-out":
			in.ended = true
		case t.name == "confirm":
			in.agreed = true
		case t.name == "deny":
			in.denied = true
		}
	}
	if in.handed == nil && in.crashed { // by one who is no more
		in.late = true
	}
	return errors.Join(in.answers(), in.login(), in.handOver(), in.sessions(), in.drawn())
}

// asks reports whether there is a request whose name begins so.
func (in *inspection) asks(name string) bool {
	return slices.ContainsFunc(in.tasks, func(t *task) bool { return strings.HasPrefix(t.name, name) })
}

// givenBack reports whether the ticket was in use by another request meanwhile, which
// could not end well, and gave it back.
func (in *inspection) givenBack(t *task) bool {
	return slices.ContainsFunc(in.tasks, func(u *task) bool {
		return u != t && strings.HasPrefix(u.name, "enter") && u.returned && u.answer.status == 503
	})
}

// answers checks that everybody was told the truth.
func (in *inspection) answers() error {
	for _, t := range in.tasks {
		a := t.answer
		refused := func(status int, code string) bool { return a.status == status && a.member("error") == code }
		switch {
		case !t.returned || a.status < 400:
		case refused(503, "store_unavailable") && len(t.faults) > 0:
		case refused(404, "not_found") && (len(in.handed) > 0 || in.expired || in.late || in.crashed):
		case refused(409, "conflict") && t.name != "poll" && (in.agreed || in.denied || in.asks("scan") || in.crashed || in.late):
		case refused(401, "invalid_ticket") && (len(in.handed) > 0 || in.asks("log-out") || in.late || in.crashed || in.givenBack(t)):
		case (refused(401, "invalid_session") || refused(401, "session_revoked")) && in.asks("log-out"):
		default:
			return fmt.Errorf("%s was told %d %s", t.name, a.status, a.body)
		}
	}
	if in.agreed && in.denied {
		return errors.New("confirmed and denied")
	}
	return nil
}

// login sees the browser's login to its end: one session at most, none after a
// denial, and nothing lost by a failure that the store has told of.
func (in *inspection) login() error {
	if !in.asks("poll") && !in.asks("confirm") && !in.asks("deny") && !in.asks("scan") {
		return nil
	}
	if err := in.scanned(); err != nil {
		return err
	}
	before := len(in.handed)
	a := in.poll(in.site, "")
	if c := a.cookie("__Host-wx"); c != nil {
		in.handed = append(in.handed, c.Value)
	}
	sure := !in.crashed && !in.late && in.faults <= 1 && !in.expired
	switch {
	case len(in.handed) > 1:
		return fmt.Errorf("%d sessions for one login", len(in.handed))
	case before == 1 && a.status != 404:
		return fmt.Errorf("after the login a poll gets %d %s", a.status, a.body)
	case in.expired && a.status != 404:
		return fmt.Errorf("after its time a poll gets %d %s", a.status, a.body)
	case in.denied && len(in.handed) > 0:
		return errors.New("denied, and logged in")
	case sure && before == 0 && in.agreed && !in.asks("log-out") && a.status != 200:
		return fmt.Errorf("the login is lost: %d %s", a.status, a.body)
	case sure && before == 0 && in.asks("poll") && !in.asks("log-out") && !in.asks("deny") && !in.asks("confirm") && len(in.handed) == 0:
		return fmt.Errorf("the login is lost: %d %s", a.status, a.body)
	case a.status == 503:
		return fmt.Errorf("a healthy store gives %s", a.body)
	}
	return nil
}

// scanned checks that a login is one user's.
func (in *inspection) scanned() error {
	if !in.asks("scan") {
		return nil
	}
	owners := 0
	for _, token := range []string{in.alice, in.bob} {
		switch a := in.act(context.Background(), token, in.id, "confirm"); a.status {
		case 200:
			owners++
		case 409:
		default:
			return fmt.Errorf("confirming gives %d %s", a.status, a.body)
		}
	}
	told := 0
	for _, t := range in.tasks {
		if t.returned && t.answer.status == 200 && strings.HasPrefix(t.name, "scan") {
			told++
		}
	}
	if owners > 1 || told > owners {
		return fmt.Errorf("%d users can confirm, %d were told so", owners, told)
	}
	return nil
}

// handOver uses the ticket once more.
func (in *inspection) handOver() error {
	if !in.asks("enter") {
		return nil
	}
	before := len(in.handed)
	a := in.enter(in.site)
	if c := a.cookie("__Host-wx"); c != nil {
		in.handed = append(in.handed, c.Value)
	}
	switch {
	case len(in.handed) > 1:
		return fmt.Errorf("%d sessions for one ticket", len(in.handed))
	case in.ended && a.status != 401:
		return fmt.Errorf("after the log-out the ticket gives %d %s", a.status, a.body)
	case before == 0 && !in.crashed && !in.late && in.faults <= 1 && !in.asks("log-out") && a.status != 303:
		return fmt.Errorf("the ticket is lost: %d %s", a.status, a.body)
	}
	return nil
}

// sessions checks what lives: no more than browsers have, but for what nobody got
// to hear of, and nothing after a log-out that was answered.
func (in *inspection) sessions() error {
	live := 0
	for _, user := range []string{"o-alice", "o-bob"} {
		list, err := in.wx.Sessions(context.Background(), "", user)
		if err != nil {
			return err
		}
		live += len(list)
	}
	most := 2 + len(in.handed)
	if in.crashed || in.faults > 1 {
		most = 3
	}
	if in.endedAll {
		most = 1
	}
	if live > most {
		return fmt.Errorf("%d sessions live, %d browsers have one", live, len(in.handed))
	}
	for _, token := range in.handed {
		_, err := in.wx.Check(context.Background(), token)
		dead := in.endedAll || in.ended && in.asks("enter")
		if code := core.CodeOf(err); err != nil && code == core.CodeStoreUnavailable || dead == (err == nil) && (dead || !in.asks("log-out")) {
			return fmt.Errorf("a browser's session: %w; log-out answered: %v", err, dead)
		}
	}
	return nil
}

// drawn checks that WeChat is not asked again for what it has drawn.
func (in *inspection) drawn() error {
	if n := in.wechat.calls.Load(); n > 1+int64(in.faults) {
		return fmt.Errorf("WeChat was asked %d times", n)
	}
	return nil
}
