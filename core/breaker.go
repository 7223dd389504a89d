package core

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/wxsession/wxsession/core/wxapi"
)

// breaker keeps requests from waiting for a WeChat that is silent: after some
// calls in a row without an answer, all are refused at once, but for one in
// each period that tries its luck.
type breaker struct {
	mu     sync.Mutex
	silent int           // exchanges in a row without an answer
	period time.Duration // 0: closed
	until  int64         // Unix milliseconds: end of the period
}

const (
	breakerSilent  = 10
	breakerPeriod  = time.Second
	breakerLongest = 30 * time.Second
	exchangeSlow   = upstreamTimeout / 2
)

// enter returns how long to wait, or 0 and whether the exchange is one that
// tries its luck.
func (b *breaker) enter(now int64) (wait time.Duration, probe bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.period == 0 {
		return 0, false
	}
	wait = time.Duration(b.until-now) * time.Millisecond
	if wait > 0 && wait <= breakerLongest { // else the clock was set back
		return wait, false
	}
	b.until = now + b.period.Milliseconds()
	return 0, true
}

// leave draws its conclusion from how an exchange ended.
func (b *breaker) leave(now int64, probe, silent bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch {
	case !silent:
		b.silent, b.period = 0, 0
	case probe:
		b.period = min(2*b.period, breakerLongest)
		b.until = now + b.period.Milliseconds()
	case b.period == 0:
		if b.silent++; b.silent >= breakerSilent {
			b.period = breakerPeriod
			b.until = now + b.period.Milliseconds()
		}
	}
}

// abandon takes an exchange back whose caller went away: it says nothing about
// WeChat. Another one may try its luck.
func (b *breaker) abandon(now int64, probe bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if probe && b.period > 0 {
		b.until = now
	}
}

func (b *breaker) open() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.period > 0
}

// isSilence reports whether err means that WeChat gave no answer. A refusal is
// one, and so is "busy".
func isSilence(err error) bool {
	if own, ok := errors.AsType[*Error](err); ok && own.Code == CodeStoreUnavailable {
		return false // the access token's place in the store
	}
	refusal, ok := errors.AsType[*wxapi.Error](err)
	return ok && refusal.Kind == wxapi.KindUnavailable && refusal.ErrCode == 0
}

// callKind is what WeChat is asked for. Each kind has a breaker of its own for each
// app, so that an endpoint that is down shuts no other one.
type callKind uint8

const (
	exchangeCalls callKind = iota // of the codes of logins
	keyCalls                      // checks of session_keys
	phoneCalls
	otherCalls // of packages on top of core, such as a scan login's images
	callKinds
)

// upstream lets call ask WeChat for an app, if WeChat has answered such calls
// lately, and when there is a place among the calls under way.
func (m *Manager) upstream(ctx context.Context, a *app, kind callKind, call func() error) error {
	breaker := &a.breakers[kind]
	wait, probe := breaker.enter(m.now())
	if wait > 0 {
		e := errWeChat(errBreaker)
		e.RetryAfter, e.reason = wait, ReasonBreaker
		return e
	}
	if err := m.exchanges.take(ctx, kind); err != nil {
		switch { // whoever was to try has not
		case probe && errors.Is(ctx.Err(), context.Canceled):
			breaker.abandon(m.now(), true)
		case probe: // others say nothing about WeChat
			breaker.leave(m.now(), true, true)
		}
		return err
	}
	defer m.exchanges.leave(kind)
	began := m.now()
	err := call()
	silent, now := isSilence(err), m.now()
	// Or a client could shut everybody out. But where WeChat has kept it waiting for
	// long, it only has less patience than we do, and is right about the silence.
	if silent && now-began < exchangeSlow.Milliseconds() && errors.Is(ctx.Err(), context.Canceled) {
		breaker.abandon(now, probe)
		return err
	}
	breaker.leave(now, probe, silent)
	return err
}

var errBreaker = errors.New("WeChat has not answered lately; not asking for a moment")
