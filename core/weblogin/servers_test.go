package weblogin_test

import (
	"context"
	"encoding/base64"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/wxsession/wxsession/core"
	"github.com/wxsession/wxsession/core/wxtest"
	"github.com/wxsession/wxsession/internal/testserver"
	"github.com/wxsession/wxsession/stores"
)

// deployment is a website of two processes on a real store.
type deployment struct {
	*world
	sites []*site
}

// eachDeployment runs a test on every kind of store that processes can share.
func eachDeployment(t *testing.T, run func(t *testing.T, d *deployment)) {
	sealed := func(c *core.Config) {
		c.Keys = []core.Secret{core.NewSecret(base64.StdEncoding.EncodeToString([]byte(strings.Repeat("k", 32))))}
	}
	for name, c := range map[string]struct {
		dsn    func(t *testing.T) string
		change func(*core.Config)
	}{
		"redis":             {func(t *testing.T) string { return "redis://" + testserver.StartRedis(t).Addr }, nil},
		"redis, near cache": {func(t *testing.T) string { return "redis://" + testserver.StartRedis(t).Addr + "?cache=1000" }, nil},
		"redis, sealed":     {func(t *testing.T) string { return "redis://" + testserver.StartRedis(t).Addr }, sealed},
		"memcached":         {func(t *testing.T) string { return "memcached://" + testserver.StartMemcached(t).Addr }, nil},
		"memcached, sealed": {func(t *testing.T) string { return "memcached://" + testserver.StartMemcached(t).Addr }, sealed},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dsn := c.dsn(t)
			w := newWorld(t, func(cfg *core.Config) {
				cfg.LimitUser, cfg.MaxSessions = core.Rate{N: -1}, 1000
				if c.change != nil {
					c.change(cfg)
				}
			})
			d := &deployment{world: w}
			for range 2 {
				d.sites = append(d.sites, newSite(t, w.config(), openStore(t, dsn), w.change))
			}
			run(t, d)
		})
	}
}

func openStore(t *testing.T, dsn string) core.Store {
	t.Helper()
	store, err := stores.Open(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { store.(io.Closer).Close() })
	return store
}

// at is the browser at another process of its website.
func (b *browser) at(s *site) *browser {
	return &browser{site: s, jar: b.jar, id: b.id, header: b.header}
}

// look polls at a process, as one of several tabs at once: what it gets is not kept.
func (b *browser) look(ctx context.Context, s *site, query string) answer {
	return s.do(ctx, "GET", "/wx/scan/"+b.id+query, "", "Cookie", "__Host-wx-scan="+b.jar["__Host-wx-scan"])
}

// TestTheWholeWayOnRealServers: every request reaches another process than the one
// before.
func TestTheWholeWayOnRealServers(t *testing.T) {
	eachDeployment(t, func(t *testing.T, d *deployment) {
		a, b := d.sites[0], d.sites[1]
		phone := d.phone(t, b, "o-alice")
		page := a.newBrowser("User-Agent", chrome)
		page.begin(t)
		img := page.at(b).image(t)
		if again := page.at(a).image(t); string(again) != string(img) || d.wechat.Calls(drawPath) != 1 {
			t.Errorf("WeChat was asked %d times", d.wechat.Calls(drawPath))
		}
		waiting := make(chan answer, 1)
		go func() { waiting <- page.look(t.Context(), a, "?state=pending&wait=20") }()
		if got := must[wxtest.Scanned](t)(phone.Scan(t.Context(), img)); got.State != "scanned" || got.Browser != chrome {
			t.Errorf("the user sees %+v", got)
		}
		wantState(t, <-waiting, "scanned", false)
		phone.Client = &http.Client{Transport: a}
		must[wxtest.Scanned](t)(phone.Confirm(t.Context()))
		last := page.at(b)
		wantState(t, last.poll(t.Context(), ""), "confirmed", true)
		if who := last.at(a).loggedIn(t); who != "o-alice" {
			t.Errorf("%q is logged in", who)
		}
		page.at(a).poll(t.Context(), "").want(t, "afterwards", 404, "not_found")

		entered := a.newBrowser()
		if r := entered.send(t.Context(), "GET", b.ticket(t, phone, `{"to":"/h5"}`).member("url")); r.status != 303 || entered.at(b).loggedIn(t) != "o-alice" {
			t.Errorf("entering: %d %s", r.status, r.body)
		}
	})
}

