package core_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/wxsession/wxsession/core"
	"github.com/wxsession/wxsession/core/wxtest"
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

func TestAnObserverLearnsWhichLimitRefused(t *testing.T) {
	o := new(moments)
	w := newWorld(t, func(c *core.Config) {
		c.Observe, c.PhoneRoute = o, true
		c.LimitAddress, c.LimitUser = core.Rate{N: 1, Per: time.Hour}, core.Rate{N: 1, Per: time.Hour}
		c.Apps = []core.App{{AppID: "wx00000000000000bb", Secret: core.NewSecret("x")}}
	})
	last := func() core.Reason {
		o.mu.Lock()
		defer o.mu.Unlock()
		if len(o.kept) == 0 {
			return "nothing"
		}
		return o.kept[len(o.kept)-1].Reason
	}
	for range 3 {
		from(t, w.Manager, "192.0.2.1", "POST", "/wx/login", `{"code":"junk"}`)
	}
	if got := last(); got != core.ReasonAddress {
		t.Errorf("one address: %q", got)
	}
	token, _ := w.login(t, "o-alice")
	for range 3 {
		send(t, w.Manager, "GET", "/wx/check?deep=1", "", bearer(token)...)
	}
	if got := last(); got != core.ReasonUser {
		t.Errorf("one user: %q", got)
	}
	w.wx.Fail(code2Session, wxtest.Fault{Status: 502}, wxtest.Always)
	for range 11 {
		send(t, w.Manager, "POST", "/wx/login", `{"code":"`+w.wx.Code("o-alice")+`"}`)
	}
	if got := last(); got != core.ReasonBreaker {
		t.Errorf("a silent WeChat: %q", got)
	}
	if open := w.Breakers(); !open[w.wx.AppID] || open["wx00000000000000bb"] || len(open) != 2 {
		t.Errorf("the breakers: %v", open)
	}
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := w.Authenticate(gone, token)
	w.Refuse(gone, core.Request{}, err)
	if got := last(); got != core.ReasonCanceled {
		t.Errorf("a client that has gone: %q", got)
	}
}

func TestAnObserverLearnsThatThereWasNoPlace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o, open := new(moments), make(chan struct{})
		m, err := core.New(core.Config{
			AppID: "wx0123456789abcdef", Secret: core.NewSecret("x"), LimitExchanges: 1, Keys: []core.Secret{sealKey('a')}, Observe: o,
			HTTPClient: &http.Client{Transport: roundTripFunc(func(*http.Request) (*http.Response, error) {
				<-open
				return nil, io.ErrUnexpectedEOF
			})},
		}, noStore{})
		if err != nil {
			t.Fatal(err)
		}
		go m.Login(context.Background(), core.LoginRequest{Code: "first"})
		synctest.Wait()
		_, _, err = m.Login(t.Context(), core.LoginRequest{Code: "second"})
		m.Refuse(t.Context(), core.Request{}, err)
		o.want(t, "no place", core.Event{Name: core.MomentRefused, Code: core.CodeRateLimited, Status: 429, Reason: core.ReasonExchanges})
		close(open)
		synctest.Wait()
	})
}

// ended are the moments at which sessions end.
func ended(reasons ...core.Reason) (events []core.Event) {
	for _, why := range reasons {
		events = append(events, core.Event{Name: core.MomentEnded, Reason: why})
	}
	return events
}

func TestAnObserverLearnsWhySessionsEnd(t *testing.T) {
	o := new(moments)
	w := newWorld(t, func(c *core.Config) { c.Observe, c.MaxSessions = o, 2 })
	ok := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	token, _ := w.login(t, "o-alice")
	o.want(t, "a login")
	ok(w.Logout(t.Context(), token))
	o.want(t, "a log-out", ended(core.ReasonLogout)...)
	ok(w.Logout(t.Context(), token))
	o.want(t, "the same again")
	_, s := w.login(t, "o-alice")
	ok(w.Revoke(t.Context(), "", "o-alice", s.ID))
	o.want(t, "another device's doing", ended(core.ReasonDevice)...)
	w.login(t, "o-alice")
	w.login(t, "o-alice")
	o.want(t, "as many sessions as there may be")
	w.clock.Advance(time.Second)
	plain := w.store.Store
	w.store.Store = &beaten{Store: plain}
	w.login(t, "o-alice")
	w.store.Store = plain
	o.want(t, "one more, at the second attempt", ended(core.ReasonCap)...)
	ok(w.LogoutUser(t.Context(), "", "o-alice"))
	o.want(t, "a log-out everywhere", ended(core.ReasonEverywhere, core.ReasonEverywhere)...)
	token, s = w.login(t, "o-alice")
	mustRedeem(t, w, mustTicket(t, w, s))
	mustRedeem(t, w, mustTicket(t, w, s))
	o.want(t, "a second hand-over", ended(core.ReasonHandOver)...)
	newer, _, err := w.Rotate(t.Context(), token)
	ok(err)
	_, err = w.Authenticate(t.Context(), newer)
	ok(err)
	_, _, err = w.Rotate(t.Context(), token)
	wantCode(t, err, core.CodeSessionRevoked)
	o.want(t, "a token that turned up again", ended(core.ReasonTheft, core.ReasonTheft)...)
}

