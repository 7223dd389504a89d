package core

import (
	"testing"
	"time"
)

// TestASessionThatAnotherRequestListsAgainGetsItsTicket: the index is lost, and
// two requests of one client find it out at the same time.
func TestASessionThatAnotherRequestListsAgainGetsItsTicket(t *testing.T) {
	clock := newTestClock()
	store := newMapStore(clock)
	between := &betweenReads{Store: store}
	m, other := newTestManager(t, clock, between, Config{}), newTestManager(t, clock, store, Config{})
	token, s := mustLogin(t, m, "alice")
	delete(store.items, indexKeyOf(testAppID, "alice"))
	clock.advance(10 * time.Hour) // a renewal is due
	between.key, between.run = recordKey(token), func() {
		if _, err := other.Authenticate(t.Context(), token); err != nil {
			t.Error(err)
		}
	}
	if _, err := m.NewTicket(t.Context(), s); err != nil {
		t.Errorf("a ticket: %v", err)
	}
}
