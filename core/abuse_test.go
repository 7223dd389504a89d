package core_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/wxsession/wxsession/core"
	"github.com/wxsession/wxsession/core/wxapi"
	"github.com/wxsession/wxsession/core/wxtest"
)

// from sends a request from an address.
func from(t *testing.T, m *core.Manager, address, method, path, body string, header ...string) core.Reply {
	t.Helper()
	for _, route := range m.Routes() {
		if route.Method == method && route.Path == path {
			return route.Serve(t.Context(), core.Request{
				Method: method, Path: path, Address: address, Header: headers(header), Body: bodyOf(body),
			})
		}
	}
	t.Fatalf("there is no route %s %s", method, path)
	return core.Reply{}
}

func bodyOf(text string) io.Reader { return &stringReader{text} }

// stringReader notes whether anybody has read from it.
type stringReader struct{ rest string }

func (r *stringReader) Read(p []byte) (int, error) {
	n := copy(p, r.rest)
	r.rest = r.rest[n:]
	if n == 0 {
		return 0, io.EOF
	}
	return n, nil
}

func TestOneAddressIsHeldToItsRate(t *testing.T) {
	w := newWorld(t, func(c *core.Config) {
		c.LimitAddress, c.PhoneRoute, c.Wafer = core.Rate{N: 5, Per: time.Minute}, true, true
	})
	w.store.counts()
	for i := range 20 {
		r := from(t, w.Manager, "192.0.2.1", "POST", "/wx/login", `{"code":"junk"}`)
		if want := map[bool]int{true: 400, false: 429}[i < 10]; r.Status != want {
			t.Fatalf("request %d: status %d, want %d", i, r.Status, want)
		}
		if r.Status == 429 && (r.Err.Code != core.CodeRateLimited || headerOf(r, "Retry-After") != "12") {
			t.Errorf("refused with %s after %s", r.Body, headerOf(r, "Retry-After"))
		}
	}
	if n := w.wx.Calls(code2Session); n != 10 {
		t.Errorf("WeChat was asked %d times", n)
	}
	if gets, swaps, _ := w.store.counts(); gets+swaps != 0 {
		t.Error("the store was asked")
	}
	for _, c := range [][2]string{{"POST", "/wx/phone"}, {"POST", "/wx/wafer/login"}, {"GET", "/wx/wafer/login"}} {
		if r := from(t, w.Manager, "192.0.2.1", c[0], c[1], "{}"); r.Status != 429 {
			t.Errorf("%s: status %d", c[1], r.Status)
		}
	}
	for _, address := range []string{"192.0.2.2", "", "unix"} {
		if r := from(t, w.Manager, address, "POST", "/wx/login", `{"code":"`+w.wx.Code("o-alice")+`"}`); r.Status != 200 {
			t.Errorf("from %q: status %d", address, r.Status)
		}
	}
}

func TestOneUserIsHeldToTheirRate(t *testing.T) {
	w := newWorld(t, func(c *core.Config) { c.PhoneRoute, c.LimitUser = true, core.Rate{N: 2, Per: time.Minute} })
	alice, _ := w.login(t, "o-alice")
	tablet, _ := w.login(t, "o-alice")
	bob, _ := w.login(t, "o-bob")
	phone := func(token string) int {
		return from(t, w.Manager, "", "POST", "/wx/phone", `{"code":"junk"}`, bearer(token)...).Status
	}
	for i, want := range []int{400, 400, 400, 400, 429} {
		if got := phone([]string{alice, tablet}[i%2]); got != want {
			t.Errorf("request %d: %d, want %d", i, got, want)
		}
	}
	if got := phone(bob); got != 400 {
		t.Errorf("another user: %d", got)
	}
	if r, _ := send(t, w.Manager, "GET", "/wx/check?deep=1", "", bearer(alice)...); r.Status != 429 {
		t.Errorf("a deep check: %d", r.Status)
	}
	if r, _ := send(t, w.Manager, "GET", "/wx/check", "", bearer(alice)...); r.Status != 200 {
		t.Errorf("a check: %d", r.Status)
	}
	w.clock.Advance(time.Minute)
	if got := phone(alice); got != 400 {
		t.Errorf("a minute later: %d", got)
	}
}