func TestAnObserverLearnsOfSessionsThatEndInAFullStore(t *testing.T) {
	o := new(moments)
	w := newWorld(t, func(c *core.Config) { c.Observe = o })
	token, _ := w.login(t, "o-alice")
	w.store.Store = fullStore{w.store.Store}
	if err := w.Logout(t.Context(), token); err != nil {
		t.Fatal(err)
	}
	o.want(t, "a log-out", ended(core.ReasonLogout)...)
}

func TestARevocationThatFailsHasEndedNothing(t *testing.T) {
	o := new(moments)
	w := newWorld(t, func(c *core.Config) { c.Observe = o })
	w.login(t, "o-alice")
	w.store.Store = readOnly{w.store.Store}
	wantCode(t, w.LogoutUser(t.Context(), "", "o-alice"), core.CodeStoreUnavailable)
	o.want(t, "a log-out that failed")
}

// beaten loses the first compare-and-swap against somebody.
type beaten struct {
	core.Store
	once bool
}

func (s *beaten) Swap(ctx context.Context, key string, old, new []byte, ttl time.Duration) error {
	if old != nil && !s.once {
		s.once = true
		return core.ErrConflict
	}
	return s.Store.Swap(ctx, key, old, new, ttl)
}

func TestAnObserverSeesWhatNeedsTheSessionKey(t *testing.T) {
	o := &tally{ended: map[string]int{}}
	w := newWorld(t, func(c *core.Config) { c.Observe = o })
	want := func(what string, names ...string) {
		t.Helper()
		got := o.take()
		if got[negative] != 0 {
			t.Errorf("%s: %d events with %s", what, got[negative], negative)
		}
		for _, name := range names {
			if got[name] == 0 {
				t.Errorf("%s: %q is missing in %v", what, name, got)
			}
		}
	}
	_, s := w.login(t, "o-alice")
	data, iv := w.wx.Encrypt("o-alice", map[string]any{"openId": "o-alice"})
	var v any
	if err := w.Decrypt(t.Context(), s, data, iv, &v); err != nil {
		t.Fatal(err)
	}
	want("data", "decrypt ", "decrypt>get ")
	_ = w.Decrypt(t.Context(), s, data, "", &v)
	want("data without an iv", "decrypt invalid_signature")
	_ = w.VerifySignature(t.Context(), s, "{}", "x")
	want("a signature", "decrypt invalid_signature")
	if _, err := w.PhoneNumber(t.Context(), "", w.wx.PhoneCode("o-alice", "13580006666")); err != nil {
		t.Fatal(err)
	}
	want("a phone number", "phone ", "phone>/wxa/business/getuserphonenumber ", "phone>/cgi-bin/stable_token ")
	_, _ = w.PhoneNumber(t.Context(), "", "")
	want("no code", "phone bad_request")
	for path, call := range map[string]func() error{
		"/wxa/checksession":               func() error { return w.CheckSessionKey(t.Context(), s) },
		"/wxa/resetusersessionkey":        func() error { return w.ResetSessionKey(t.Context(), s) },
		"/wxa/business/getuserencryptkey": func() error { _, err := w.UserEncryptKeys(t.Context(), s); return err },
	} {
		if err := call(); err != nil {
			t.Errorf("%s: %v", path, err)
		}
		want(path, "session_key ", "session_key>"+path+" ")
	}
	for _, call := range []func() error{
		func() error { return w.CheckSessionKey(t.Context(), nil) },
		func() error { return w.ResetSessionKey(t.Context(), nil) },
		func() error { _, err := w.UserEncryptKeys(t.Context(), nil); return err },
	} {
		_ = call()
		want("no session", "session_key no_session")
	}
}

func TestAnObservedRequestAllocatesOncePerEvent(t *testing.T) {
	w := newWorld(t, func(c *core.Config) { c.Observe = new(moments) })
	token, _ := w.login(t, "o-alice")
	ctx := t.Context()
	plain := w.manager(t, nil)
	allocations := func(m *core.Manager) float64 {
		return testing.AllocsPerRun(200, func() {
			if _, err := m.Authenticate(ctx, token); err != nil {
				t.Fatal(err)
			}
		})
	}
	if with, without := allocations(w.Manager), allocations(plain); with > without+2 {
		t.Errorf("Authenticate allocates %v times with an observer, and %v without", with, without)
	}
}