// TestRacesOnRealServers: of all that want the same, one gets it.
func TestRacesOnRealServers(t *testing.T) {
	eachDeployment(t, func(t *testing.T, d *deployment) {
		alice, bob := d.phone(t, d.sites[0], "o-alice"), d.phone(t, d.sites[1], "o-bob")
		for range 15 {
			page := d.sites[0].newBrowser()
			page.begin(t)
			scans := d.atOnce(8, func(i int, s *site) answer {
				return s.act(t.Context(), []string{alice.Token, bob.Token}[i/2%2], page.id, "scan")
			})
			winner := alice.Token
			if scans[2].status == 200 {
				winner = bob.Token
			}
			for i, r := range scans {
				if want := map[bool]int{true: 200, false: 409}[[]string{alice.Token, bob.Token}[i/2%2] == winner]; r.status != want {
					t.Errorf("scan %d: %d %s, want %d", i, r.status, r.body, want)
				}
			}
			decisions := d.atOnce(8, func(i int, s *site) answer {
				return s.act(t.Context(), winner, page.id, []string{"confirm", "deny"}[i/2%2])
			})
			confirmed := decisions[0].status == 200
			for i, r := range decisions {
				if want := map[bool]int{true: 200, false: 409}[confirmed == (i/2%2 == 0)]; r.status != want {
					t.Errorf("decision %d: %d %s, want %d", i, r.status, r.body, want)
				}
			}
			polls := d.atOnce(8, func(_ int, s *site) answer { return page.look(t.Context(), s, "") })
			wantOneSession(t, polls, confirmed, 404)
		}
	})
}

// TestHandOversOnRealServers: of many uses of a ticket one wins.
func TestHandOversOnRealServers(t *testing.T) {
	eachDeployment(t, func(t *testing.T, d *deployment) {
		phone := d.phone(t, d.sites[0], "o-alice")
		for range 15 {
			target := d.sites[1].ticket(t, phone, "").member("url")
			uses := d.atOnce(8, func(_ int, s *site) answer { return s.do(t.Context(), "GET", target, "") })
			wantOneSession(t, uses, true, 401)
		}
	})
}

func (d *deployment) atOnce(n int, do func(i int, s *site) answer) []answer {
	answers := make([]answer, n)
	var group sync.WaitGroup
	for i := range n {
		group.Go(func() { answers[i] = do(i, d.sites[i%2]) })
	}
	group.Wait()
	return answers
}

func wantOneSession(t *testing.T, answers []answer, want bool, others int) {
	t.Helper()
	sessions := 0
	for _, a := range answers {
		switch {
		case a.cookie("__Host-wx") != nil:
			sessions++
		case want && a.status != others, !want && a.member("state") != "denied":
			t.Errorf("%d %s", a.status, a.body)
		}
	}
	if sessions != map[bool]int{true: 1}[want] {
		t.Errorf("%d sessions", sessions)
	}
}

// TestARealOutageCostsNoLogin: the server is stopped, and killed, between the steps.
func TestARealOutageCostsNoLogin(t *testing.T) {
	server := testserver.StartRedis(t)
	w := newWorld(t, nil)
	s := newSite(t, w.config(), openStore(t, "redis://"+server.Addr), nil)
	phone, b := w.phone(t, s, "o-alice"), s.newBrowser()
	b.begin(t)
	s.actAll(t, phone.Token, b.id, "scan", "confirm")
	server.Pause()
	b.poll(t.Context(), "?state=scanned&wait=30").want(t, "a poll", 503, "store_unavailable")
	s.act(t.Context(), phone.Token, b.id, "confirm").want(t, "the phone", 503, "store_unavailable")
	server.Resume()
	for end := time.Now().Add(10 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		a := b.poll(t.Context(), "")
		if a.status == 503 && time.Now().Before(end) {
			continue
		}
		wantState(t, a, "confirmed", true)
		break
	}
}
