package doctor_test

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"testing"

	"github.com/wxsession/wxsession/cmd/wxsession/internal/doctor"
	"github.com/wxsession/wxsession/core"
	"github.com/wxsession/wxsession/internal/testserver"
	"github.com/wxsession/wxsession/stores"
)

// logIn starts a session of a user as a service with env does.
func logIn(t *testing.T, env environment, openID string) {
	t.Helper()
	env.set(t)
	cfg, err := core.ConfigFromEnv()
	if err != nil {
		t.Fatal(err)
	}
	cfg.Logger = slog.New(slog.DiscardHandler)
	store, err := stores.Open(t.Context(), os.Getenv("WX_STORE"))
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	wx, err := core.New(cfg, store)
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := wx.Issue(context.WithoutCancel(t.Context()), "", core.Identity{OpenID: openID}, "phone"); err != nil {
		t.Fatal(err)
	}
}

// storedCase is a service that has stored what a login stores, two values, and
// another environment that looks at them.
type storedCase struct {
	stored, looks environment
	want          func(t *testing.T, all found)
}

func visitStored(t *testing.T, cases map[string]storedCase) {
	t.Helper()
	for name, tt := range cases {
		t.Run(name, func(t *testing.T) {
			server := startGood(t)
			at := func(env environment) environment {
				full := healthy(t, env)
				full["WX_STORE"] = "redis://" + server.Addr + env["WX_STORE"]
				return full
			}
			logIn(t, at(tt.stored), "o-alice")
			all := visit(t, at(tt.looks))
			tt.want(t, all)
			all.none(t, doctor.Skip, "configuration", "wechat.reach")
		})
	}
}

func TestKeysOfStoredValues(t *testing.T) {
	a, b, ba := storeKey('a'), storeKey('b'), storeKey('b')+","+storeKey('a')
	visitStored(t, map[string]storedCase{
		"the same key": {environment{"WX_KEYS": a}, environment{"WX_KEYS": a}, func(t *testing.T, all found) {
			all.want(t, "store.values", doctor.OK, "2 of 2 values that were looked at can be read")
			all.want(t, "store.apps", doctor.OK)
			all.none(t, doctor.Fail)
		}},
		"an older key": {environment{"WX_KEYS": a}, environment{"WX_KEYS": ba, "WX_IDLE_TIMEOUT": "5h"}, func(t *testing.T, all found) {
			all.want(t, "store.values", doctor.OK, "2 of 2 values", "2 of them with an older key", "5h")
			all.none(t, doctor.Fail)
		}},
		"another key": {environment{"WX_KEYS": a}, environment{"WX_KEYS": b}, func(t *testing.T, all found) {
			all.want(t, "store.values", doctor.Fail, "2 of 2 values", "not among WX_KEYS", "logged out", "at the end of WX_KEYS")
			all.lacks(t, "store.apps") // nothing says whose they are
		}},
		"no key here": {environment{"WX_KEYS": a}, environment{"WX_KEYS": ""}, func(t *testing.T, all found) {
			all.want(t, "store.values", doctor.Fail, "2 of 2 values", "WX_KEYS is not set", "503")
		}},
		"in clear, as it should be": {environment{"WX_KEYS": ""}, environment{"WX_KEYS": ""}, func(t *testing.T, all found) {
			all.want(t, "store.values", doctor.OK, "2 of 2 values")
			all.want(t, "store.apps", doctor.OK)
		}},
		"in clear, and keys here": {environment{"WX_KEYS": ""}, environment{"WX_KEYS": a}, func(t *testing.T, all found) {
			all.want(t, "store.values", doctor.Fail, "2 of 2 values", "in clear", "WX_ACCEPT_CLEAR=true")
		}},
		"in clear, while that is accepted": {environment{"WX_KEYS": ""}, environment{"WX_KEYS": a, "WX_ACCEPT_CLEAR": "true"}, func(t *testing.T, all found) {
			all.want(t, "store.values", doctor.Warn, "2 of 2 values", "in clear", "one lifetime")
			all.none(t, doctor.Fail)
		}},
	})
}