func TestASilentWeChatIsNotWaitedForByEverybody(t *testing.T) {
	w := newWorld(t, nil)
	login := func() core.Reply {
		r, _ := send(t, w.Manager, "POST", "/wx/login", `{"code":"`+w.wx.Code("o-alice")+`"}`)
		return r
	}
	w.wx.Fail(code2Session, wxtest.Fault{Status: 502}, wxtest.Always)
	for range 30 {
		if r := login(); r.Status != 503 || r.Err.Code != core.CodeWeChatUnavailable || headerOf(r, "Retry-After") == "" {
			t.Fatalf("status %d, body %s", r.Status, r.Body)
		}
	}
	if n := w.wx.Calls(code2Session); n != 10 {
		t.Errorf("WeChat was asked %d times in its silence, want 10", n)
	}
	w.clock.Advance(time.Second)
	login()
	login()
	if n := w.wx.Calls(code2Session); n != 11 {
		t.Errorf("WeChat was asked %d times, want one more after a second", n)
	}
	w.wx.Heal()
	w.clock.Advance(2 * time.Second)
	for range 3 {
		if r := login(); r.Status != 200 {
			t.Errorf("after the trouble: status %d, body %s", r.Status, r.Body)
		}
	}
}

func TestARefusalIsAnAnswer(t *testing.T) {
	w := newWorld(t, nil)
	for _, errcode := range []int{40029, 45011, 40226, -1} {
		w.wx.Fail(code2Session, wxtest.Fault{ErrCode: errcode}, wxtest.Always)
		for range 12 {
			send(t, w.Manager, "POST", "/wx/login", `{"code":"`+w.wx.Code("o-alice")+`"}`)
		}
		w.wx.Heal()
		if r, _ := send(t, w.Manager, "POST", "/wx/login", `{"code":"`+w.wx.Code("o-bob")+`"}`); r.Status != 200 {
			t.Errorf("%d shuts the door for others: %s", errcode, r.Body)
		}
	}
}

func TestExchangesUnderWayAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		under, most := 0, 0
		open := make(chan struct{})
		cfg := core.Config{
			AppID: "wx0123456789abcdef", Secret: core.NewSecret("x"), LimitExchanges: 4, Keys: []core.Secret{sealKey('a')},
			HTTPClient: &http.Client{Transport: roundTripFunc(func(r *http.Request) (*http.Response, error) {
				mu.Lock()
				under++
				most = max(most, under)
				mu.Unlock()
				<-open
				mu.Lock()
				under--
				mu.Unlock()
				return nil, io.ErrUnexpectedEOF
			})},
		}
		m, err := core.New(cfg, noStore{})
		if err != nil {
			t.Fatal(err)
		}
		var group sync.WaitGroup
		codes := map[core.Code]int{}
		for i := range 12 {
			group.Go(func() {
				_, _, err := m.Login(context.Background(), core.LoginRequest{Code: string(rune('a' + i))})
				mu.Lock()
				defer mu.Unlock()
				codes[core.CodeOf(err)]++
			})
		}
		time.Sleep(2 * time.Second)
		mu.Lock()
		if most != 4 || codes[core.CodeRateLimited] != 8 {
			t.Errorf("%d were under way at once, and %v gave up", most, codes)
		}
		mu.Unlock()
		close(open)
		group.Wait()
		time.Sleep(2 * time.Second)
	})
}

func TestOtherPackagesAskWeChatAsTheLoginRoutesDo(t *testing.T) {
	const path = "/wxa/getwxacodeunlimit"
	w := newWorld(t, func(c *core.Config) { c.LimitExchanges = 1 })
	draw := func() error {
		return w.AskWeChat(t.Context(), "", func(c *wxapi.Client) error {
			_, err := c.UnlimitedQRCode(t.Context(), wxapi.QRCode{Scene: "s"})
			return err
		})
	}
	if err := draw(); err != nil {
		t.Fatal(err)
	}
	w.wx.Fail(path, wxtest.Fault{ErrCode: 45009}, 1)
	wantCode(t, draw(), core.CodeRateLimited)
	w.wx.Fail(path, wxtest.Fault{ErrCode: 41030}, 1)
	wantCode(t, draw(), core.CodeMisconfigured)
	wantCode(t, w.AskWeChat(t.Context(), "wxother", nil), core.CodeBadRequest)
	wantCode(t, w.AskWeChat(t.Context(), "", func(*wxapi.Client) error { // there is one place
		return w.AskWeChat(t.Context(), "", func(*wxapi.Client) error { return nil })
	}), core.CodeRateLimited)

	w.wx.Fail(path, wxtest.Fault{Status: 502}, wxtest.Always)
	for range 10 {
		wantCode(t, draw(), core.CodeWeChatUnavailable)
	}
	before := w.wx.Calls(path)
	wantCode(t, draw(), core.CodeWeChatUnavailable)
	if w.wx.Calls(path) != before {
		t.Error("a WeChat that is silent is asked")
	}
}

