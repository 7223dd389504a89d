package readme

import (
	"testing"
	"time"

	"github.com/wxsession/wxsession/core"
)

// TestAnOldTokenIsATheftInItsGracePeriodOnly is what "How sessions behave" says of a
// rotation, and of a thief who is faster than the user.
func TestAnOldTokenIsATheftInItsGracePeriodOnly(t *testing.T) {
	for _, tt := range []struct {
		name  string
		after time.Duration // of the first use of the new token
		want  core.Code     // of a rotation of the old one
		lives bool          // does the session?
	}{
		{"in the grace period", 29 * time.Second, core.CodeSessionRevoked, false},
		{"after it", 30 * time.Second, core.CodeInvalidSession, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			wx, sim, advance := newManager(t, nil)
			ctx := t.Context()
			old := login(t, wx, sim, "alice")
			fresh, _, err := wx.Rotate(ctx, old)
			if err != nil {
				t.Fatal(err)
			}
			advance(time.Hour) // nobody uses the new one: nothing begins
			if _, err := wx.Authenticate(ctx, old); err != nil {
				t.Fatalf("the old token before the new one was used: %v", err)
			}
			if _, err := wx.Authenticate(ctx, fresh); err != nil {
				t.Fatal(err)
			}
			advance(tt.after)
			if _, _, err := wx.Rotate(ctx, old); core.CodeOf(err) != tt.want {
				t.Errorf("the old token is rotated: %v, want %s", err, tt.want)
			}
			if _, err := wx.Authenticate(ctx, fresh); (err == nil) != tt.lives {
				t.Errorf("the new token: %v", err)
			}
			if tt.lives {
				login(t, wx, sim, "alice") // the user, anew
				checkAThiefEnds(t, wx, sim.AppID, fresh)
			}
		})
	}
}

// checkAThiefEnds: the session that a thief keeps is listed beside the user's, and
// a log-out everywhere ends it.
func checkAThiefEnds(t *testing.T, wx *core.Manager, appID, stolen string) {
	t.Helper()
	if list, err := wx.Sessions(t.Context(), appID, "alice"); err != nil || len(list) != 2 {
		t.Errorf("listed are %d sessions (%v), want the thief's and the user's", len(list), err)
	}
	if err := wx.LogoutUser(t.Context(), appID, "alice"); err != nil {
		t.Fatal(err)
	}
	if _, err := wx.Authenticate(t.Context(), stolen); core.CodeOf(err) != core.CodeSessionRevoked {
		t.Errorf("the thief after a log-out everywhere: %v", err)
	}
}
