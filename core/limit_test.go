package core

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/wxsession/wxsession/core/wxapi"
)

func TestRatesAreReadAndWritten(t *testing.T) {
	for text, want := range map[string]Rate{"20/s": {20, time.Second}, "600/m": {600, time.Minute}, "1000/h": {1000, time.Hour}, "off": {N: -1}} {
		var r Rate
		if err := r.UnmarshalText([]byte(text)); err != nil || r != want || r.String() != text {
			t.Errorf("%s: %v, %v", text, r, err)
		}
	}
	for _, text := range []string{"", "20", "20/", "/s", "0/s", "-1/s", "20/d", "20/s/s", "x/s", "1e3/s", "99999999/s", "OFF"} {
		var r Rate
		if err := r.UnmarshalText([]byte(text)); err == nil {
			t.Errorf("%q is read as %v", text, r)
		}
	}
}

// FuzzRate: what is read is written the same way, and limits.
func FuzzRate(f *testing.F) {
	good := 0
	for _, text := range []string{"20/s", "off", "1/h", "x", "+5/m"} {
		f.Add(text)
		if new(Rate).UnmarshalText([]byte(text)) == nil {
			good++
		}
	}
	if good != 4 {
		f.Fatalf("%d rates of the corpus are read, want 4", good)
	}
	f.Fuzz(func(t *testing.T, text string) {
		var r, again Rate
		if r.UnmarshalText([]byte(text)) != nil {
			return
		}
		if err := again.UnmarshalText([]byte(r.String())); err != nil || again != r || r.check() != nil {
			t.Errorf("%q is %v, then %v, %v", text, r, again, err)
		}
	})
}

func TestALimiterGivesTwiceTheRateAtOnceAndThenTheRate(t *testing.T) {
	l := newLimiter(Rate{20, time.Second})
	now := int64(1e18)
	passed := func(n int) (passed int) {
		for range n {
			if l.take("a", now) == 0 {
				passed++
			}
		}
		return passed
	}
	if n := passed(100); n != 40 {
		t.Errorf("%d pass at once, want 40", n)
	}
	if wait := l.take("a", now); wait != 50*time.Millisecond {
		t.Errorf("the next one waits for %v, want 50ms", wait)
	}
	total := 0
	for range 100 {
		now += int64(100 * time.Millisecond)
		total += passed(10)
	}
	if total != 200 {
		t.Errorf("%d pass in ten seconds, want 200", total)
	}
	now -= int64(24 * time.Hour) // the clock is set back
	if n := passed(100); n != 40 {
		t.Errorf("%d pass at once after the clock was set back, want 40", n)
	}
	now += int64(10 * time.Second)
	if n := passed(100); n != 40 {
		t.Errorf("%d pass at once some time later, want 40", n)
	}
	if newLimiter(Rate{}).take("a", 0) != 0 || newLimiter(Rate{N: -1}).take("a", 0) != 0 {
		t.Error("no limit limits")
	}
}

// TestJunkDoesNotPushOutHonestOnes: whoever uses many addresses neither gets
// more for one of them, nor shuts out others.
func TestJunkDoesNotPushOutHonestOnes(t *testing.T) {
	l := newLimiter(Rate{1, time.Second})
	now := int64(1e18)
	for range 2 {
		l.take("greedy", now)
	}
	if l.take("greedy", now) == 0 {
		t.Fatal("three pass at a rate of one a second")
	}
	for i := range 2000 {
		for range 3 {
			l.take(fmt.Sprint("junk ", i), now)
		}
	}
	if l.take("greedy", now) == 0 {
		t.Error("junk has made the limiter forget")
	}
	refused := 0
	for i := range 1000 {
		if l.take(fmt.Sprint("honest ", i), now) != 0 {
			refused++
		}
	}
	if refused > 3 {
		t.Errorf("with 2000 addresses used up, %d of 1000 honest ones are refused", refused)
	}
}