func TestOwnersOfStoredValues(t *testing.T) {
	const otherApp = "wxfedcba9876543210"
	visitStored(t, map[string]storedCase{
		"another app": {environment{"WX_APPID": otherApp}, nil, func(t *testing.T, all found) {
			all.want(t, "store.apps", doctor.Warn, "1 value of the app "+otherApp, "WX_APPS", "?prefix=")
		}},
		"another app, in clear": {environment{"WX_APPID": otherApp, "WX_KEYS": ""}, environment{"WX_KEYS": ""}, func(t *testing.T, all found) {
			all.want(t, "store.apps", doctor.Warn, otherApp)
		}},
		"another app that is configured": {environment{"WX_APPID": otherApp}, environment{"WX_APPS": otherApp + ":5ec2e75ec2e75ec2e75ec2e75ec2e75e"}, func(t *testing.T, all found) {
			all.want(t, "store.apps", doctor.OK)
		}},
		"another app, and variables that cannot be read": {environment{"WX_APPID": otherApp}, environment{"WX_APPS": "x"}, func(t *testing.T, all found) {
			all.want(t, "environment", doctor.Fail, "WX_APPS")
			for _, c := range all {
				if c.Name == "store.apps" && c.Status == doctor.Warn {
					t.Errorf("WX_APPS may name that app: %s", c.Message)
				}
			}
		}},
		"under another prefix": {environment{"WX_STORE": "?prefix=shop:"}, nil, func(t *testing.T, all found) {
			all.want(t, "store.values", doctor.OK, "none yet")
			all.want(t, "store.prefix", doctor.OK)
		}},
		"under a longer prefix": {environment{"WX_STORE": "?prefix=wx:shop:"}, nil, func(t *testing.T, all found) {
			all.want(t, "store.prefix", doctor.Warn, `2 keys under the prefix "wx:"`, "?prefix=")
		}},
		"a prefix of signs": {environment{"WX_STORE": "?prefix=w[x]*%3F\\:"}, environment{"WX_STORE": "?prefix=w[x]*%3F\\:"}, func(t *testing.T, all found) {
			all.want(t, "store.values", doctor.OK, "2 of 2 values")
		}},
	})
}

func TestValuesOfOthers(t *testing.T) {
	server := startGood(t)
	env := healthy(t, environment{"WX_STORE": "redis://" + server.Addr})
	logIn(t, env, "o-alice")
	key := testserver.Redis(t, server.Addr, "KEYS", "wx:s:*")
	testserver.Redis(t, server.Addr, "COPY", key, "wx:s:AAAAAAAAAAAAAAAAAAAAAA")
	visit(t, env).want(t, "store.values", doctor.Fail, "1 of 3 values", "moved from another key")
	testserver.Redis(t, server.Addr, "SET", "wx:s:AAAAAAAAAAAAAAAAAAAAAA", "\x7fanything")
	visit(t, env).want(t, "store.values", doctor.Fail, "1 of 3 values", "does not know", "release")
	testserver.Redis(t, server.Addr, "LPUSH", "wx:s:BBBBBBBBBBBBBBBBBBBBBA", "x")
	testserver.Redis(t, server.Addr, "SET", "wx:"+secretPassword, "x")
	visit(t, env).want(t, "store.prefix", doctor.Warn, "2 keys under the prefix")
}

// TestTheSampleIsBounded: a store with many values costs no more than one with a
// few hundred.
func TestTheSampleIsBounded(t *testing.T) {
	server := startGood(t)
	testserver.Redis(t, server.Addr, "DEBUG", "POPULATE", "200000", "others", "1")
	visit(t, healthy(t, environment{"WX_STORE": "redis://" + server.Addr})).want(t, "store.values", doctor.OK, "none yet")
	if n := commandCalls(t, server.Addr, "scan"); n > 100 {
		t.Errorf("the doctor has scanned %d times", n)
	}
	testserver.Redis(t, server.Addr, "DEBUG", "POPULATE", "100000", "wx:x", "1")
	before := commandCalls(t, server.Addr, "get")
	all := visit(t, healthy(t, environment{"WX_STORE": "redis://" + server.Addr}))
	if n := commandCalls(t, server.Addr, "get") - before; n > 600 {
		t.Errorf("the doctor has read %d values", n)
	}
	all.want(t, "store.values", doctor.Fail)
}

func commandCalls(t *testing.T, addr, command string) (n int) {
	t.Helper()
	text := testserver.Redis(t, addr, "INFO", "commandstats")
	for line := range strings.Lines(text) {
		if _, err := fmt.Sscanf(line, "cmdstat_"+command+":calls=%d,", &n); err == nil {
			return n
		}
	}
	return 0
}
