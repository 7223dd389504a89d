package core

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

// story is a session and those who hold its tokens: the client, and a thief who
// may have copied one.
type story struct {
	*custody
	k      keeper
	client int // which token it holds
	thief  int // which token the thief holds; -1: none
}

func newStory(k keeper, first string) *story {
	return &story{custody: &custody{tokens: []heldToken{{text: first}}}, k: k, thief: -1}
}

// event is something that happens in a story.
type event struct {
	name string
	do   func(s *story) error
}

// Waits: two short ones outlast a grace period, a long one makes a renewal due.
const (
	shortWait = 20 * time.Second
	longWait  = 4 * time.Hour
)

func clientsEvents() []event {
	return []event{
		{"the client sends a request", func(s *story) error { return s.use(s.k, s.client) }},
		{"the client rotates", func(s *story) error {
			next, err := s.rotate(s.k, s.client)
			if next >= 0 {
				s.client = next
			}
			return err
		}},
		{"the client rotates, and does not get the answer", func(s *story) error {
			_, err := s.rotate(s.k, s.client)
			return err
		}},
		{"20 s pass", func(s *story) error { s.custody.pass(s.k, shortWait); return nil }},
		{"4 h pass", func(s *story) error { s.custody.pass(s.k, longWait); return nil }},
	}
}

func thiefsEvents() []event {
	return []event{
		{"a thief copies the client's token", func(s *story) error { s.thief = s.client; return nil }},
		{"the thief sends a request", func(s *story) error { return s.use(s.k, s.thief) }},
		{"the thief rotates", func(s *story) error {
			next, err := s.rotate(s.k, s.thief)
			if next >= 0 {
				s.thief = next
			}
			return err
		}},
	}
}

// possible leaves out what needs a thief who has a token, and what only repeats.
func (s *story) possible(e event) bool {
	switch e.name {
	case "the thief sends a request", "the thief rotates":
		return s.thief >= 0
	case "a thief copies the client's token":
		return s.thief < 0
	}
	return true
}

func (s *story) happens(e event) error {
	s.logf("%s", e.name)
	if err := e.do(s); err != nil {
		return err
	}
	return s.compare(s.k)
}

// tell goes through all stories of a length, and counts them.
func (s *story) tell(events []event, length int) (n int, err error) {
	if length == 0 || s.loose || s.ended {
		return 1, s.settle(s.k)
	}
	for _, e := range events {
		if !s.possible(e) {
			continue
		}
		back, before := s.k.branch(), *s
		s.custody = s.custody.clone()
		err := s.happens(e)
		if err == nil {
			var more int
			more, err = s.tell(events, length-1)
			n += more
		}
		if err != nil {
			return n, err
		}
		back()
		*s = before
	}
	return n, nil
}

// TestAClientKeepsATokenThatWorks: every story of a client alone, in which
// answers to rotations may get lost.
func TestAClientKeepsATokenThatWorks(t *testing.T) {
	tellAll(t, clientsEvents(), 6, 15000)
}

// TestAThiefGetsNothingThatLasts: every story in which somebody copies a token.
func TestAThiefGetsNothingThatLasts(t *testing.T) {
	prompt := event{"the client rotates, and uses the new token", func(s *story) error {
		for _, e := range []int{1, 0} {
			if err := clientsEvents()[e].do(s); err != nil || s.loose || s.ended {
				return err
			}
		}
		return nil
	}}
	t.Run("of a client that gets every answer", func(t *testing.T) {
		tellAll(t, append(thiefsEvents(), prompt, clientsEvents()[3]), 7, 5000)
	})
	t.Run("of any client", func(t *testing.T) {
		tellAll(t, append(thiefsEvents(), clientsEvents()...), 5, 10000)
	})
}

