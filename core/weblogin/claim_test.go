package weblogin_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/wxsession/wxsession/core"
)

// TestAClaimThatNobodySettles is what a process leaves that dies: other polls wait
// for a moment, then the login is over.
func TestAClaimThatNobodySettles(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newBubble(t, nil)
		token := w.sign(t, "o-alice")
		b := w.confirmed(t, token)
		v := w.wx.Values()
		raw := must[[]byte](t)(v.Get(t.Context(), "scan:"+b.id))
		dead := strings.Replace(string(raw), `"confirmed"`, `"claimed","claim":"x"`, 1)
		if err := v.Swap(t.Context(), "scan:"+b.id, raw, []byte(dead), time.Minute); err != nil {
			t.Fatal(err)
		}
		if a := b.send(t.Context(), "HEAD", "/wx/scan/"+b.id); a.status != 200 {
			t.Errorf("HEAD: %d", a.status)
		}
		w.act(t.Context(), token, b.id, "confirm").want(t, "the user", 200, "")
		began := time.Now()
		b.poll(t.Context(), "").want(t, "the poll", 404, "not_found")
		if took := time.Since(began); took != 3*time.Second {
			t.Errorf("it took %v", took)
		}
		ctx, leave := context.WithTimeout(t.Context(), time.Second)
		defer leave()
		time.AfterFunc(500*time.Millisecond, w.login.Close)
		wantState(t, b.poll(ctx, ""), "scanned", false)
	})
}

// TestAPollThatMeetsAClaimWaitsForItsEnd: it must not say that the login is over
// while it may come back.
func TestAPollThatMeetsAClaimWaitsForItsEnd(t *testing.T) {
	for _, fails := range []bool{true, false} {
		synctest.Test(t, func(t *testing.T) {
			fail := fails
			w := newBubble(t, func(c *core.Config) {
				c.OnLogin = func(_ context.Context, d *core.Draft) error {
					if d.Device() == "" {
						return nil
					}
					time.Sleep(time.Second)
					if fail {
						fail = false
						return errors.New("the database is down")
					}
					return nil
				}
			})
			other, b := w.other(t), w.confirmed(t, w.sign(t, "o-alice"))
			time.AfterFunc(time.Millisecond, func() {
				a := b.look(context.Background(), other, "")
				if fails {
					wantState(t, a, "confirmed", true)
				} else {
					a.want(t, "the second", 404, "not_found")
				}
			})
			a := b.poll(t.Context(), "")
			if fails {
				a.want(t, "the first", 503, "app_unavailable")
			} else {
				wantState(t, a, "confirmed", true)
			}
			time.Sleep(10 * time.Second)
			if n := listed(t, w.site); n != 2 {
				t.Errorf("%d sessions", n)
			}
		})
	}
}

// TestAClaimWhoseAnswerIsLostCostsNoLogin: the store took it, said nothing, and
// could not be asked.
func TestAClaimWhoseAnswerIsLostCostsNoLogin(t *testing.T) {
	w := newBubble(t, nil)
	b := w.confirmed(t, w.sign(t, "o-alice"))
	lost := 0
	w.store.lose(func(verb, _ string, err error) error {
		if verb == "swap" && lost == 0 || lost == 1 {
			lost++
			return errDown
		}
		return err
	})
	b.poll(t.Context(), "").want(t, "the poll", 503, "store_unavailable")
	wantState(t, b.poll(t.Context(), ""), "confirmed", true)
	if lost != 2 {
		t.Errorf("%d answers were lost", lost)
	}
}
