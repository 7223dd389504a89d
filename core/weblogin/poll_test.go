package weblogin_test

import (
	"context"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/wxsession/wxsession/core"
)

// TestAPollWaits runs in a bubble, whose time stands still while anything runs.
func TestAPollWaits(t *testing.T) {
	for name, c := range map[string]struct {
		before, query string
		during        func(w *bubble, other *site, token, id string) // 2.5 s later
		want          string
		took          time.Duration
	}{
		"as long as it says":           {"", "?state=pending&wait=7", nil, "pending", 7 * time.Second},
		"half a minute at most":        {"", "?state=pending&wait=30", nil, "pending", 30 * time.Second},
		"not without wait":             {"", "?state=pending", nil, "pending", 0},
		"not without a state":          {"", "?wait=9", nil, "pending", 0},
		"not in another state":         {"scan", "?state=pending&wait=9", nil, "scanned", 0},
		"in a later state":             {"scan", "?state=scanned&wait=9", nil, "scanned", 9 * time.Second},
		"in the last state":            {"scan deny", "?state=denied&wait=9", nil, "denied", 9 * time.Second},
		"not once it is confirmed":     {"scan confirm", "?state=confirmed&wait=9", nil, "confirmed", 0},
		"until it moves here":          {"", "?state=pending&wait=9", here("scan"), "scanned", 2500 * time.Millisecond},
		"until it moves elsewhere":     {"", "?state=pending&wait=9", elsewhere("scan"), "scanned", 3 * time.Second},
		"until it is confirmed here":   {"scan", "?state=scanned&wait=9", here("confirm"), "confirmed", 2500 * time.Millisecond},
		"until it is denied elsewhere": {"scan", "?state=scanned&wait=9", elsewhere("deny"), "denied", 3 * time.Second},
		"until the process shuts down": {"", "?state=pending&wait=9", func(w *bubble, _ *site, _, _ string) { w.login.Close() }, "pending", 2500 * time.Millisecond},
		"until an outage":              {"", "?state=pending&wait=9", func(w *bubble, _ *site, _, _ string) { w.store.down() }, "", 3 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newBubble(t, nil)
				other, token, b := w.other(t), w.sign(t, "o-alice"), w.newBrowser()
				b.begin(t)
				w.actAll(t, token, b.id, strings.Fields(c.before)...)
				if c.during != nil {
					time.AfterFunc(2500*time.Millisecond, func() { c.during(w, other, token, b.id) })
				}
				began := time.Now()
				a := b.poll(t.Context(), c.query)
				if c.want == "" {
					a.want(t, "the poll", 503, "store_unavailable")
				} else {
					wantState(t, a, c.want, c.want == "confirmed")
				}
				if took := time.Since(began); took != c.took {
					t.Errorf("it took %v, want %v", took, c.took)
				}
			})
		})
	}
}

func here(do string) func(*bubble, *site, string, string) {
	return func(w *bubble, _ *site, token, id string) { w.act(context.Background(), token, id, do) }
}

func elsewhere(do string) func(*bubble, *site, string, string) {
	return func(_ *bubble, other *site, token, id string) { other.act(context.Background(), token, id, do) }
}

func TestAPollEndsWithTheLogin(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newBubble(t, nil)
		b := w.newBrowser()
		b.begin(t)
		time.Sleep(170 * time.Second)
		began := time.Now()
		b.poll(t.Context(), "?state=pending&wait=30").want(t, "the poll", 404, "not_found")
		if took := time.Since(began); took != 10*time.Second {
			t.Errorf("it took %v", took)
		}
	})
}

func TestAPollEndsWhenTheClientLeaves(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newBubble(t, nil)
		token, b := w.sign(t, "o-alice"), w.newBrowser()
		b.begin(t)
		ctx, leave := context.WithTimeout(t.Context(), 1500*time.Millisecond)
		defer leave()
		began := time.Now()
		a := b.poll(ctx, "?state=pending&wait=30")
		if took := time.Since(began); took != 1500*time.Millisecond {
			t.Errorf("it took %v and gave %d", took, a.status)
		}
		// A login is not spent on a browser that has gone.
		w.actAll(t, token, b.id, "scan", "confirm")
		b.poll(ctx, "")
		wantState(t, b.poll(t.Context(), ""), "confirmed", true)
	})
}

