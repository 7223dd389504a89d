package core

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/wxsession/wxsession/core/internal/record"
)

// stroll is a random run: a user's clients do this and that, while records can neither
// be written nor, some of them, read, and come back.
type stroll struct {
	t     *testing.T
	rng   *rand.Rand
	m     *Manager
	slow  *slowStore
	store *unwritable
	down  map[string]bool // keys that cannot be read either
	all   []*strolling
	trace []string
}

// strolling is a session, by the tokens that its client has got.
type strolling struct {
	tokens []string
	parent int // -1: none
}

func newStroll(t *testing.T, seed uint64) *stroll {
	_, slow, m, tokens := aliceOn(t, 2, 0)
	s := &stroll{t: t, rng: rand.New(rand.NewPCG(seed, 1)), m: m, slow: slow, store: unwritableOn(slow), down: map[string]bool{}}
	slow.refuses = func(key string) bool { return s.down[key] }
	for _, token := range tokens {
		s.all = append(s.all, &strolling{[]string{token}, -1})
	}
	return s
}

func (s *stroll) note(format string, args ...any) {
	s.trace = append(s.trace, fmt.Sprintf(format, args...))
}

// step returns the session that has heard of the success of its log-out, or -1.
func (s *stroll) step() int {
	i := s.rng.IntN(len(s.all))
	x := s.all[i]
	token := x.tokens[s.rng.IntN(len(x.tokens))]
	key, ctx := recordKey(token), s.t.Context()
	switch s.rng.IntN(9) {
	case 0:
		s.store.away[key] = !s.store.away[key]
		s.note("%d cannot be written: %v", i, s.store.away[key])
	case 1:
		s.down[key] = !s.down[key]
		s.note("%d is down: %v", i, s.down[key])
	case 2:
		s.handOver(i, token)
	case 3:
		next, _, err := s.m.Rotate(ctx, token)
		s.note("%d rotates: %v", i, CodeOf(err))
		if err == nil {
			x.tokens = append(x.tokens, next)
		}
	case 4:
		known, err := s.m.Check(ctx, token)
		if err == nil {
			s.note("%d is revoked: %v", i, CodeOf(s.m.Revoke(ctx, "", "alice", known.ID)))
		}
	case 5:
		if s.rng.IntN(3) == 0 {
			s.note("everywhere: %v", CodeOf(s.m.LogoutUser(ctx, "", "alice")))
		}
	case 6:
		_, err := s.m.Authenticate(ctx, token)
		s.note("%d is used: %v", i, CodeOf(err))
	default:
		err := s.m.Logout(ctx, token)
		s.note("%d logs out: %v", i, CodeOf(err))
		if err == nil {
			return i
		}
	}
	return -1
}

func (s *stroll) handOver(i int, token string) {
	known, err := s.m.Authenticate(s.t.Context(), token)
	if err != nil {
		return
	}
	ticket, err := s.m.NewTicket(s.t.Context(), known)
	if err != nil {
		return
	}
	web, _, err := s.m.RedeemTicket(s.t.Context(), ticket, "web")
	s.note("%d hands over: %v", i, CodeOf(err))
	if err == nil {
		s.all = append(s.all, &strolling{[]string{web}, i})
	}
}

// alive are the tokens of a session and of what it has handed over that are good,
// were all parts of the store back; of all sessions for -1.
func (s *stroll) alive(of int) (tokens []string) {
	refuses := s.slow.refuses
	s.slow.refuses = nil
	defer func() { s.slow.refuses = refuses }()
	for i, x := range s.all {
		if of >= 0 && i != of && x.parent != of {
			continue
		}
		for _, token := range x.tokens {
			if _, err := s.m.Check(s.t.Context(), token); err == nil {
				tokens = append(tokens, token)
			}
		}
	}
	return tokens
}

// TestRandomLogoutsThatSucceedHaveEndedTheSession.
func TestRandomLogoutsThatSucceedHaveEndedTheSession(t *testing.T) {
	successes, tried := 0, 0
	for seed := range uint64(1500) {
		s := newStroll(t, seed)
		for range 12 {
			left := s.step()
			tried += strings.Count(strings.Join(s.trace[max(0, len(s.trace)-1):], ""), "logs out: store_unavailable")
			if left < 0 {
				continue
			}
			successes++
			if n := len(s.alive(left)); n != 0 {
				t.Fatalf("seed %d: %s: session %d is alive by %d tokens, or a web session of it", seed, strings.Join(s.trace, "; "), left, n)
			}
		}
	}
	if successes < 500 || tried < 100 {
		t.Errorf("%d log-outs succeeded, %d failed; the test proves little", successes, tried)
	}
}

// TestRandomRunsLeaveNothingUnlisted, nor anything that does not end, nor anybody
// locked out, once all parts of the store are back.
func TestRandomRunsLeaveNothingUnlisted(t *testing.T) {
	for seed := range uint64(1500) {
		s := newStroll(t, seed+1<<32)
		s.m.cfg.MaxSessions = 4
		for range 14 {
			s.step()
		}
		s.slow.refuses = nil
		s.store.back()
		u, err := s.m.readUser(t.Context(), userKey(testAppID, "alice"))
		if err != nil {
			t.Fatal(err)
		}
		for _, token := range s.alive(-1) {
			name := record.OfToken(token)
			listed := slices.ContainsFunc(u.Entries, func(e record.Entry) bool { return findRecord(&e, name) != nil })
			if !listed && !u.isPending(name) {
				t.Fatalf("seed %d: %s: a live token is not listed", seed, strings.Join(s.trace, "; "))
			}
		}
		if err := s.m.LogoutUser(t.Context(), "", "alice"); err != nil || len(s.alive(-1)) != 0 {
			t.Fatalf("seed %d: %s: a log-out everywhere: %v, and %d tokens are good", seed, strings.Join(s.trace, "; "), err, len(s.alive(-1)))
		}
		mustLogin(t, s.m, "alice.key")
	}
}
