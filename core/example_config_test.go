package core_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/wxsession/wxsession/core"
	"github.com/wxsession/wxsession/core/wxtest"
	"github.com/wxsession/wxsession/stores/memory"
)

func ExampleConfigFromEnv() {
	for name, value := range map[string]string{"WX_APPID": "wx0123456789abcdef", "WX_SECRET": "hunter2", "WX_IDLE_TIMEOUT": "24h"} {
		if err := os.Setenv(name, value); err != nil {
			log.Fatal(err)
		}
		defer os.Unsetenv(name)
	}
	cfg, err := core.ConfigFromEnv()
	fmt.Println(cfg.AppID, cfg.IdleTimeout, cfg.Secret, err)
	// Output: wx0123456789abcdef 24h0m0s [redacted] <nil>
}

func ExampleNew() {
	store, err := memory.New(memory.Options{})
	if err != nil {
		log.Fatal(err)
	}
	defer store.Close()
	_, err = core.New(core.Config{AppID: "wx0123456789abcdef", Secret: core.NewSecret("secret"), MaxSessions: 3}, store)
	fmt.Println(err)
	_, err = core.New(core.Config{AppID: "wx0123456789abcdef", Secret: core.NewSecret("secret"), IdleTimeout: time.Millisecond}, store)
	fmt.Println(err)
	// Output:
	// <nil>
	// cannot use this configuration: set IdleTimeout (WX_IDLE_TIMEOUT) to at least 1s and at most ten years, it is 1ms
}

func ExampleNewSecret() {
	s := core.NewSecret("hunter2")
	fmt.Printf("%v %+v %q\n", s, s, s)
	fmt.Println(s.Reveal() == "hunter2")
	// Output:
	// [redacted] [redacted] [redacted]
	// true
}

// The application's own table of users decides about logins.
func ExampleDeny() {
	wx := wxtest.NewServer()
	defer wx.Close()
	m := newManager(wx, func(c *core.Config) {
		c.OnLogin = func(_ context.Context, d *core.Draft) error {
			switch d.OpenID {
			case "o-mallory":
				return core.Deny("this account is blocked")
			case "o-carol":
				return errors.New("the database is down") // in the log only
			}
			d.SetAttrInt("uid", 42)
			return nil
		}
	})
	for _, user := range []string{"o-alice", "o-mallory", "o-carol"} {
		_, s, err := m.Login(context.Background(), core.LoginRequest{Code: wx.Code(user)})
		if err != nil {
			fmt.Println(core.CodeOf(err), core.CodeOf(err).Status())
			continue
		}
		fmt.Println("uid", s.AttrInt("uid"))
	}
	// Output:
	// uid 42
	// login_denied 403
	// app_unavailable 503
}

// An error of the application's own is answered in the form of all others.
func ExampleNewError() {
	wx := wxtest.NewServer()
	defer wx.Close()
	m := newManager(wx, nil)

	reply := m.Refuse(context.Background(), core.Request{}, core.NewError(http.StatusConflict, "sold_out", "there is none left"))
	fmt.Println(reply.Status, string(reply.Body))
	// Output: 409 {"error":"sold_out","message":"there is none left"}
}

// Every reply of the login routes, and every refusal, in an envelope.
func ExampleNewReply() {
	wx := wxtest.NewServer()
	defer wx.Close()
	m := newManager(wx, func(c *core.Config) {
		c.Reply = func(_ context.Context, _ core.Request, r core.Reply) core.Reply {
			if r.Err == nil {
				return r
			}
			enveloped := core.NewReply(map[string]any{"code": 1, "msg": r.Err.Message})
			enveloped.Status, enveloped.Err = r.Status, r.Err
			return enveloped
		}
	})
	reply := m.Refuse(context.Background(), core.Request{}, core.NewError(http.StatusConflict, "sold_out", "there is none left"))
	fmt.Println(reply.Status, string(reply.Body))
	// Output: 409 {"code":1,"msg":"there is none left"}
}

// A route of the application's own beside the login routes; an adapter's
// MountRoutes mounts it.
func ExampleManager_Route() {
	wx := wxtest.NewServer()
	defer wx.Close()
	m := newManager(wx, nil)

	route := m.Route("POST", "/greet", func(_ context.Context, req core.Request) (any, error) {
		var in struct{ Name string }
		if err := req.Decode(&in); err != nil {
			return nil, err
		}
		return map[string]string{"greeting": "hello " + in.Name}, nil
	})
	for _, body := range []string{`{"name":"alice"}`, `{`} {
		reply := route.Serve(context.Background(), core.Request{Method: route.Method, Path: route.Path, Header: http.Header{}, Body: strings.NewReader(body)})
		fmt.Println(route.Path, reply.Status)
	}
	// Output:
	// /wx/greet 200
	// /wx/greet 400
}