// TestWaitingCostsTheStoreLittle: a read a second and poll.
func TestWaitingCostsTheStoreLittle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newBubble(t, nil)
		b := w.newBrowser()
		b.begin(t)
		w.store.fail(nil)
		b.poll(t.Context(), "?state=pending&wait=30")
		if n := w.store.count(); n > 32 {
			t.Errorf("%d calls in 30 s", n)
		}
	})
}

// TestFewPollsWaitForOneLogin: the others are answered at once.
func TestFewPollsWaitForOneLogin(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newBubble(t, nil)
		b := w.newBrowser()
		b.begin(t)
		w.store.fail(nil)
		secret := "__Host-wx-scan=" + b.jar["__Host-wx-scan"]
		var all sync.WaitGroup
		for range 500 {
			all.Go(func() {
				w.do(t.Context(), "GET", "/wx/scan/"+b.id+"?state=pending&wait=30", "", "Cookie", secret).want(t, "a poll", 200, "")
			})
		}
		all.Wait()
		if n := w.store.count(); n > 500+8*32 {
			t.Errorf("%d calls in 30 s", n)
		}
	})
}

func TestAfterCloseNobodyWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newBubble(t, nil)
		b := w.newBrowser()
		b.begin(t)
		w.login.Close()
		w.login.Close()
		began := time.Now()
		wantState(t, b.poll(t.Context(), "?state=pending&wait=30"), "pending", false)
		if time.Since(began) != 0 {
			t.Error("it waits")
		}
	})
}

// TestHEADConsumesNothing: it sees what GET would, but for the session.
func TestHEADConsumesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newBubble(t, nil)
		token, b := w.sign(t, "o-alice"), w.newBrowser()
		b.begin(t)
		w.actAll(t, token, b.id, "scan", "confirm")
		for range 3 {
			if a := b.send(t.Context(), "HEAD", "/wx/scan/"+b.id+"?state=scanned&wait=5"); a.status != 200 || a.header.Get("Set-Cookie") != "" {
				t.Errorf("HEAD: %d, %v", a.status, a.header)
			}
		}
		wantState(t, b.poll(t.Context(), ""), "confirmed", true)
		if a := b.send(t.Context(), "HEAD", "/wx/scan/"+b.id); a.status != 404 {
			t.Errorf("HEAD afterwards: %d", a.status)
		}
	})
}

// TestManyPollsAtOnce: one of them gets the session, the others 404, in two
// processes, whether they wait or not.
func TestManyPollsAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newBubble(t, func(c *core.Config) { c.MaxSessions = 100 })
		sites, token := []*site{w.site, w.other(t)}, w.sign(t, "o-alice")
		for round := range 20 {
			b := w.newBrowser()
			b.begin(t)
			w.actAll(t, token, b.id, "scan")
			var group sync.WaitGroup
			answers := make([]answer, 12)
			for i := range answers {
				group.Go(func() {
					query := []string{"?state=scanned&wait=20", "?state=scanned&wait=20", "?x"}[i%3]
					if query == "?x" {
						time.Sleep(time.Second)
					}
					answers[i] = b.look(t.Context(), sites[i%2], query)
				})
			}
			time.Sleep(time.Second)
			w.actAll(t, token, b.id, "confirm")
			group.Wait()
			sessions := 0
			for _, a := range answers {
				switch {
				case a.cookie("__Host-wx") != nil:
					sessions++
				case a.status != 404 && a.member("state") != "scanned":
					t.Errorf("a poll got %d %s", a.status, a.body)
				}
			}
			if sessions != 1 {
				t.Fatalf("%d polls got a session", sessions)
			}
			if list := must[[]core.SessionInfo](t)(w.wx.Sessions(t.Context(), "", "o-alice")); len(list) != round+2 {
				t.Fatalf("%d sessions after %d logins", len(list), round+1)
			}
		}
	})
}

// TestNoMoveIsMissed: one that comes between the look and the wait wakes as well.
func TestNoMoveIsMissed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newBubble(t, nil)
		token, b := w.sign(t, "o-alice"), w.newBrowser()
		b.begin(t)
		moved := false
		w.store.lose(func(verb, key string, err error) error {
			if !moved && verb == "get" && strings.Contains(key, b.id) {
				moved = true
				w.actAll(t, token, b.id, "scan")
			}
			return err
		})
		began := time.Now()
		wantState(t, b.poll(t.Context(), "?state=pending&wait=9"), "scanned", false)
		if took := time.Since(began); took != 0 || !moved {
			t.Errorf("it took %v", took)
		}
	})
}
