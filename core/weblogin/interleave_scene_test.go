package weblogin_test

import (
	"context"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/wxsession/wxsession/core"
	"github.com/wxsession/wxsession/core/weblogin"
	"github.com/wxsession/wxsession/nethttpwx"
)

// scene is where the requests of a run meet: a browser whose login is at some
// step, two users with a session each, a ticket.
type scene struct {
	sched  *scheduler
	start  time.Time    // of every run
	passed atomic.Int64 // of the run, beside the bubble's time
	items  map[string]mapItem
	wechat *drawer

	alice, bob string // tokens
	id, secret string // of the browser's login
	ticket     string

	requests []request
	tasks    []*task // of the last run
}

// request is something that somebody sends.
type request struct {
	name string
	send func(sc *scene, s *site) answer
}

// newScene prepares the login by actions of alice's.
func newScene(t testing.TB, actions string, requests ...request) *scene {
	t.Helper()
	sc := &scene{start: time.Unix(1_700_000_000, 345e6), requests: requests}
	sc.wechat = &drawer{answer: func(*http.Request) (*http.Response, error) { return respond("image/jpeg", jpeg), nil }}
	sc.sched = &scheduler{base: newMapStore(sc.now), now: sc.now, began: time.Now()}
	s := sc.process(sc.sched.base)
	sc.alice, sc.bob = s.sign(t, "o-alice"), s.sign(t, "o-bob")
	b := s.newBrowser()
	b.begin(t)
	sc.id, sc.secret = b.id, b.jar["__Host-wx-scan"]
	s.actAll(t, sc.alice, sc.id, strings.Fields(actions)...)
	sc.ticket = s.do(t.Context(), "POST", "/wx/ticket", "", "Authorization", "Bearer "+sc.alice).member("ticket")
	b.image(t) // so that there is an access token
	sc.items = sc.sched.base.snapshot()
	return sc
}

// now is the time of all processes and of the store.
func (sc *scene) now() time.Time {
	return sc.start.Add(time.Duration(sc.passed.Load()) + time.Since(sc.sched.began))
}

// process is a new process of the website.
func (sc *scene) process(store core.Store) *site {
	cfg := quietConfig()
	cfg.Cookie, cfg.Now, cfg.HTTPClient = "__Host-wx", sc.now, &http.Client{Transport: sc.wechat}
	wx, err := core.New(cfg, store)
	if err != nil {
		panic(err)
	}
	login, err := weblogin.New(wx, weblogin.Config{ScanLogin: true})
	if err != nil {
		panic(err)
	}
	mux := http.NewServeMux()
	nethttpwx.Mount(mux, wx)
	nethttpwx.MountRoutes(mux, login.Routes()...)
	return &site{wx, login, mux}
}

// play makes a run from the beginning.
func (sc *scene) play(faults int, choose func([]option) int) bool {
	sc.passed.Store(0)
	sc.wechat.calls.Store(0)
	sc.sched.faults = faults
	sc.tasks = nil
	for _, r := range sc.requests {
		t := &task{name: r.name}
		s := sc.process(taskStore{sc.sched, t})
		t.run = func() answer { return r.send(sc, s) }
		if r.name == passes {
			t.run = func() answer { return sc.tick(t) }
		}
		sc.tasks = append(sc.tasks, t)
	}
	return sc.sched.play(sc.items, sc.tasks, choose)
}

// passes is the request that is none: at some point the login's time is over.
const passes = "time"

func (sc *scene) tick(t *task) answer {
	_ = sc.sched.call(t, "tick", "", func() error {
		sc.passed.Add(int64(180 * time.Second))
		return nil
	})
	return answer{status: 200}
}

// The requests.

func polls(name, query string) request {
	return request{name, func(sc *scene, s *site) answer { return sc.poll(s, query) }}
}

func (sc *scene) poll(s *site, query string) answer {
	return s.do(context.Background(), "GET", "/wx/scan/"+sc.id+query, "", "Cookie", "__Host-wx-scan="+sc.secret)
}

func acts(name string, token func(*scene) string, action string) request {
	return request{name, func(sc *scene, s *site) answer { return s.act(context.Background(), token(sc), sc.id, action) }}
}

func byAlice(sc *scene) string { return sc.alice }
func byBob(sc *scene) string   { return sc.bob }

func enters(name string) request {
	return request{name, func(sc *scene, s *site) answer { return sc.enter(s) }}
}

func (sc *scene) enter(s *site) answer {
	return s.do(context.Background(), "GET", "/wx/enter?ticket="+sc.ticket, "")
}

func logsOut(name, query string) request {
	return request{name, func(sc *scene, s *site) answer {
		return s.do(context.Background(), "POST", "/wx/logout"+query, "", "Authorization", "Bearer "+sc.alice)
	}}
}

func draws(name string) request {
	return request{name, func(sc *scene, s *site) answer {
		return s.do(context.Background(), "GET", "/wx/scan/"+sc.id+"/code", "", "Cookie", "__Host-wx-scan="+sc.secret)
	}}
}
