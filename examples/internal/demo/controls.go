package demo

import (
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
