package core_test

import (
	"context"
	"fmt"
	"log"
	"net/http"
	"strings"

	"github.com/wxsession/wxsession/core"
	"github.com/wxsession/wxsession/core/wxtest"
	"github.com/wxsession/wxsession/stores"
)

// newManager is what a program does at its start, with a simulated WeChat.
func newManager(wx *wxtest.Server, change func(*core.Config)) *core.Manager {
	cfg := core.Config{AppID: wx.AppID, Secret: core.NewSecret(wx.Secret), APIBase: wx.URL}
	if change != nil {
		change(&cfg)
	}
	store, err := stores.Open(context.Background(), cfg.Store)
	if err != nil {
		log.Fatal(err)
	}
	m, err := core.New(cfg, store)
	if err != nil {
		log.Fatal(err)
	}
	return m
}

func Example() {
	wx := wxtest.NewServer()
	defer wx.Close()
	m := newManager(wx, func(c *core.Config) {
		c.OnLogin = func(_ context.Context, s *core.Draft) error {
			s.SetAttr("uid", "42") // the application's own user
			return nil
		}
	})
	ctx := context.Background()

	token, _, err := m.Login(ctx, core.LoginRequest{Code: wx.Code("o-alice")})
	if err != nil {
		log.Fatal(err)
	}
	s, err := m.Authenticate(ctx, token)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(s.OpenID, s.Attr("uid"))

	if err := m.Logout(ctx, token); err != nil {
		log.Fatal(err)
	}
	_, err = m.Authenticate(ctx, token)
	fmt.Println(core.CodeOf(err))
	// Output:
	// o-alice 42
	// invalid_session
}

func ExampleManager_Update() {
	wx := wxtest.NewServer()
	defer wx.Close()
	m := newManager(wx, nil)
	ctx := context.Background()
	token, s, err := m.Login(ctx, core.LoginRequest{Code: wx.Code("o-alice")})
	if err != nil {
		log.Fatal(err)
	}
	err = m.Update(ctx, s, func(s *core.Draft) error {
		s.SetAttr("cart", s.Attr("cart")+"apple ")
		return nil
	})
	if err != nil {
		log.Fatal(err)
	}
	s, err = m.Authenticate(ctx, token)
	fmt.Println(s.Attr("cart"), err)
	// Output: apple  <nil>
}

func ExampleManager_Decrypt() {
	wx := wxtest.NewServer()
	defer wx.Close()
	m := newManager(wx, nil)
	ctx := context.Background()
	_, s, err := m.Login(ctx, core.LoginRequest{Code: wx.Code("o-alice")})
	if err != nil {
		log.Fatal(err)
	}
	encryptedData, iv := wx.PhoneData("o-alice", "13580006666") // as the button gives it to the client
	var phone struct {
		PurePhoneNumber string `json:"purePhoneNumber"`
	}
	err = m.Decrypt(ctx, s, encryptedData, iv, &phone)
	fmt.Println(phone.PurePhoneNumber, err)
	// Output: 13580006666 <nil>
}

func ExampleManager_Sessions() {
	wx := wxtest.NewServer()
	defer wx.Close()
	m := newManager(wx, nil)
	ctx := context.Background()
	for _, device := range []string{"phone", "tablet"} {
		if _, _, err := m.Login(ctx, core.LoginRequest{Code: wx.Code("o-alice"), Device: device}); err != nil {
			log.Fatal(err)
		}
	}
	list, err := m.Sessions(ctx, wx.AppID, "o-alice")
	if err != nil {
		log.Fatal(err)
	}
	for _, info := range list {
		fmt.Println(info.Device)
	}
	if err := m.LogoutUser(ctx, wx.AppID, "o-alice"); err != nil {
		log.Fatal(err)
	}
	list, err = m.Sessions(ctx, wx.AppID, "o-alice")
	fmt.Println(len(list), err)
	// Output:
	// phone
	// tablet
	// 0 <nil>
}

func ExampleManager_Rotate() {
	wx := wxtest.NewServer()
	defer wx.Close()
	m := newManager(wx, nil)
	ctx := context.Background()
	token, s, err := m.Login(ctx, core.LoginRequest{Code: wx.Code("o-alice")})
	if err != nil {
		log.Fatal(err)
	}
	fresh, rotated, err := m.Rotate(ctx, token)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(fresh != token, rotated.ID == s.ID)
	// Output: true true
}

// How a framework without an adapter is served: the routes, and a middleware.
func ExampleManager_Routes() {
	wx := wxtest.NewServer()
	defer wx.Close()
	m := newManager(wx, nil)
	for _, route := range m.Routes() {
		fmt.Println(route.Method, route.Path)
	}
	r := m.Routes()[0].Serve(context.Background(), core.Request{
		Header: http.Header{},
		Body:   strings.NewReader(`{"code":"` + wx.Code("o-alice") + `"}`),
	})
	fmt.Println(r.Status)
	// Output:
	// POST /wx/login
	// GET /wx/check
	// POST /wx/logout
	// GET /wx/sessions
	// DELETE /wx/sessions/{id}
	// POST /wx/rotate
	// 200
}
