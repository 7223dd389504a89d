package core

import "testing"

// TestParallelRotations checks that all tokens work, that one of them lives on,
// and that a log-out with any of them leaves none behind.
func TestParallelRotations(t *testing.T) {
	const rotations = 8
	logout := 0
	raceRounds(t, Config{}, func(ms racers, clock *testClock) {
		first, _ := mustLogin(t, ms[0], "alice")
		tokens := make([]string, rotations, rotations+1)
		together(rotations, func(i int) {
			var err error
			if tokens[i], _, err = ms.of(i).Rotate(t.Context(), first); err != nil {
				t.Error(err)
			}
		})
		tokens = append(tokens, first)
		living := ""
		for _, token := range tokens {
			if !alive(ms[0], token) {
				t.Error("a token is dead within its grace period")
			}
		}
		if logout++; logout%2 == 0 {
			clock.advance(defaultRotateGrace)
			for _, token := range tokens {
				if alive(ms[0], token) && living != "" {
					t.Error("two tokens live on")
				} else if alive(ms[0], token) {
					living = token
				}
			}
		} else {
			living = tokens[logout/2%len(tokens)]
		}
		if err := ms[1].Logout(t.Context(), living); err != nil {
			t.Error(err)
		}
		for _, token := range tokens {
			if alive(ms[0], token) {
				t.Error("a token works after the log-out")
			}
		}
	})
}

// TestRotationsAgainstALogout ends a session while it rotates.
func TestRotationsAgainstALogout(t *testing.T) {
	raceRounds(t, Config{}, func(ms racers, _ *testClock) {
		first, _ := mustLogin(t, ms[0], "alice")
		tokens := make([]string, 8)
		together(len(tokens), func(i int) {
			if i == 0 {
				tokens[0] = first
				if err := ms.of(i).Logout(t.Context(), first); err != nil {
					t.Error(err)
				}
				return
			}
			var err error
			if tokens[i], _, err = ms.of(i).Rotate(t.Context(), first); err != nil && CodeOf(err) != CodeInvalidSession {
				t.Error(err)
			}
		})
		for _, token := range tokens {
			if token != "" && alive(ms[0], token) {
				t.Error("a token works after the log-out")
			}
		}
		if list, err := ms[1].Sessions(t.Context(), testAppID, "alice"); len(list) != 0 || err != nil {
			t.Errorf("the list still has %d sessions, %v", len(list), err)
		}
	})
}

// TestFirstUsesOfOneToken: the requests that a page sends at once all come with
// the new token. The older one is good for the grace period, then gone.
func TestFirstUsesOfOneToken(t *testing.T) {
	raceRounds(t, Config{}, func(ms racers, clock *testClock) {
		old, _ := mustLogin(t, ms[0], "alice")
		fresh, _ := mustRotate(t, ms[0], old)
		together(16, func(i int) {
			token := []string{fresh, fresh, fresh, old}[i%4]
			if _, err := ms.of(i).Authenticate(t.Context(), token); err != nil {
				t.Error(err)
			}
		})
		if !alive(ms[0], old) {
			t.Error("the older token has no grace period")
		}
		clock.advance(defaultRotateGrace)
		if alive(ms[0], old) || !alive(ms[1], fresh) {
			t.Error("after the grace period the older token works, or the newer one does not")
		}
	})
}

// TestHandOversAgainstALogout redeems tickets of a session while that ends.
func TestHandOversAgainstALogout(t *testing.T) {
	raceRounds(t, Config{}, func(ms racers, _ *testClock) {
		token, s := mustLogin(t, ms[0], "alice")
		tickets, webs := make([]string, 8), make([]string, 8)
		for i := range tickets {
			var err error
			if tickets[i], err = ms[0].NewTicket(t.Context(), s); err != nil {
				t.Fatal(err)
			}
		}
		together(len(webs)+1, func(i int) {
			if i == len(webs) {
				if err := ms.of(i).Logout(t.Context(), token); err != nil {
					t.Error(err)
				}
				return
			}
			var err error
			if webs[i], _, err = ms.of(i).RedeemTicket(t.Context(), tickets[i], "web"); err != nil && CodeOf(err) != InvalidTicket {
				t.Error(err)
			}
		})
		for _, web := range webs {
			if web != "" && alive(ms[0], web) {
				t.Error("what was handed over outlives the session that asked for it")
			}
		}
		if list, err := ms[0].Sessions(t.Context(), testAppID, "alice"); len(list) != 0 || err != nil {
			t.Errorf("the list still has %d sessions, %v", len(list), err)
		}
	})
}
