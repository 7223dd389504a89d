package core

import (
	"testing"
	"time"
)

// TestALogoutThatSucceedsHasEndedTheSession: what came before has not ended all of it,
// and left it in this order or that. Then a client logs out with the token returned.
func TestALogoutThatSucceedsHasEndedTheSession(t *testing.T) {
	for name, before := range map[string]func(l *leaving) (token string){
		"its web session has logged out after it": func(l *leaving) string {
			l.webAway()
			l.refused(l.logout(l.tokens[0]))
			l.refused(l.logout(l.web))
			return l.tokens[0]
		},
		"the same by crashes only": func(l *leaving) string {
			l.store.deletes = 0
			l.refused(l.logout(l.tokens[0]))
			l.store.deletes = 1
			_ = l.logout(l.web)
			l.store.back()
			return l.tokens[0]
		},
		"everybody has been logged out after it": func(l *leaving) string {
			l.webAway()
			l.refused(l.logout(l.tokens[0]))
			l.refused(l.logoutUser())
			return l.tokens[0]
		},
		"one of its tokens had given way to newer ones": func(l *leaving) string {
			first, s := mustRotate(l.t, l.m, l.tokens[0])
			l.store.away[s.key()] = true
			for range maxSuccessors {
				mustRotate(l.t, l.m, l.tokens[0])
			}
			l.webAway()
			l.refused(l.logout(first))
			return l.tokens[0]
		},
		"a hand-over could not end the web session": func(l *leaving) string {
			ticket, err := l.m.NewTicket(l.t.Context(), mustCheck(l.t, l.m, l.tokens[0]))
			if err != nil {
				l.t.Fatal(err)
			}
			l.webAway()
			_, _, err = l.m.RedeemTicket(l.t.Context(), ticket, "web")
			l.refused(err)
			l.refused(l.logout(l.tokens[0]))
			return l.tokens[0]
		},
		"another device could not end the web session": func(l *leaving) string {
			l.slow.refuses = func(key string) bool { return key == l.ws.key() }
			l.refused(l.m.Revoke(l.t.Context(), "", "alice", l.ws.ID))
			l.refused(l.logout(l.tokens[0]))
			return l.tokens[0]
		},
		"the older token has asked, and stayed": func(l *leaving) string {
			next, _ := mustRotate(l.t, l.m, l.tokens[0])
			l.store.away[recordKey(l.tokens[0])] = true
			l.refused(l.logout(l.tokens[0]))
			return next
		},
		"the older token has asked, and a crash came": func(l *leaving) string {
			next, _ := mustRotate(l.t, l.m, l.tokens[0])
			l.store.deletes = 1
			_ = l.logout(l.tokens[0])
			l.store.back()
			return next
		},
		"the newer token has asked, and a crash came": func(l *leaving) string {
			next := l.rotate()
			l.store.deletes = 1
			_ = l.logout(next)
			l.store.back()
			return l.tokens[0]
		},
		"a token that had given way has asked": func(l *leaving) string {
			first, s := mustRotate(l.t, l.m, l.tokens[0])
			l.store.away[s.key()] = true
			for range maxSuccessors {
				mustRotate(l.t, l.m, l.tokens[0])
			}
			l.store.away = map[string]bool{l.ws.key(): true}
			l.refused(l.logout(first))
			return first
		},
		"everybody has been logged out, in a store that had filled up": func(l *leaving) string {
			l.webAway()
			l.refused(l.logout(l.tokens[0]))
			l.slow.Store = noRoom{l.slow.Store}
			l.refused(l.logoutUser())
			return l.tokens[0]
		},
		"there was no room for tombstones": func(l *leaving) string {
			next := l.rotate()
			l.slow.Store = &fullFor{l.slow.Store, isSession}
			l.store.away[recordKey(next)] = true
			l.refused(l.logout(l.tokens[0]))
			return l.tokens[0]
		},
		"its tombstone has stood for a day": func(l *leaving) string {
			l.items.slack = 0
			l.webAway()
			for range 25 {
				l.refused(l.logout(l.tokens[0]))
				l.clock.advance(time.Hour)
			}
			return l.tokens[0]
		},
		"it has expired meanwhile": func(l *leaving) string {
			next := l.rotate()
			l.clock.advance(l.m.cfg.IdleTimeout - time.Minute)
			mustAuthenticate(l.t, l.m, l.web)
			l.clock.advance(2 * time.Minute)
			l.webAway()
			l.refused(l.logout(next))
			return next
		},
	} {
		t.Run(name, func(t *testing.T) {
			clock, slow, m, tokens := aliceOn(t, 1, 0)
			items := slow.Store.(*mapStore)
			items.slack = 24 * time.Hour // a store may keep a value for longer than its ttl
			l := &leaving{t: t, clock: clock, m: m, items: items, slow: slow, store: unwritableOn(slow), tokens: tokens}
			l.web, l.ws = mustHandOver(t, m, tokens[0])
			token := before(l)
			all := append(l.tokens, token, l.web)
			if err := l.logout(token); err == nil && countAlive(t, m, all) != 0 {
				t.Error("the client has heard of a success, and the session or its web session lives")
			}
			l.store.back()
			slow.refuses = nil
			if err := l.logout(token); err != nil {
				t.Errorf("with all parts of the store back: %v", err)
			}
			if n := countAlive(t, m, all); n != 0 {
				t.Errorf("with all parts of the store back %d tokens are good", n)
			}
		})
	}
}

func mustAuthenticate(t *testing.T, m *Manager, token string) {
	t.Helper()
	if _, err := m.Authenticate(t.Context(), token); err != nil {
		t.Fatal(err)
	}
}
