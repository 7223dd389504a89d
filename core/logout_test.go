package core_test

import (
	"testing"
)

// wantAlive checks tokens that must work, and those that must not.
func (w *world) wantAlive(t *testing.T, what string, alive bool, tokens ...string) {
	t.Helper()
	for i, token := range tokens {
		if _, err := w.Check(t.Context(), token); (err == nil) != alive {
			t.Errorf("%s: token %d: %v; it should live: %v", what, i, err, alive)
		}
	}
}

// TestLogoutOthersSparesTheOneThatAsks: also one that was handed over, whose
// origin is among the others, and what that one has handed over.
func TestLogoutOthersSparesTheOneThatAsks(t *testing.T) {
	w := newWorld(t, nil)
	phone, s := w.login(t, "o-alice")
	other, _ := w.login(t, "o-alice")
	web, ws := mustRedeem(t, w, mustTicket(t, w, s))
	kiosk, ks := mustRedeem(t, w, mustTicket(t, w, ws))
	if err := w.LogoutOthers(t.Context(), s); err != nil {
		t.Fatal(err)
	}
	w.wantAlive(t, "by the one that handed over", true, phone, web, kiosk)
	w.wantAlive(t, "by the one that handed over", false, other)
	if err := w.LogoutOthers(t.Context(), ws); err != nil {
		t.Fatal(err)
	}
	w.wantAlive(t, "by the one in between", true, web, kiosk)
	w.wantAlive(t, "by the one in between", false, phone)
	if err := w.LogoutOthers(t.Context(), ks); err != nil {
		t.Fatal(err)
	}
	w.wantAlive(t, "by the last one", true, kiosk)
	w.wantAlive(t, "by the last one", false, web)
	if n := w.listed(t, "o-alice"); n != 1 {
		t.Errorf("%d sessions are listed", n)
	}
	if err := w.LogoutUser(t.Context(), "", "o-alice"); err != nil {
		t.Fatal(err)
	}
	w.wantAlive(t, "after a log-out everywhere", false, kiosk)
}
