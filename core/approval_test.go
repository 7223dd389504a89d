package core_test

import (
	"context"
	"testing"

	"github.com/wxsession/wxsession/core"
)

// TestAnApprovalIsVoidWhateverTheStoreLoses: a user's record that is lost takes the
// memory of log-outs with it. What comes after it must not look like what was before.
func TestAnApprovalIsVoidWhateverTheStoreLoses(t *testing.T) {
	type step func(t *testing.T, w *world, s *core.Session)
	everywhere := func(t *testing.T, w *world, s *core.Session) { noError(t, w.LogoutUser(t.Context(), "", s.OpenID)) }
	others := func(t *testing.T, w *world, s *core.Session) { noError(t, w.LogoutOthers(t.Context(), s)) }
	lose := func(t *testing.T, w *world, _ *core.Session) {
		w.lose(t, "u:")
	}
	for name, after := range map[string][]step{
		"the record, then a log-out":            {lose, everywhere},
		"the record, then the other sessions":   {lose, others},
		"the record, between two log-outs":      {everywhere, lose, everywhere},
		"that there was a log-out":              {everywhere, lose},
		"that the other sessions have ended":    {others, lose},
		"the record, twice":                     {lose, everywhere, lose, everywhere},
		"the record, and nobody has logged out": {lose}, // who could tell?
	} {
		for before := range 3 { // log-outs before the approval: a count could start again
			w := newWorld(t, nil)
			_, s := w.login(t, "o-alice")
			for range before {
				everywhere(t, w, s)
				_, s = w.login(t, "o-alice")
			}
			approval, err := w.Approve(t.Context(), s)
			if err != nil {
				t.Fatal(err)
			}
			for _, do := range after {
				do(t, w, s)
			}
			_, _, err = w.IssueApproved(t.Context(), approval, "Chrome")
			if core.CodeOf(err) != core.CodeSessionRevoked {
				t.Errorf("%s, %d log-outs before: %v", name, before, err)
			}
		}
	}
}

func noError(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// TestApprovalsOfOneTimeAreGoodTogether: two browsers of a user; the second approval
// leaves the first as it is, and so do a log-in and a session that is used.
func TestApprovalsOfOneTimeAreGoodTogether(t *testing.T) {
	for before := range 2 {
		w := newWorld(t, nil)
		token, s := w.login(t, "o-alice")
		for range before {
			noError(t, w.LogoutUser(t.Context(), "", "o-alice"))
			token, s = w.login(t, "o-alice")
		}
		var given []core.Approval
		for range 3 {
			a, err := w.Approve(t.Context(), s)
			if err != nil {
				t.Fatal(err)
			}
			given = append(given, a)
			w.login(t, "o-alice")
			if _, err := w.Authenticate(context.Background(), token); err != nil {
				t.Fatal(err)
			}
		}
		for i, a := range given {
			if _, _, err := w.IssueApproved(t.Context(), a, "Chrome"); err != nil {
				t.Errorf("approval %d, %d log-outs before: %v", i, before, err)
			}
		}
	}
}

// TestWhatNobodyHasApprovedIsVoid: a scanned login names its user already.
func TestWhatNobodyHasApprovedIsVoid(t *testing.T) {
	w := newWorld(t, nil)
	_, s := w.login(t, "o-alice")
	for _, openID := range []string{s.OpenID, "o-bob"} {
		_, _, err := w.IssueApproved(t.Context(), core.Approval{AppID: s.AppID, OpenID: openID}, "Chrome")
		wantCode(t, err, core.CodeSessionRevoked)
	}
}

// TestWhatEndsASessionFromElsewhereVoidsItsApprovals: it may have been a thief's.
func TestWhatEndsASessionFromElsewhereVoidsItsApprovals(t *testing.T) {
	for name, end := range map[string]func(w *world, token string, s *core.Session) error{
		"by its id": func(w *world, _ string, s *core.Session) error {
			return w.Revoke(t.Context(), s.AppID, s.OpenID, s.ID)
		},
		"as one of the others": func(w *world, _ string, _ *core.Session) error {
			_, other := w.login(t, "o-alice")
			return w.LogoutOthers(t.Context(), other)
		},
		"as stolen": func(w *world, token string, _ *core.Session) error {
			newer, _, err := w.Rotate(t.Context(), token)
			if err == nil {
				_, err = w.Authenticate(t.Context(), newer)
			}
			if err == nil {
				_, _, err = w.Rotate(t.Context(), token)
				wantCode(t, err, core.CodeSessionRevoked)
				err = nil
			}
			return err
		},
	} {
		w := newWorld(t, nil)
		token, s := w.login(t, "o-alice")
		approval, err := w.Approve(t.Context(), s)
		noError(t, err)
		noError(t, end(w, token, s))
		if _, _, err = w.IssueApproved(t.Context(), approval, "Chrome"); core.CodeOf(err) != core.CodeSessionRevoked {
			t.Errorf("%s: %v", name, err)
		}
	}
}
