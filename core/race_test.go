package core

import (
	"context"
	"fmt"
	"strconv"
	"sync"
	"testing"
	"time"
)

// together runs n goroutines that start at the same moment.
func together(n int, do func(i int)) {
	var wg sync.WaitGroup
	start := make(chan struct{})
	for i := range n {
		wg.Go(func() {
			<-start
			do(i)
		})
	}
	close(start)
	wg.Wait()
}

// racers are managers of two processes on one store: of one process only, those
// that change a value would take turns.
type racers [2]*Manager

func (r racers) of(i int) *Manager { return r[i%len(r)] }

// raceRounds repeats a race, each time from a fresh start.
func raceRounds(t *testing.T, cfg Config, round func(ms racers, clock *testClock)) {
	for range 20 {
		clock := newTestClock()
		store := newMapStore(clock)
		round(racers{newTestManager(t, clock, store, cfg), newTestManager(t, clock, store, cfg)}, clock)
	}
}

func alive(m *Manager, token string) bool {
	_, err := m.Check(context.Background(), token)
	return err == nil
}

func TestLogoutAgainstRequestsThatRenew(t *testing.T) {
	raceRounds(t, Config{}, func(ms racers, clock *testClock) {
		token, _ := mustLogin(t, ms[0], "alice")
		clock.advance(10 * time.Hour) // every renewal is due
		together(16, func(i int) {
			if i == 0 {
				if err := ms.of(i).Logout(t.Context(), token); err != nil {
					t.Error(err)
				}
				if alive(ms[0], token) {
					t.Error("the token works after the log-out")
				}
				return
			}
			if _, err := ms.of(i).Authenticate(t.Context(), token); err != nil && CodeOf(err) != CodeInvalidSession {
				t.Error(err)
			}
		})
		if alive(ms[0], token) {
			t.Error("a request in flight has undone the log-out")
		}
	})
}

func TestLogoutUserAgainstLogins(t *testing.T) {
	raceRounds(t, Config{MaxSessions: 100}, func(ms racers, _ *testClock) {
		var mu sync.Mutex
		var before []string // tokens that were handed out
		together(12, func(i int) {
			if i > 2 {
				token, _, err := ms.of(i).Login(t.Context(), LoginRequest{Code: "alice"})
				if err != nil {
					t.Error(err)
				}
				mu.Lock()
				before = append(before, token)
				mu.Unlock()
				return
			}
			mu.Lock()
			issued := before
			mu.Unlock()
			if err := ms.of(i).LogoutUser(t.Context(), testAppID, "alice"); err != nil {
				t.Error(err)
			}
			for _, token := range issued {
				if alive(ms[0], token) {
					t.Error("a token that was issued before the log-out works")
				}
			}
		})
		living := 0
		for _, token := range before {
			if alive(ms[0], token) {
				living++
			}
		}
		list, err := ms[1].Sessions(t.Context(), testAppID, "alice")
		if err != nil || len(list) != living {
			t.Errorf("%d sessions live, %d are listed, %v", living, len(list), err)
		}
	})
}

func TestTheCapUnderParallelLogins(t *testing.T) {
	const logins, most = 20, 3
	raceRounds(t, Config{MaxSessions: most}, func(ms racers, _ *testClock) {
		tokens := make([]string, logins)
		together(logins, func(i int) {
			var err error
			if tokens[i], _, err = ms.of(i).Login(t.Context(), LoginRequest{Code: "alice"}); err != nil {
				t.Error(err)
			}
		})
		living := 0
		for _, token := range tokens {
			if alive(ms[0], token) {
				living++
			}
		}
		if living != most {
			t.Errorf("%d sessions live, it should be %d", living, most)
		}
	})
}

// TestUpdatesThroughOneSession shares the *Session, as handlers of one request
// may, while requests renew it and clients rotate it.
func TestUpdatesThroughOneSession(t *testing.T) {
	const updates = 100
	clock := newTestClock()
	m := newTestManager(t, clock, newMapStore(clock), Config{})
	token, s := mustLogin(t, m, "alice")
	clock.advance(10 * time.Hour)
	newest := token
	together(updates+2, func(i int) {
		switch i {
		case updates:
			if _, err := m.Authenticate(t.Context(), token); err != nil {
				t.Error(err)
			}
		case updates + 1:
			var err error
			if newest, _, err = m.Rotate(t.Context(), token); err != nil {
				t.Error(err)
			}
		default:
			err := m.Update(t.Context(), s, func(s *Draft) error {
				n, _ := strconv.Atoi(s.Attr("n"))
				s.SetAttr("n", strconv.Itoa(n+1))
				s.SetAttr(fmt.Sprint("by ", i), "1")
				return nil
			})
			if err != nil {
				t.Error(err)
			}
		}
	})
	got := mustCheck(t, m, newest)
	if got.Attr("n") != strconv.Itoa(updates) {
		t.Errorf("%d updates counted as %s", updates, got.Attr("n"))
	}
	for i := range updates {
		if got.Attr(fmt.Sprint("by ", i)) != "1" {
			t.Errorf("update %d is lost", i)
		}
	}
	if s.Attr("n") != "" {
		t.Error("the snapshot has changed")
	}
}
