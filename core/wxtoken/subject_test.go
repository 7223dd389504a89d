package wxtoken_test

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/wxsession/wxsession/core"
	"github.com/wxsession/wxsession/core/wxtoken"
)

// TestTheLogNamesTheAttributeThatSubjectWants: the client is told nothing of it, and
// however often it asks, there is a line a second.
func TestTheLogNamesTheAttributeThatSubjectWants(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, func(_ *core.Config, c *wxtoken.Config) { c.Subject = "acount" })
		session, s := w.login(t, "o-alice", "account", "value-marker")
		w.log.Reset()
		res, body := w.send(t, "POST", "/wx/token", "", "Authorization", "Bearer "+session)
		if res.Code != 403 || body["error"] != "login_denied" || strings.Contains(res.Body.String(), "acount") {
			t.Errorf("got %d %s", res.Code, res.Body)
		}
		for range 99 {
			_, _, err := w.issuer.Token(t.Context(), s, "")
			wantCode(t, err, core.CodeLoginDenied)
		}
		time.Sleep(2 * time.Second)
		synctest.Wait()
		lines := strings.Split(strings.TrimSpace(w.log.String()), "\n")
		if len(lines) != 2 || !strings.Contains(lines[1], "count=99") {
			t.Fatalf("%d lines for a hundred refusals: %s", len(lines), w.log)
		}
		for _, line := range lines {
			for _, want := range []string{"level=WARN", "WX_SUBJECT", "attribute=acount", "code=login_denied"} {
				if !strings.Contains(line, want) {
					t.Errorf("%s is not in: %s", want, line)
				}
			}
			if strings.Contains(line, "marker") || strings.Contains(line, "o-alice") {
				t.Errorf("the line shows a user: %s", line)
			}
		}
	})
}