func TestTheBreakerOpensDoublesAndCloses(t *testing.T) {
	var b breaker
	now := int64(1_000_000)
	ask := func(silent bool) (asked bool) {
		wait, probe := b.enter(now)
		if wait > 0 {
			return false
		}
		b.leave(now, probe, silent)
		return true
	}
	for range breakerSilent - 1 {
		ask(true)
	}
	ask(false)
	for range breakerSilent - 1 {
		ask(true)
	}
	if b.open() {
		t.Fatal("an answer in between does not count")
	}
	ask(true)
	for _, period := range []int64{1, 2, 4, 8, 16, 30, 30} {
		if now += period*1000 - 1; ask(true) {
			t.Errorf("asked before the period of %d s is over", period)
		}
		if now++; !ask(true) || ask(true) {
			t.Errorf("after %d s exactly one tries its luck", period)
		}
	}
	if wait, _ := b.enter(now); wait != 30*time.Second {
		t.Errorf("the wait is %v", wait)
	}
	now -= 3_600_000 // the clock is set back
	for range 2 {
		if !ask(false) || b.open() {
			t.Error("an answer does not close it")
		}
	}
	for range breakerSilent {
		ask(true)
	}
	now += 1000
	_, probe := b.enter(now) // whose caller is never heard of again
	if wait, _ := b.enter(now); !probe || wait != time.Second {
		t.Errorf("while one tries, others wait %v", wait)
	}
	now += 1000
	if _, probe := b.enter(now); !probe {
		t.Error("one that is lost keeps the door shut")
	}
}

// What finds no place among the exchanges has asked nothing. It may have come
// before the breaker opened, and says nothing about WeChat.
func TestWhatFindsNoPlaceDoesNotCloseTheBreaker(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, m := new(app), &Manager{exchanges: newPlaces(1)}
		m.clock.set = time.Now
		m.exchanges.all <- struct{}{}
		done := make(chan error)
		go func() { done <- m.upstream(t.Context(), a, exchangeCalls, func() error { return nil }) }()
		synctest.Wait() // it waits for a place
		for range breakerSilent {
			a.breakers[exchangeCalls].leave(m.now(), false, true)
		}
		if err := <-done; CodeOf(err) != CodeRateLimited || !a.breakers[exchangeCalls].open() {
			t.Errorf("%v; the breaker is open: %v", err, a.breakers[exchangeCalls].open())
		}
	})
}

// Who goes away while it waits for a place has not tried WeChat: the next one may.
func TestAProbeThatGoesAwayBeforeItAskedSaysNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, m := new(app), &Manager{exchanges: newPlaces(1)}
		m.clock.set = time.Now
		for range breakerSilent {
			a.breakers[exchangeCalls].leave(m.now(), false, true)
		}
		time.Sleep(breakerPeriod)
		m.exchanges.all <- struct{}{}
		gone, cancel := context.WithCancel(t.Context())
		cancel()
		for range 5 {
			_ = m.upstream(gone, a, exchangeCalls, func() error { t.Error("WeChat was asked"); return nil })
		}
		<-m.exchanges.all
		if err := m.upstream(t.Context(), a, exchangeCalls, func() error { return nil }); err != nil || a.breakers[exchangeCalls].open() {
			t.Errorf("the next one: %v; the breaker is open: %v", err, a.breakers[exchangeCalls].open())
		}
	})
}

// Clients that go away at once must not open the breaker; those that have less
// patience than we do must not keep it from opening.
func TestWhoGoesAwayFromAWeChatThatIsSilentCounts(t *testing.T) {
	for patience, want := range map[time.Duration]bool{time.Second: false, 3 * time.Second: true} {
		synctest.Test(t, func(t *testing.T) {
			a, m := new(app), &Manager{exchanges: newPlaces(1)}
			m.clock.set = time.Now
			for range breakerSilent {
				ctx, cancel := context.WithCancel(t.Context())
				_ = m.upstream(ctx, a, exchangeCalls, func() error {
					time.Sleep(patience)
					cancel()
					return &wxapi.Error{Kind: wxapi.KindUnavailable}
				})
			}
			if a.breakers[exchangeCalls].open() != want {
				t.Errorf("after %v each: the breaker is open: %v", patience, !want)
			}
		})
	}
}
