package core

import (
	"context"
	"io"
	"net/http"
	"strings"
	"time"
)

// sceneSource is a WeChat that takes "openid.session_key" for a code. It notes
// in which order it answered.
type sceneSource struct {
	in    *instance
	waits bool // until it is picked; time passes then, so that no two answers are of one moment
}

func (w sceneSource) Identify(ctx context.Context, r LoginRequest) (id Identity, err error) {
	c := &storeCall{verb: "WeChat"}
	answer := func() error {
		if w.waits {
			w.in.pass(time.Millisecond)
		}
		id, err = nameSource{}.Identify(ctx, r)
		w.in.noteAnswer(ctx, c, id)
		return err
	}
	if !w.waits {
		return id, answer()
	}
	if gone := w.in.call(ctx, c, answer); gone != nil {
		return Identity{}, gone
	}
	return id, err
}

// sceneWeChat is WeChat's server API. It says that the session_key is not valid,
// until a login has brought it again.
type sceneWeChat struct{ in *instance }

func (w sceneWeChat) RoundTrip(r *http.Request) (*http.Response, error) {
	body := `{"access_token":"token","expires_in":7200}`
	if strings.HasPrefix(r.URL.Path, "/wxa/checksession") {
		c := &storeCall{verb: "WeChat"}
		err := w.in.call(r.Context(), c, func() error {
			w.in.pass(time.Millisecond)
			body, c.found, c.note = `{"errcode":87009,"errmsg":"invalid signature"}`, 1, ": dead"
			if w.in.revived() {
				body, c.found, c.note = `{"errcode":0,"errmsg":"ok"}`, 2, ": valid"
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	return &http.Response{StatusCode: 200, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(body)), Request: r}, nil
}

// revived tells whether WeChat has answered a login with the key that the scene
// begins with.
func (s *scheduler) revived() bool {
	for _, a := range s.answers {
		if a.task != nil && a.key == "key" {
			return true
		}
	}
	return false
}