// tellAll goes through the stories of every length, so that the first one that
// goes wrong is a short one.
func tellAll(t *testing.T, events []event, longest, least int) {
	t.Helper()
	if dearness > 1 {
		longest, least = longest-1, 0
	}
	n := 0
	for length := range longest {
		k := newManagers(t)
		s := newStory(k, k.first)
		more, err := s.tell(events, length+1)
		if err != nil {
			t.Fatal(s.explain(err))
		}
		n += more
	}
	t.Logf("%d stories", n)
	if n < least {
		t.Error("those were few")
	}
}

// TestFailedRotationsLockNothing lets twenty rotations in a row fail, or their
// answers get lost: at each of the store's calls, before and after it took place.
// The client's token works on, and the rotation after them succeeds.
func TestFailedRotationsLockNothing(t *testing.T) {
	const rotations, calls = 20, 12
	failed := 0
	for _, wait := range []time.Duration{0, shortWait, time.Hour} {
		for _, f := range []fault{works, failsFirst, failsAfter} {
			for n := 1; n <= calls; n++ {
				k := newManagers(t)
				s := newStory(k, k.first)
				for range rotations {
					failed += s.rotateInVain(t, n, f)
					s.custody.pass(k, wait)
					s.must(t, s.use(k, s.client))
				}
				s.goOn(t)
			}
		}
	}
	t.Logf("%d rotations failed", failed)
	if failed < 1000 {
		t.Error("those were few")
	}
}

// rotateInVain tries a rotation of which the client learns nothing. It counts
// those that failed.
func (s *story) rotateInVain(t *testing.T, n int, f fault) (failed int) {
	t.Helper()
	s.logf("the client rotates, and does not get the answer")
	if f != works {
		s.logf("  the store's call %d%s", n, faultRemarks[f])
		s.k.fail(n, f)
	}
	next, err := s.rotate(s.k, s.client)
	s.must(t, err)
	s.must(t, s.compare(s.k))
	if next < 0 {
		failed = 1
	}
	return failed
}

// goOn rotates for good, and leaves the old token behind.
func (s *story) goOn(t *testing.T) {
	t.Helper()
	for _, e := range []int{1, 0, 3, 3, 0, 1, 0} { // rotate, use, two short waits, use, rotate, use
		s.must(t, s.happens(clientsEvents()[e]))
	}
	s.must(t, s.settle(s.k))
}

func (s *story) must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(s.explain(err))
	}
}

// failures are events in which the store fails at some call.
func failures(r *rand.Rand) event {
	n, f := 1+r.IntN(10), []fault{failsFirst, failsAfter}[r.IntN(2)]
	e := clientsEvents()[r.IntN(3)]
	return event{e.name + faultRemarks[f] + ", the store's call", func(s *story) error {
		s.k.fail(n, f)
		return e.do(s)
	}}
}

// TestLongStories has long ones, in which the store fails, too.
func TestLongStories(t *testing.T) {
	const events = 40
	ended := 0
	for _, seed := range seeds(t, 300) {
		r := rand.New(rand.NewPCG(seed, 3))
		k := newManagers(t)
		s := newStory(k, k.first)
		choice := slices.Concat(clientsEvents(), clientsEvents(), thiefsEvents()[:r.IntN(2)*3])
		for range events {
			e := choice[r.IntN(len(choice))]
			if r.IntN(5) == 0 {
				e = failures(r)
			}
			if s.possible(e) && !s.loose && !s.ended {
				s.must(t, s.happens(e))
			}
		}
		s.must(t, s.settle(k))
		if s.ended {
			ended++
		}
	}
	t.Logf("%d stories ended with a theft", ended)
}

// TestCustodyNotices: a custodian that follows the rule passes every story, one
// with a flaw does not.
func TestCustodyNotices(t *testing.T) {
	events := append(thiefsEvents(), clientsEvents()...)
	for _, flaw := range append(flaws(), "") {
		_, err := newStory(newCustodian(flaw), "0").tell(events, 5)
		s := newStory(newCustodian(flaw), "0")
		for range 20 {
			if err == nil {
				err = s.happens(clientsEvents()[2])
			}
		}
		if (err != nil) != (flaw != "") {
			t.Errorf("a custodian with the flaw %q: %v", flaw, err)
		}
	}
}
