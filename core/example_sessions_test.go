package core_test

import (
	"context"
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"
	"time"

	"github.com/wxsession/wxsession/core"
	"github.com/wxsession/wxsession/core/wxtest"
	"github.com/wxsession/wxsession/stores/memory"
)

// A session for somebody whom the application knows by other means.
func ExampleManager_Issue() {
	wx := wxtest.NewServer()
	defer wx.Close()
	m := newManager(wx, nil)
	ctx := context.Background()

	token, _, err := m.Issue(ctx, "", core.Identity{OpenID: "o-alice"}, "imported")
	if err != nil {
		log.Fatal(err)
	}
	s, err := m.Authenticate(ctx, token)
	fmt.Println(s.OpenID, err)
	// Output: o-alice <nil>
}

func ExampleManager_Check() {
	wx := wxtest.NewServer()
	defer wx.Close()
	now := time.Now()
	m := newManager(wx, func(c *core.Config) { c.Now = func() time.Time { return now } })
	ctx := context.Background()
	token, _, err := m.Login(ctx, core.LoginRequest{Code: wx.Code("o-alice")})
	if err != nil {
		log.Fatal(err)
	}
	now = now.Add(71 * time.Hour)
	s, err := m.Check(ctx, token) // does not renew
	fmt.Println(s.ExpiresAt().Sub(now).Round(time.Minute), err)
	// Output: 1h0m0s <nil>
}

// The ways to end sessions from the application's own code.
func ExampleManager_LogoutOthers() {
	wx := wxtest.NewServer()
	defer wx.Close()
	m := newManager(wx, nil)
	ctx := context.Background()
	for _, device := range []string{"phone", "tablet", "desktop"} {
		if _, _, err := m.Login(ctx, core.LoginRequest{Code: wx.Code("o-alice"), Device: device}); err != nil {
			log.Fatal(err)
		}
	}
	_, s, err := m.Login(ctx, core.LoginRequest{Code: wx.Code("o-alice"), Device: "new phone"})
	if err != nil {
		log.Fatal(err)
	}
	left := func() {
		list, err := m.Sessions(ctx, s.AppID, s.OpenID)
		fmt.Println(len(list), err)
	}
	list, err := m.Sessions(ctx, s.AppID, s.OpenID)
	if err != nil {
		log.Fatal(err)
	}
	if err := m.Revoke(ctx, s.AppID, s.OpenID, list[0].ID); err != nil { // the first phone
		log.Fatal(err)
	}
	left()
	if err := m.LogoutOthers(ctx, s); err != nil {
		log.Fatal(err)
	}
	left()
	if err := m.LogoutSession(ctx, s); err != nil {
		log.Fatal(err)
	}
	left()
	// Output:
	// 3 <nil>
	// 1 <nil>
	// 0 <nil>
}

// What a middleware does for a framework without an adapter.
func ExampleManager_Require() {
	wx := wxtest.NewServer()
	defer wx.Close()
	m := newManager(wx, nil)
	token, _, err := m.Login(context.Background(), core.LoginRequest{Code: wx.Code("o-alice")})
	if err != nil {
		log.Fatal(err)
	}
	middleware := func(header http.Header) {
		req := core.Request{Method: "GET", Header: header}
		ctx, _, err := m.Require(context.Background(), req)
		if err != nil {
			fmt.Println("refused:", m.Refuse(ctx, req, err).Status)
			return
		}
		fmt.Println("served to", core.FromContext(ctx).OpenID)
	}
	middleware(http.Header{"Authorization": {"Bearer " + token}})
	middleware(http.Header{})
	// Output:
	// served to o-alice
	// refused: 401
}

// A middleware for a framework whose requests are net/http's.
func ExampleManager_RequireHTTP() {
	wx := wxtest.NewServer()
	defer wx.Close()
	m := newManager(wx, nil)
	token, _, err := m.Login(context.Background(), core.LoginRequest{Code: wx.Code("o-alice")})
	if err != nil {
		log.Fatal(err)
	}
	r := httptest.NewRequest("GET", "/api/me", nil)
	r.Header.Set("Authorization", "Bearer "+token)
	r, err = m.RequireHTTP(r)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(core.FromContext(r.Context()).OpenID)
	// Output: o-alice
}

// A public page greets those whom it knows.
func ExampleManager_Optional() {
	wx := wxtest.NewServer()
	defer wx.Close()
	m := newManager(wx, nil)
	_, s := m.Optional(context.Background(), core.Request{Method: "GET", Header: http.Header{}})
	fmt.Println("a session:", s != nil)
	// Output: a session: false
}

// A handler that takes the session as an argument needs no context with it.
func ExampleManager_AuthenticateRequest() {
	wx := wxtest.NewServer()
	defer wx.Close()
	m := newManager(wx, nil)
	token, _, err := m.Login(context.Background(), core.LoginRequest{Code: wx.Code("o-alice")})
	if err != nil {
		log.Fatal(err)
	}
	s, err := m.AuthenticateRequest(context.Background(), core.Request{Method: "GET", Header: http.Header{"X-Wx-Session": {token}}})
	fmt.Println(s.OpenID, err)
	// Output: o-alice <nil>
}

func ExampleManager_Ping() {
	store, err := memory.New(memory.Options{})
	if err != nil {
		log.Fatal(err)
	}
	m, err := core.New(core.Config{AppID: "wx0123456789abcdef", Secret: core.NewSecret("secret")}, store)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(m.Ping(context.Background()))
	_ = store.Close()
	fmt.Println(core.CodeOf(m.Ping(context.Background())))
	// Output:
	// <nil>
	// store_unavailable
}

// careful is a store that does more for the writes that end a session.
type careful struct{ core.WrappedStore }

func (s careful) Delete(ctx context.Context, key string) error {
	if core.IsRevocation(ctx) {
		fmt.Println("a session ends")
	}
	return s.Store.Delete(ctx, key)
}

func ExampleIsRevocation() {
	wx := wxtest.NewServer()
	defer wx.Close()
	inner, err := memory.New(memory.Options{})
	if err != nil {
		log.Fatal(err)
	}
	defer inner.Close()
	m, err := core.New(core.Config{AppID: wx.AppID, Secret: core.NewSecret(wx.Secret), APIBase: wx.URL}, careful{core.WrappedStore{Store: inner}})
	if err != nil {
		log.Fatal(err)
	}
	ctx := context.Background()
	token, _, err := m.Login(ctx, core.LoginRequest{Code: wx.Code("o-alice")})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(m.Logout(ctx, token))
	// Output:
	// a session ends
	// <nil>
}