// TestClientsThatGoAwayAreNoSilenceOfWeChat: or one user could have the logins of
// all refused.
func TestClientsThatGoAwayAreNoSilenceOfWeChat(t *testing.T) {
	w := newWorld(t, func(c *core.Config) { c.PhoneRoute = true })
	token, _ := w.login(t, "o-mallory")
	if _, err := w.PhoneNumber(t.Context(), "", w.wx.PhoneCode("o-mallory", "13580006666")); err != nil { // the access token is there
		t.Fatal(err)
	}
	if err := w.wx.Fail("/wxa/business/getuserphonenumber", wxtest.Fault{Delay: 80 * time.Millisecond}, wxtest.Always); err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	for range 12 {
		all.Go(func() {
			ctx, leave := context.WithCancel(t.Context())
			defer time.AfterFunc(10*time.Millisecond, leave).Stop()
			for _, route := range w.Routes() {
				if route.Path == "/wx/phone" {
					route.Serve(ctx, core.Request{Method: "POST", Header: headers(bearer(token)), Body: bodyOf(`{"code":"junk"}`)})
				}
			}
		})
	}
	all.Wait()
	if _, _, err := w.Login(t.Context(), core.LoginRequest{Code: w.wx.Code("o-alice")}); err != nil {
		t.Errorf("a login of somebody else: %v", err)
	}
}

// tokenlessStore has no place for an access token.
type tokenlessStore struct{ core.Store }

func (s tokenlessStore) Get(ctx context.Context, key string) ([]byte, error) {
	if strings.HasPrefix(key, "t:") {
		return nil, errors.New("connection refused")
	}
	return s.Store.Get(ctx, key)
}

// A store that fails where an access token is kept says nothing about WeChat.
func TestAFailureOfTheStoreIsNoSilenceOfWeChat(t *testing.T) {
	w := newWorld(t, nil)
	m := w.over(t, tokenlessStore{w.store})
	for range 20 {
		_, err := m.PhoneNumber(t.Context(), "", w.wx.PhoneCode("o-alice", "13580006666"))
		wantCode(t, err, core.CodeStoreUnavailable)
	}
	if _, _, err := m.Login(t.Context(), core.LoginRequest{Code: w.wx.Code("o-alice")}); err != nil {
		t.Errorf("a login, which needs no access token: %v", err)
	}
}

// revocationStore counts what ends sessions.
type revocationStore struct {
	core.Store
	n atomic.Int32
}

func (s *revocationStore) Delete(ctx context.Context, key string) error {
	if core.IsRevocation(ctx) {
		s.n.Add(1)
	}
	return s.Store.Delete(ctx, key)
}

// The log-out of a made-up token is a write that may have to wait for replicas.
func TestLogoutsOfMadeUpTokensAreLimited(t *testing.T) {
	w := newWorld(t, nil)
	spy := &revocationStore{Store: w.store}
	m := w.managerOver(t, spy, func(c *core.Config) { c.LimitAddress = core.Rate{N: 1, Per: time.Hour} })
	token, _ := w.login(t, "o-alice")
	for i := range 300 {
		from(t, m, "192.0.2.1", "POST", "/wx/logout", "", bearer(fmt.Sprintf("%042dA", i))...)
	}
	if n := spy.n.Load(); n != 2 {
		t.Errorf("300 log-outs with made-up tokens: %d writes", n)
	}
	if r := from(t, m, "192.0.2.1", "POST", "/wx/logout", "", bearer(token)...); r.Status != 204 {
		t.Errorf("a user from the same address: %d %s", r.Status, r.Body)
	}
}

func TestOneIPv6SiteIsHeldToAHundredTimesTheRate(t *testing.T) {
	w := newWorld(t, func(c *core.Config) { c.LimitAddress = core.Rate{N: 5, Per: time.Minute} })
	let := 0
	for i := range 1500 {
		if r := from(t, w.Manager, fmt.Sprintf("2001:db8:5:%x::1", i), "POST", "/wx/login", `{"code":"junk"}`); r.Status == 400 {
			let++
		}
	}
	if let != 1000 {
		t.Errorf("%d of 1500 were let through", let)
	}
	for _, other := range []string{"2001:db8:6::1", "192.0.2.7"} {
		if r := from(t, w.Manager, other, "POST", "/wx/login", `{"code":"junk"}`); r.Status != 400 {
			t.Errorf("from %s: %d", other, r.Status)
		}
	}
}
