package main

import (
	"testing"
)

func TestALogoutEverywhereEndsAllOfAUser(t *testing.T) {
	r, m, _ := newMemoryRig(t)
	w, g := &writer{rig: r}, r.ledger
	const user = 5
	for g.filled() < inMemory+30 {
		for slot := range g.hot {
			g.hot[slot].Store(user)
		}
		if o := w.login(t.Context()); o != served {
			t.Fatalf("the outcome is %v", o)
		}
	}
	var ofUser []uint32
	for i := range uint32(g.filled()) {
		if g.logins[i].user == user {
			ofUser = append(ofUser, i)
			if o := r.request(t.Context(), m, i); o != served {
				t.Errorf("session %d: %v", i, o)
			}
		}
	}
	if len(ofUser) != 1+maxDevices {
		t.Fatalf("the user has %d sessions, want %d", len(ofUser), 1+maxDevices)
	}
	if o := w.logoutUser(t.Context(), ofUser[1]); o != served {
		t.Fatalf("the outcome is %v", o)
	}
	for _, i := range ofUser {
		if o := r.request(t.Context(), m, i); o != refused || g.logins[i].ended.Load() == 0 {
			t.Errorf("session %d is %v after its user's log-out, and ended at %d", i, o, g.logins[i].ended.Load())
		}
	}
	if err := r.compare(t.Context(), m); err != nil || g.verdict() != nil {
		t.Errorf("%v, %v", err, g.verdict())
	}
}

func TestALogoutOfUnknownOutcomeIsRepeated(t *testing.T) {
	r, m, store := newMemoryRig(t)
	w, l := &writer{rig: r}, &r.ledger.logins[7]
	store.setDown(true)
	if o := w.logout(t.Context(), 7); o != outage || !l.unclear() {
		t.Fatalf("the outcome is %v; unclear: %v", o, l.unclear())
	}
	if o := w.login(t.Context()); o != outage || len(w.away) != 1 {
		t.Errorf("a login: %v, and %d are away", o, len(w.away))
	}
	store.setDown(false)
	if o := r.request(t.Context(), m, 7); o != served {
		t.Errorf("before the repetition: %v", o)
	}
	if err := r.compare(t.Context(), m); err != nil || r.swept.repeated != 1 || r.swept.ended != 1 || l.unclear() {
		t.Errorf("%v; %d repeated, %d ended", err, r.swept.repeated, r.swept.ended)
	}
	if o := r.request(t.Context(), m, 7); o != refused {
		t.Errorf("after the repetition: %v", o)
	}
	if err := r.ledger.verdict(); err != nil {
		t.Error(err)
	}
}

func TestAFullLedgerTakesNoMoreLogins(t *testing.T) {
	r, m, _ := newMemoryRig(t)
	w := &writer{rig: r}
	for range 3 * len(r.ledger.logins) {
		w.login(t.Context())
	}
	if r.ledger.filled() != len(r.ledger.logins) {
		t.Errorf("%d of %d places are taken", r.ledger.filled(), len(r.ledger.logins))
	}
	if err := r.compare(t.Context(), m); err != nil || r.ledger.verdict() != nil {
		t.Errorf("%v, %v", err, r.ledger.verdict())
	}
}
