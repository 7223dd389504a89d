package core_test

import (
	"io"
	"net/http"
	"testing"
	"testing/synctest"

	"github.com/wxsession/wxsession/core"
	"github.com/wxsession/wxsession/core/wxapi"
	"github.com/wxsession/wxsession/core/wxtest"
)

// TestASilentEndpointShutsNoOther: strangers can have images drawn, and would shut
// out all logins while only the drawing is down.
func TestASilentEndpointShutsNoOther(t *testing.T) {
	const draw = "/wxa/getwxacodeunlimit"
	for _, silent := range []string{code2Session, checkSession, phoneNumber, draw} {
		w := newWorld(t, nil)
		_, s := w.login(t, "o-alice")
		ask := map[string]func() error{
			code2Session: func() error {
				_, _, err := w.Login(t.Context(), core.LoginRequest{Code: w.wx.Code("o-alice")})
				return err
			},
			checkSession: func() error { return w.CheckSessionKey(t.Context(), s) },
			phoneNumber: func() error {
				_, err := w.PhoneNumber(t.Context(), "", w.wx.PhoneCode("o-alice", "13580006666"))
				return err
			},
			draw: func() error {
				return w.AskWeChat(t.Context(), "", func(c *wxapi.Client) error {
					_, err := c.UnlimitedQRCode(t.Context(), wxapi.QRCode{Scene: "s"})
					return err
				})
			},
		}
		w.wx.Fail(silent, wxtest.Fault{Status: 502}, wxtest.Always)
		before := w.wx.Calls(silent)
		for range 20 {
			wantCode(t, ask[silent](), core.CodeWeChatUnavailable)
		}
		if n := w.wx.Calls(silent) - before; n != 10 {
			t.Errorf("%s is silent: asked %d times, want 10", silent, n)
		}
		if open := w.Breakers()[w.wx.AppID]; open != (silent == code2Session) {
			t.Errorf("%s is silent: logins are shut: %v", silent, open)
		}
		for path, call := range ask {
			if err := call(); path != silent && err != nil {
				t.Errorf("%s is silent, and %s fails: %v", silent, path, err)
			}
		}
	}
}

// TestSlowCallsOfOthersLeavePlacesForLogins: strangers can have images drawn, and
// would hold all places for as long as WeChat draws.
func TestSlowCallsOfOthersLeavePlacesForLogins(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, err := core.New(core.Config{
			AppID: "wx0123456789abcdef", Secret: core.NewSecret("x"), LimitExchanges: 8, Keys: []core.Secret{sealKey('a')},
			HTTPClient: &http.Client{Transport: roundTripFunc(func(*http.Request) (*http.Response, error) {
				return nil, io.ErrUnexpectedEOF
			})},
		}, noStore{})
		if err != nil {
			t.Fatal(err)
		}
		open := make(chan struct{})
		for range 20 {
			go m.AskWeChat(t.Context(), "", func(*wxapi.Client) error {
				<-open
				return nil
			})
		}
		synctest.Wait()
		_, _, err = m.Login(t.Context(), core.LoginRequest{Code: "code"})
		wantCode(t, err, core.CodeWeChatUnavailable) // it was asked
		close(open)
		synctest.Wait()
	})
}
