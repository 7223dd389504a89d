package faults_test

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/wxsession/wxsession/core"
)

// restless is a clock that requests move, so that each of them is due to renew
// its session.
type restless struct{ ms atomic.Int64 }

const (
	restlessIdle = 20 * time.Hour
	restlessStep = restlessIdle/20 + time.Minute
)

func (c *restless) Now() time.Time { return time.UnixMilli(c.ms.Load()) }

// move makes a renewal due. It stays put while the session's last one is long
// ago: parallel requests must not talk it to death.
func (c *restless) move(lastSeen time.Time) {
	if c.Now().Sub(lastSeen) < restlessIdle/2 {
		c.ms.Add(restlessStep.Milliseconds())
	}
}

// flight is a session in use on two instances at the moment of its log-out.
type flight struct {
	t     *testing.T
	clock *restless
	token string

	renewals  atomic.Int64
	ending    atomic.Bool
	ended     atomic.Pointer[time.Time] // when Logout returned
	mu        sync.Mutex
	firstDead time.Time // when instance b first refused
}

func TestLogoutAgainstRequestsInFlight(t *testing.T) {
	eachTwins(t, func(t *testing.T, w twins) {
		clock := &restless{}
		clock.ms.Store(time.Now().UnixMilli())
		in := w.instances(t, core.Config{IdleTimeout: restlessIdle, Lifetime: 5 * 365 * 24 * time.Hour, Now: clock.Now})
		var lags []time.Duration
		for round := range 2 * rounds {
			user := fmt.Sprint("travelling-", round)
			f := &flight{t: t, clock: clock}
			f.token, _ = login(t, in.b, user)
			lags = append(lags, f.logOut(in))
			in.wantDead(t, []string{f.token})
			in.wantAgreement(t, user, []string{f.token}, 0)
		}
		mid, longest := median(lags)
		t.Logf("the other instance refuses %v after the log-out has returned (median), at the latest after %v", mid, longest)
	})
}

// logOut ends the session on instance a while both serve it, and returns how
// long b went on.
func (f *flight) logOut(in instances) time.Duration {
	f.t.Helper()
	var wg sync.WaitGroup
	for i := range 6 {
		wg.Go(func() { f.request(in.of(i), i%2 == 1, in.lag) })
	}
	eventually(f.t, "renewals in flight", recovery, func() bool { return f.renewals.Load() >= 20 })
	f.ending.Store(true)
	wantLogout(f.t, in.a, f.token)
	now := time.Now()
	f.ended.Store(&now)
	wg.Wait()
	return max(0, f.firstDead.Sub(now))
}

// request goes on until it is refused.
func (f *flight) request(m *core.Manager, other bool, lag time.Duration) {
	seen := f.clock.Now()
	for {
		f.clock.move(seen)
		began := time.Now()
		s, err := m.Authenticate(f.t.Context(), f.token)
		switch code := core.CodeOf(err); {
		case err == nil && s.LastSeen().After(seen):
			seen = s.LastSeen()
			f.renewals.Add(1)
		case err == nil:
		case code != core.CodeInvalidSession && code != core.CodeSessionRevoked || !f.ending.Load():
			f.t.Errorf("request: %v", err)
			return
		default:
			f.refused(other)
			return
		}
		if end := f.ended.Load(); end != nil && (!other && began.After(*end) || began.After(end.Add(lag))) {
			f.t.Errorf("served %v after the log-out had returned", began.Sub(*end))
			return
		}
	}
}

func (f *flight) refused(other bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if other && f.firstDead.IsZero() {
		f.firstDead = time.Now()
	}
}
