package adaptertest

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/wxsession/wxsession/core"
)

func ownErrorRows() []row {
	return []row{
		{name: "an error of the application's own keeps its status, code and message", check: (*rig).ownErrors},
		{name: "an error of the application's own asks to log in or to wait, where it should", check: (*rig).ownErrorHeaders},
		{name: "an error of another kind is 503, and its text is for the log", check: (*rig).foreignError},
		{name: "a hook refuses the login with an error of the application's own", check: (*rig).ownLoginError},
	}
}

// refusing are the ways in which an application's error leaves it.
func refusing() [][2]string { return [][2]string{{"GET", "/refuse"}, {"POST", "/wx/address"}} }

func (r *rig) ownErrors() {
	r.start()
	for _, status := range []int{400, 402, 404, 409, 451, 500, 502, 599} {
		const code = "out_of_credit"
		err := core.NewError(status, code, "buy <some> & more")
		for _, refused := range []error{err, fmt.Errorf("cannot order: %w", err)} {
			r.app.setErr(refused)
			for _, route := range refusing() {
				a := r.do(route[0], route[1], "")
				a.wantRefusal(status, code)
				var got struct{ Message string }
				a.decode(&got)
				if got.Message != err.Message {
					r.Errorf("%s: message %q, want %q", a.what, got.Message, err.Message)
				}
			}
		}
	}
	if !r.h.NoErrorPath {
		last := r.app.failures()[len(r.app.failures())-1]
		if e, ok := errors.AsType[*core.Error](last); !ok || e.Status() != 599 {
			r.Errorf("the error path has got %v, want the application's own", last)
		}
	}
}

func (r *rig) ownErrorHeaders() {
	r.start()
	for _, route := range refusing() {
		r.app.setErr(core.NewError(401, "card_expired", "show another"))
		r.do(route[0], route[1], "").wantUnauthorized("card_expired", false)
		r.do(route[0], route[1], "", bearer(unissued)...).wantUnauthorized("card_expired", true)
		busy := core.NewError(429, "busy", "wait")
		busy.RetryAfter = 6500 * time.Millisecond
		r.app.setErr(busy)
		a := r.do(route[0], route[1], "")
		a.wantRefusal(429, "busy")
		a.wantHeader("Retry-After", "7")
	}
}

func (r *rig) foreignError() {
	r.start()
	r.app.setErr(errors.New("dial tcp 10.0.0.9:5432: connection refused"))
	for _, route := range refusing() {
		a := r.do(route[0], route[1], "")
		a.wantRefusal(503, core.CodeStoreUnavailable)
		if strings.Contains(a.body, "10.0.0.9") {
			r.Errorf("%s: the reply holds the error's text: %s", a.what, a.body)
		}
	}
}

func (r *rig) ownLoginError() {
	r.start(func(c *core.Config) {
		c.OnLogin = func(context.Context, *core.Draft) error {
			return fmt.Errorf("user 7: %w", core.NewError(451, "not_here", "not in your country"))
		}
	})
	a := r.do("POST", "/wx/login", loginBody(r.wx.Code(r.wx.OpenID("alice"))))
	a.wantRefusal(451, "not_here")
	if !strings.Contains(a.body, "not in your country") || strings.Contains(a.body, "user 7") {
		r.Errorf("%s: %s, want the message, and nothing of what wraps it", a.what, a.body)
	}
}
