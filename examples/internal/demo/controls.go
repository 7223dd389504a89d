package demo

import (
	"cmp"
	"encoding/json"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/wxsession/wxsession/core"
	"github.com/wxsession/wxsession/core/wxtest"
)

// Moods of the simulated WeChat.
const (
	moodWell = "well"
	moodBusy = "busy" // every call is answered with -1
	moodSlow = "slow" // every answer takes slowness
)

const slowness = 2 * time.Second

// controls are what the page can turn: POST only, for pages of this server only.
type controls struct {
	clock clock
	down  atomic.Bool // the store

	mu     sync.Mutex
	mood   string
	wechat *wxtest.Server
}

func (c *controls) setMood(mood string) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	var f wxtest.Fault
	switch mood {
	case moodWell:
	case moodBusy:
		f.ErrCode = -1
	case moodSlow:
		f.Delay = slowness
	default:
		return &core.Error{Code: core.CodeBadRequest, Message: "WeChat can be well, busy or slow"}
	}
	c.mood = mood
	c.wechat.Heal()
	if mood == moodWell {
		return nil
	}
	return c.wechat.Fail("", f, wxtest.Always)
}

func (c *controls) getMood() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.mood
}

// control answers with the state that a request has brought about. The request is
// JSON with the members of v, and no others.
func control[V any](s *simulation, turn func(v V) error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		var v V
		err := readControl(r, &v)
		if err == nil {
			err = turn(v)
		}
		if err != nil {
			writeJSON(w, core.CodeOf(err).Status(), err)
			return
		}
		s.tap.journal.changed()
		writeJSON(w, http.StatusOK, s.state())
	}
}

func readControl(r *http.Request, v any) error {
	text, err := ReadText(r.Body)
	if err != nil {
		return err
	}
	d := json.NewDecoder(strings.NewReader(text))
	d.DisallowUnknownFields()
	if d.Decode(v) != nil || d.More() {
		return &core.Error{Code: core.CodeBadRequest, Message: "the body is not the JSON that this control takes"}
	}
	return nil
}

type (
	clockControl  struct{ Advance string }
	storeControl  struct{ Down *bool }
	wechatControl struct{ Mood string }
)

func (s *simulation) turnClock(v clockControl) error {
	d, err := time.ParseDuration(v.Advance)
	if err != nil {
		return &core.Error{Code: core.CodeBadRequest, Message: `send {"advance":"72h"}`}
	}
	return s.clock.advance(d)
}

func (s *simulation) turnStore(v storeControl) error {
	if v.Down == nil {
		return &core.Error{Code: core.CodeBadRequest, Message: `send {"down":true} or {"down":false}`}
	}
	s.down.Store(*v.Down)
	return nil
}

func (s *simulation) turnWeChat(v wechatControl) error { return s.setMood(v.Mood) }

// state is what the page has to know of the server.
type state struct {
	Boot   string `json:"boot"` // differs after a restart
	AppID  string `json:"appid"`
	Prefix string `json:"prefix"`
	Store  string `json:"store"` // scheme of the DSN, without what may be a password
	Sealed bool   `json:"sealed"`
	Cookie string `json:"cookie,omitempty"`
	// Routes are those that are not always there.
	Routes map[string]bool `json:"routes"`

	Now   int64  `json:"now"`   // Unix milliseconds
	Ahead int64  `json:"ahead"` // seconds by which the clock was moved
	Down  bool   `json:"down"`
	Mood  string `json:"mood"`
}

func (s *simulation) state() state {
	st := s.about
	st.Now = s.clock.now().UnixMilli()
	st.Ahead = int64(s.clock.lead() / time.Second)
	st.Down, st.Mood = s.down.Load(), s.getMood()
	return st
}

// describe is the part of the state that does not change.
func describe(cfg *core.Config, prefix, boot string) state {
	scheme, _, _ := strings.Cut(cmp.Or(cfg.Store, "memory://"), "://")
	return state{
		Boot: boot, AppID: cfg.AppID, Prefix: prefix, Store: scheme, Cookie: cfg.Cookie,
		Sealed: len(cfg.Keys) > 0 && scheme != "memory",
	}
}

// optionalRoutes are the routes that a configuration may add, as the page names
// them.
func optionalRoutes() map[string]string {
	return map[string]string{
		"phone": "/phone", "ticket": "/ticket", "enter": "/enter",
		"scan": "/scan", "token": "/token", "jwks": "/jwks",
	}
}

// findRoutes asks h which of them it has. No route takes PATCH, so those that are
// there answer 405, without a look into the store.
func findRoutes(h http.Handler, prefix string) map[string]bool {
	found := map[string]bool{}
	for name, path := range optionalRoutes() {
		r, err := http.NewRequest(http.MethodPatch, prefix+path, http.NoBody)
		if err != nil {
			continue // a prefix that core refuses
		}
		var w silentWriter
		h.ServeHTTP(&w, r)
		found[name] = w.status == http.StatusMethodNotAllowed
	}
	return found
}

// silentWriter takes the status of a reply and nothing else.
type silentWriter struct {
	header http.Header
	status int
}

func (w *silentWriter) Header() http.Header {
	if w.header == nil {
		w.header = http.Header{}
	}
	return w.header
}

func (w *silentWriter) WriteHeader(status int) { w.status = cmp.Or(w.status, status) }

func (w *silentWriter) Write(b []byte) (int, error) {
	w.WriteHeader(http.StatusOK)
	return len(b), nil
}
