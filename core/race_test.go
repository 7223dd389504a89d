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

// raceRounds repeats a race, each time from a fresh start.
func raceRounds(t *testing.T, cfg Config, round func(m *Manager, clock *testClock)) {
	for range 20 {
		clock := newTestClock()
		round(newTestManager(t, clock, newMapStore(clock), cfg), clock)
	}
}

func alive(m *Manager, token string) bool {
	_, err := m.Check(context.Background(), token)
	return err == nil
}

func TestLogoutAgainstRequestsThatRenew(t *testing.T) {
	raceRounds(t, Config{}, func(m *Manager, clock *testClock) {
		token, _ := mustLogin(t, m, "alice")
		clock.advance(10 * time.Hour) // every renewal is due
		together(16, func(i int) {
			if i == 0 {
				if err := m.Logout(t.Context(), token); err != nil {
					t.Error(err)
				}
				if alive(m, token) {
					t.Error("the token works after the log-out")
				}
				return
			}
			if _, err := m.Authenticate(t.Context(), token); err != nil && CodeOf(err) != InvalidSession {
				t.Error(err)
			}
		})
		if alive(m, token) {
			t.Error("a request in flight has undone the log-out")
		}
	})
}

func TestLogoutUserAgainstLogins(t *testing.T) {
	raceRounds(t, Config{MaxSessions: 100}, func(m *Manager, _ *testClock) {
		var mu sync.Mutex
		var before []string // tokens that were handed out
		together(12, func(i int) {
			if i > 2 {
				token, _, err := m.Login(t.Context(), LoginRequest{Code: "alice"})
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
			if err := m.LogoutUser(t.Context(), testAppID, "alice"); err != nil {
				t.Error(err)
			}
			for _, token := range issued {
				if alive(m, token) {
					t.Error("a token that was issued before the log-out works")
				}
			}
		})
		living := 0
		for _, token := range before {
			if alive(m, token) {
				living++
			}
		}
		list, err := m.Sessions(t.Context(), testAppID, "alice")
		if err != nil || len(list) != living {
			t.Errorf("%d sessions live, %d are listed, %v", living, len(list), err)
		}
	})
}

func TestTheCapUnderParallelLogins(t *testing.T) {
	const logins, most = 20, 3
	raceRounds(t, Config{MaxSessions: most}, func(m *Manager, _ *testClock) {
		tokens := make([]string, logins)
		together(logins, func(i int) {
			var err error
			if tokens[i], _, err = m.Login(t.Context(), LoginRequest{Code: "alice"}); err != nil {
				t.Error(err)
			}
		})
		living := 0
		for _, token := range tokens {
			if alive(m, token) {
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
			err := m.Update(t.Context(), s, func(s *Session) error {
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

// TestParallelRotations checks that all tokens work, that one of them lives on,
// and that a log-out with any of them leaves none behind.
func TestParallelRotations(t *testing.T) {
	const rotations = 8
	logout := 0
	raceRounds(t, Config{}, func(m *Manager, clock *testClock) {
		first, _ := mustLogin(t, m, "alice")
		tokens := make([]string, rotations, rotations+1)
		together(rotations, func(i int) {
			var err error
			if tokens[i], _, err = m.Rotate(t.Context(), first); err != nil {
				t.Error(err)
			}
		})
		tokens = append(tokens, first)
		living := ""
		for _, token := range tokens {
			if !alive(m, token) {
				t.Error("a token is dead within its grace period")
			}
		}
		if logout++; logout%2 == 0 {
			clock.advance(defaultRotateGrace)
			for _, token := range tokens {
				if alive(m, token) && living != "" {
					t.Error("two tokens live on")
				} else if alive(m, token) {
					living = token
				}
			}
		} else {
			living = tokens[logout/2%len(tokens)]
		}
		if err := m.Logout(t.Context(), living); err != nil {
			t.Error(err)
		}
		for _, token := range tokens {
			if alive(m, token) {
				t.Error("a token works after the log-out")
			}
		}
	})
}

// TestRotationsAgainstALogout ends a session while it rotates.
func TestRotationsAgainstALogout(t *testing.T) {
	raceRounds(t, Config{}, func(m *Manager, _ *testClock) {
		first, _ := mustLogin(t, m, "alice")
		tokens := make([]string, 8)
		together(len(tokens), func(i int) {
			if i == 0 {
				tokens[0] = first
				if err := m.Logout(t.Context(), first); err != nil {
					t.Error(err)
				}
				return
			}
			var err error
			if tokens[i], _, err = m.Rotate(t.Context(), first); err != nil && CodeOf(err) != InvalidSession {
				t.Error(err)
			}
		})
		for _, token := range tokens {
			if token != "" && alive(m, token) {
				t.Error("a token works after the log-out")
			}
		}
		if list, err := m.Sessions(t.Context(), testAppID, "alice"); len(list) != 0 || err != nil {
			t.Errorf("the list still has %d sessions, %v", len(list), err)
		}
	})
}
