package core_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"

	"github.com/wxsession/wxsession/core"
)

// moments keeps the events that have no duration.
type moments struct {
	mu   sync.Mutex
	kept []core.Event
}

func (o *moments) Begin(ctx context.Context, _ core.Event) context.Context { return ctx }

func (o *moments) End(_ context.Context, e core.Event) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if e.Kind == core.KindMoment {
		o.kept = append(o.kept, e)
	}
}

// want compares what has happened since the last time.
func (o *moments) want(t *testing.T, what string, want ...core.Event) {
	t.Helper()
	o.mu.Lock()
	defer o.mu.Unlock()
	for i := range want {
		want[i].Kind = core.KindMoment
	}
	if !slices.Equal(o.kept, want) {
		t.Errorf("%s: %+v, want %+v", what, o.kept, want)
	}
	o.kept = nil
}

func TestAnObserverSeesEveryRefusal(t *testing.T) {
	o := new(moments)
	w := newWorld(t, func(c *core.Config) { c.Observe = o })
	refused := func(code core.Code, status int) core.Event {
		return core.Event{Name: core.MomentRefused, Code: code, Status: status}
	}
	send(t, w.Manager, "POST", "/wx/login", `{`)
	o.want(t, "half of JSON", refused(core.CodeBadRequest, 400))
	send(t, w.Manager, "GET", "/wx/check", "")
	o.want(t, "no token", refused(core.CodeNoSession, 401))
	unknown := refused(core.CodeInvalidCode, 400)
	unknown.ErrCode = 40029
	send(t, w.Manager, "POST", "/wx/login", `{"code":"unknown"}`)
	o.want(t, "a code that WeChat does not know", unknown)
	w.Refuse(t.Context(), core.Request{}, core.NewError(409, "sold_out", "too late"))
	o.want(t, "the application's own", refused("sold_out", 409))
	w.Refuse(t.Context(), core.Request{}, errors.New("some store's"))
	o.want(t, "an outage", refused(core.CodeStoreUnavailable, 503))
	send(t, w.Manager, "POST", "/wx/login", `{"code":"`+w.wx.Code("o-alice")+`"}`)
	o.want(t, "a login")
}
