package core_test

import (
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/wxsession/wxsession/core"
	"github.com/wxsession/wxsession/core/wxapi"
	"github.com/wxsession/wxsession/core/wxtest"
)

// gated holds back the first write of a user's record until it is opened.
type gated struct {
	core.Store
	mu      sync.Mutex
	held    bool
	arrived chan struct{}
	open    chan struct{}
}

func (g *gated) Swap(ctx context.Context, key string, old, new []byte, ttl time.Duration) error {
	g.mu.Lock()
	first := !g.held && strings.HasPrefix(key, "u:")
	g.held = g.held || first
	g.mu.Unlock()
	if first {
		close(g.arrived)
		<-g.open
	}
	return g.Store.Swap(ctx, key, old, new, ttl)
}

func TestTheRingKeepsTheOrderInWhichWeChatAnswered(t *testing.T) {
	w := newWorld(t, nil)
	g := &gated{Store: w.store.Store, arrived: make(chan struct{}), open: make(chan struct{})}
	w.store.Store = g
	other := w.manager(t, nil) // another instance: in one, logins of a user take turns
	slow := make(chan error, 1)
	code := w.wx.Code("o-alice")
	go func() {
		_, _, err := w.Login(context.Background(), core.LoginRequest{Code: code})
		slow <- err
	}()
	<-g.arrived // WeChat has answered the first login, which is not stored yet
	w.clock.Advance(time.Hour)
	_, s, err := other.Login(t.Context(), core.LoginRequest{Code: w.wx.Code("o-alice")}) // brings the key that is valid now
	if err != nil {
		t.Fatal(err)
	}
	data, iv := w.wx.PhoneData("o-alice", "13580006666")
	close(g.open)
	if err := <-slow; err != nil {
		t.Fatal(err)
	}
	if err := w.CheckSessionKey(t.Context(), s); err != nil {
		t.Errorf("the key that WeChat gave last is not the current one: %v", err)
	}
	if found, err := w.DecryptData(t.Context(), s, core.EncryptedData{Data: data, IV: iv}); err != nil || found.Previous {
		t.Errorf("the current key is taken for the previous one: %v, %v", found.Previous, err)
	}
}

func TestWhatWeChatSaidOfAKeyDoesNotSurviveALoginThatBringsItAgain(t *testing.T) {
	w := newWorld(t, func(c *core.Config) {
		c.IdentityProvider = identifyFunc(func(context.Context, core.LoginRequest) (core.Identity, error) {
			return core.Identity{OpenID: "o-alice", SessionKey: wxapi.Secret("tiihtNczf5v6AKRyjwEUhQ==")}, nil
		})
	})
	_, s := w.login(t, "o-alice")
	w.wx.Fail(checkSession, wxtest.Fault{ErrCode: 87009}, 1)
	wantCode(t, w.CheckSessionKey(t.Context(), s), core.CodeSessionKeyExpired)
	wantCode(t, w.CheckSessionKey(t.Context(), s), core.CodeSessionKeyExpired) // kept
	_, s = w.login(t, "o-alice")
	before := w.wx.Calls(checkSession)
	_ = w.CheckSessionKey(t.Context(), s)
	if w.wx.Calls(checkSession) == before {
		t.Error("WeChat is not asked about a key that it has just given")
	}
}

// By a clock that is right what WeChat said an hour from now is no answer: it would
// be the answer for an hour.
func TestWhatWeChatSaidByAClockThatIsAheadIsAskedAgain(t *testing.T) {
	w := newWorld(t, nil)
	ahead := w.manager(t, func(c *core.Config) { c.Now = func() time.Time { return w.clock.Now().Add(time.Hour) } })
	_, s := w.login(t, "o-alice")
	for i, m := range []*core.Manager{ahead, w.Manager, w.Manager} {
		if err := m.CheckSessionKey(t.Context(), s); err != nil {
			t.Fatal(err)
		}
		if n, want := w.wx.Calls(checkSession), min(i+1, 2); n != want {
			t.Errorf("after check %d: WeChat was asked %d times, want %d", i+1, n, want)
		}
	}
}

func TestOneTimeDataIsKnownByItsCiphertext(t *testing.T) {
	w := newWorld(t, nil)
	_, s := w.login(t, "o-alice")
	data, iv := w.wx.Encrypt("o-alice", map[string]any{"number": 123456})
	once := core.EncryptedData{Data: data, IV: iv, MaxAge: time.Minute, Once: true}
	if _, err := w.DecryptData(t.Context(), s, once); err != nil {
		t.Fatal(err)
	}
	for i := range 16 {
		changed := once
		changed.IV = flipBit(t, iv, i)
		if found, err := w.DecryptData(t.Context(), s, changed); err == nil {
			t.Errorf("with byte %d of the iv changed it is new: %s", i, found.JSON)
		}
	}
	for _, again := range []string{data, strings.TrimRight(data, "="), data + "\n"} {
		changed := once
		changed.Data = again
		if found, err := w.DecryptData(t.Context(), s, changed); err == nil || found.JSON != nil {
			t.Errorf("written as %q it is new: %v, or shown: %s", again, err, found.JSON)
		}
	}
}
