package wxapi_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/wxsession/wxsession/core/wxapi"
	"github.com/wxsession/wxsession/core/wxtest"
)

// tokens is a TokenSource that remembers one token of wx.
type tokens struct {
	wx    *wxtest.Server
	held  wxapi.Secret
	stale []wxapi.Secret // what it was asked with
	err   error
}

func (s *tokens) Token(_ context.Context, stale wxapi.Secret) (wxapi.Secret, error) {
	s.stale = append(s.stale, stale)
	if s.held == "" || s.held == stale {
		s.held = wxapi.Secret(s.wx.AccessToken())
	}
	return s.held, s.err
}

func withTokens(s wxapi.TokenSource) func(*wxapi.Config) {
	return func(c *wxapi.Config) { c.Tokens = s }
}

func TestBadTokenIsReplacedOnce(t *testing.T) {
	for _, errcode := range []int{40001, 40014, 42001} {
		wx := newWeChat(t)
		source := &tokens{wx: wx}
		c := newClient(t, wx, withTokens(source))
		wx.Fail(phonePath, wxtest.Fault{ErrCode: errcode}, 1)
		if _, err := c.PhoneNumber(t.Context(), wx.PhoneCode("o1", "1"), "o1"); err != nil {
			t.Errorf("%d: %v", errcode, err)
		}
		if len(source.stale) != 2 || source.stale[0] != "" || source.stale[1] == "" {
			t.Errorf("%d: the source was asked %d times", errcode, len(source.stale))
		}
		wx.Fail(phonePath, wxtest.Fault{ErrCode: errcode}, wxtest.Always)
		_, err := c.PhoneNumber(t.Context(), wx.PhoneCode("o1", "1"), "o1")
		wantError(t, err, wxapi.KindBadToken)
		if n := wx.Calls(phonePath); n != 4 {
			t.Errorf("%d: %d calls, want 4", errcode, n)
		}
	}
}

func TestRevokedTokenIsReplaced(t *testing.T) {
	wx := newWeChat(t)
	c := newClient(t, wx, withTokens(&tokens{wx: wx}))
	key := wxapi.Secret(wx.SessionKey("o1"))
	for range 2 {
		if err := c.CheckSessionKey(t.Context(), "o1", key); err != nil {
			t.Fatal(err)
		}
		wx.RevokeTokens()
	}
}

func TestWithoutTokens(t *testing.T) {
	wx := newWeChat(t)
	_, err := newClient(t, wx).PhoneNumber(t.Context(), "code", "o1")
	if e := wantError(t, err, wxapi.KindMisconfigured); !strings.Contains(e.Error(), "Config.Tokens") {
		t.Error(err)
	}
	if n := wx.Calls(""); n != 0 {
		t.Errorf("%d calls", n)
	}
}

// What the source says is passed on: its kind if it asked WeChat, its cause.
func TestFailingTokenSource(t *testing.T) {
	wx := newWeChat(t)
	sick := errors.New("the store is sick")
	_, err := newClient(t, wx, withTokens(&tokens{wx: wx, err: sick})).PhoneNumber(t.Context(), "code", "o1")
	if wantError(t, err, wxapi.KindUnavailable); !errors.Is(err, sick) {
		t.Error(err)
	}
	refused := &wxapi.Error{Kind: wxapi.KindMisconfigured, ErrCode: 40164}
	err = newClient(t, wx, withTokens(&tokens{wx: wx, err: refused})).CheckSessionKey(t.Context(), "o1", "k")
	if wantError(t, err, wxapi.KindMisconfigured); !errors.Is(err, refused) {
		t.Error(err)
	}
}

// One time limit holds for both tries and the source in between.
func TestTimeLimitOfAuthorizedCalls(t *testing.T) {
	wx := newWeChat(t)
	wx.Fail(checkPath, wxtest.Fault{Hang: true}, wxtest.Always)
	c := newClient(t, wx, withTokens(&tokens{wx: wx}), func(c *wxapi.Config) { c.Timeout = 20 * time.Millisecond })
	err := c.CheckSessionKey(t.Context(), "o1", "k")
	if wantError(t, err, wxapi.KindUnavailable); !errors.Is(err, context.DeadlineExceeded) {
		t.Error(err)
	}
}
