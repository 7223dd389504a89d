package weblogin

import (
	"context"
	"errors"
	"net/url"
	"strconv"
	"time"

	"github.com/wxsession/wxsession/core"
)

const (
	maxWait = 30 // seconds
	// lookEvery is how often a poll that waits looks for what has moved in another
	// process.
	lookEvery = time.Second
	// A poll that finds the login claimed by another one waits for how that ends:
	// if it fails, the login is there for the next. It takes longer than this only
	// where OnLogin does, or when the process has died in between.
	claimPatience  = 3 * time.Second
	claimLookEvery = 100 * time.Millisecond
)

type stateReply struct {
	State state `json:"state"`
}

// poll is a browser that asks how far its login is.
type poll struct {
	visitor
	want      state     // that it knows; "" if it does not wait
	until     time.Time // when it no longer waits
	patient   time.Time // when it no longer waits for the end of a claim; zero before it has seen one
	looks     bool      // it is HEAD, which changes nothing
	conflicts int       // of its claims with other moves
}

func (l *Login) servePoll(ctx context.Context, req core.Request) (any, error) {
	p, err := l.newPoll(req)
	if err != nil {
		return nil, err
	}
	for {
		bell, crowded := l.bells.listen(p.id) // before the look: no move comes between
		reply, rest, err := l.look(ctx, p)
		if crowded && reply != nil {
			rest = 0 // each of those that wait reads the store once a second
		}
		if err == nil && rest > 0 {
			pause(ctx, rest, bell.rung, l.done)
		}
		l.bells.leave(p.id, bell)
		if err != nil || rest <= 0 {
			return reply, err
		}
	}
}

func (l *Login) newPoll(req core.Request) (*poll, error) {
	v, err := l.visitor(req)
	if err != nil {
		return nil, err
	}
	query, err := url.ParseQuery(req.Query)
	if err != nil {
		return nil, errBadRequest("the query is malformed")
	}
	p := &poll{visitor: v, want: state(query.Get("state")), until: time.Now(), looks: req.Method == "HEAD"}
	switch p.want {
	case "", pending, scanned, confirmed, denied:
	default:
		return nil, errBadRequest("state is one of pending, scanned, confirmed, denied")
	}
	if query.Has("wait") {
		seconds, ok := parseWait(query.Get("wait"))
		if !ok {
			return nil, errBadRequest("wait is a number of seconds, at most " + strconv.Itoa(maxWait))
		}
		p.until = p.until.Add(time.Duration(seconds) * time.Second)
	}
	return p, nil
}

func parseWait(text string) (seconds int, ok bool) {
	n, err := strconv.ParseUint(text, 10, 8)
	return int(n), err == nil && n <= maxWait
}

// look returns what to answer, or how long to wait before the next look.
func (l *Login) look(ctx context.Context, p *poll) (reply any, rest time.Duration, err error) {
	f, err := l.findFor(ctx, p.visitor)
	if err != nil {
		return nil, 0, err
	}
	switch {
	case f.State == confirmed && !p.looks:
		claim, err := l.claim(ctx, p.id, f)
		if errors.Is(err, core.ErrConflict) { // somebody was faster
			if p.conflicts++; p.conflicts < maxMoves {
				return nil, time.Nanosecond, nil
			}
			err = errMoves
		}
		if err != nil {
			return nil, 0, err
		}
		reply, err = l.consume(ctx, p.id, claim)
		return reply, 0, err
	case f.State == claimed && !p.looks:
		return l.lookAtClaim(ctx, p)
	case f.shown() == p.want && !l.leaving(ctx):
		rest = min(time.Until(p.until), lookEvery, l.attempts.left(f.attempt))
	}
	return stateReply{f.shown()}, rest, nil
}

// lookAtClaim is look where another request is logging the browser in.
func (l *Login) lookAtClaim(ctx context.Context, p *poll) (reply any, rest time.Duration, err error) {
	if p.patient.IsZero() {
		p.patient = time.Now().Add(claimPatience)
	}
	rest = min(time.Until(p.patient), claimLookEvery)
	switch {
	case l.leaving(ctx):
		return stateReply{scanned}, 0, nil // how it ends the next poll will see
	case rest <= 0:
		return nil, 0, errNotFound()
	}
	return nil, rest, nil
}

// leaving reports whether there is nobody to wait for any longer, or no time.
func (l *Login) leaving(ctx context.Context) bool {
	select {
	case <-l.done:
		return true
	case <-ctx.Done():
		return true
	default:
		return false
	}
}
