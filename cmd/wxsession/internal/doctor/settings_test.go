package doctor_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/wxsession/wxsession/cmd/wxsession/internal/doctor"
	"github.com/wxsession/wxsession/core"
	"github.com/wxsession/wxsession/internal/testserver"
)

// settingsCase is an environment, and what is found in it.
type settingsCase struct {
	env  environment
	want func(t *testing.T, all found)
}

func visitEach(t *testing.T, cases map[string]settingsCase) {
	t.Helper()
	store := environment{"WX_STORE": "redis://" + testserver.StartRedis(t).Addr}
	for name, tt := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tt.want(t, visit(t, healthy(t, with(store, tt.env))))
		})
	}
}

func TestVariables(t *testing.T) {
	t.Parallel()
	visitEach(t, map[string]settingsCase{
		"a misspelt variable": {environment{"WX_STORES": "x"}, func(t *testing.T, all found) {
			all.want(t, "environment", doctor.Fail, "WX_STORES", "WX_STORE ")
		}},
		"names that nothing reads": {environment{"WX_STORE_URL": secretPassword, "WX_PAY_KEY": "x", "WX_EMPTY": "", "WX_APP_ID": "x"}, func(t *testing.T, all found) {
			all.want(t, "environment", doctor.Warn, "WX_STORE_URL is no variable of ours", "your application's own", "unset it")
			all.want(t, "environment", doctor.Warn, "WX_PAY_KEY is no variable of ours")
			all.want(t, "environment", doctor.Fail, "WX_APP_ID", "WX_APPID ")
			all.lacksText(t, "WX_EMPTY", "WX_APP_ID is no variable", "WX_STORE is no variable")
		}},
		"a name with a value in it": {environment{"WX_KEYS:" + secretPassword: "=", "WX_STORE redis://u:" + secretPassword: "1"}, func(t *testing.T, all found) {
			all.want(t, "environment", doctor.Warn, "WX_KEYS… is no variable of ours")
			all.lacksText(t, secretPassword)
		}},
		"two that cannot be read": {environment{"WX_LIFETIME": "a month", "WX_MAX_SESSIONS": "many"}, func(t *testing.T, all found) {
			all.want(t, "environment", doctor.Fail, "WX_LIFETIME", "a duration like 720h")
			all.want(t, "environment", doctor.Fail, "WX_MAX_SESSIONS", "a number")
			all.want(t, "configuration", doctor.Skip)
			all.want(t, "store.write", doctor.OK) // what can be looked at is
		}},
		"no app": {environment{"WX_APPID": "", "WX_SECRET": ""}, func(t *testing.T, all found) {
			all.want(t, "environment", doctor.OK)
			all.want(t, "configuration", doctor.Fail, "WX_APPID, WX_SECRET")
			all.want(t, "wechat.reach", doctor.Skip, "WeChat is not asked: the configuration is not complete (see above)")
			all.lacks(t, "wechat.app")
		}},
		"several mistakes": {environment{"WX_IDLE_TIMEOUT": "1ms", "WX_PREFIX": "wx"}, func(t *testing.T, all found) {
			all.want(t, "configuration", doctor.Fail, "WX_IDLE_TIMEOUT")
			all.want(t, "configuration", doctor.Fail, "WX_PREFIX")
		}},
		"expiry": {environment{"WX_IDLE_TIMEOUT": "2h", "WX_LIFETIME": "48h"}, func(t *testing.T, all found) {
			all.want(t, "configuration", doctor.OK, "2h after their last use", "48h after the login")
		}},
	})
}

func TestKeys(t *testing.T) {
	t.Parallel()
	visitEach(t, map[string]settingsCase{
		"no keys": {environment{"WX_KEYS": ""}, func(t *testing.T, all found) {
			all.want(t, "keys", doctor.Warn, "in clear", "wxsession keygen", "WX_ACCEPT_CLEAR")
		}},
		"good keys": {environment{"WX_KEYS": storeKey('a') + "," + storeKey('b')}, func(t *testing.T, all found) {
			all.want(t, "keys", doctor.OK, "2 keys")
			all.none(t, doctor.Fail)
		}},
		"a short key": {environment{"WX_KEYS": "c2hvcnQgbWFya2Vy"}, func(t *testing.T, all found) {
			all.want(t, "environment", doctor.Fail, "WX_KEYS", "32 bytes")
			all.want(t, "store.values", doctor.Skip)
			all.lacks(t, "keys")
		}},
		"the same key twice": {environment{"WX_KEYS": storeKey('a') + "," + storeKey('a')}, func(t *testing.T, all found) {
			all.want(t, "keys", doctor.Fail, "key 2")
			all.want(t, "store.values", doctor.Skip)
		}},
		"a key of text": {environment{"WX_KEYS": storeKey('a') + ",correct horse battery staple, 3x"}, func(t *testing.T, all found) {
			all.want(t, "environment", doctor.Fail) // a comma parts keys
		}},
		"a key of 32 letters": {environment{"WX_KEYS": "correct-horse-battery-staple-abc"}, func(t *testing.T, all found) {
			all.want(t, "keys", doctor.Warn, "key 1", "easier to guess", "--rotate")
		}},
		"values in clear are accepted, and there are no keys": {environment{"WX_ACCEPT_CLEAR": "true", "WX_KEYS": ""}, func(t *testing.T, all found) {
			all.want(t, "keys", doctor.Warn, "WX_ACCEPT_CLEAR is set, WX_KEYS is not", "set WX_KEYS")
			all.lacksText(t, "can forge sessions")
		}},
		"the same, in memory": {environment{"WX_ACCEPT_CLEAR": "true", "WX_KEYS": "", "WX_STORE": "memory://"}, func(t *testing.T, all found) {
			all.want(t, "keys", doctor.Warn, "WX_ACCEPT_CLEAR is set, WX_KEYS is not")
		}},
		"values in clear are not accepted": {environment{"WX_ACCEPT_CLEAR": "false", "WX_KEYS": ""}, func(t *testing.T, all found) {
			all.lacksText(t, "WX_ACCEPT_CLEAR is set")
		}},
		"values in clear are accepted": {environment{"WX_ACCEPT_CLEAR": "true", "WX_LIFETIME": "99h"}, func(t *testing.T, all found) {
			all.want(t, "keys", doctor.Warn, "WX_ACCEPT_CLEAR", "forge", "99h")
		}},
	})
}

func TestTheClientsProxies(t *testing.T) {
	t.Parallel()
	visitEach(t, map[string]settingsCase{
		"neither a limit nor proxies": {nil, func(t *testing.T, all found) {
			all.lacks(t, "proxies")
		}},
		"the limit is off": {environment{"WX_LIMIT_ADDRESS": "off"}, func(t *testing.T, all found) {
			all.lacks(t, "proxies")
		}},
		"a limit without proxies": {environment{"WX_LIMIT_ADDRESS": "20/s"}, func(t *testing.T, all found) {
			all.want(t, "proxies", doctor.Skip, "WX_LIMIT_ADDRESS is set, WX_TRUSTED_PROXIES is not", "fine without a proxy", "set WX_TRUSTED_PROXIES", "X-Forwarded-For")
		}},
		"a limit and proxies": {environment{"WX_LIMIT_ADDRESS": "20/s", "WX_TRUSTED_PROXIES": "10.0.0.0/8,192.0.2.1"}, func(t *testing.T, all found) {
			all.want(t, "proxies", doctor.OK, "2 networks", "X-Forwarded-For")
			all.lacksText(t, "10.0.0.0")
		}},
		"everybody is a proxy": {environment{"WX_LIMIT_ADDRESS": "20/s", "WX_TRUSTED_PROXIES": "0.0.0.0/0"}, func(t *testing.T, all found) {
			all.want(t, "configuration", doctor.Fail, "WX_TRUSTED_PROXIES")
			all.lacks(t, "proxies")
		}},
	})
}

func TestCookies(t *testing.T) {
	t.Parallel()
	visitEach(t, map[string]settingsCase{
		"a cookie": {environment{"WX_COOKIE": "__Host-wx"}, func(t *testing.T, all found) {
			all.want(t, "cookie", doctor.OK)
		}},
		"a cookie over http": {environment{"WX_COOKIE": "wx", "WX_COOKIE_INSECURE": "true"}, func(t *testing.T, all found) {
			all.want(t, "cookie", doctor.Warn, "WX_COOKIE_INSECURE")
		}},
		"a cookie that cannot be": {environment{"WX_COOKIE": "a b"}, func(t *testing.T, all found) {
			all.want(t, "configuration", doctor.Fail, "WX_COOKIE")
			all.lacks(t, "cookie")
		}},
		"secrets in the wrong places": {environment{"WX_APPID": "5ec2e75ec2e75ec2e75ec2e75ec2e75f", "WX_STORE": secretPassword}, func(t *testing.T, all found) {
			all.want(t, "configuration", doctor.Fail, "appid")
			all.want(t, "store.dsn", doctor.Fail, "redis://")
			for _, c := range all {
				if strings.Contains(c.Message, "5ec2e75ec2e75ec2e75ec2e75ec2e75f") {
					t.Errorf("a secret shows: %s", c.Message)
				}
			}
		}},
	})
}

func TestDSNs(t *testing.T) {
	t.Parallel()
	for dsn, want := range map[string]string{
		"redis://h?timeuot=1s":                        "timeuot",
		"redis://a,b":                                 "redis+cluster://",
		"redis://:" + secretPassword + "@@h":          "percent-encoded",
		"redis+sentinel://h":                          "names no master",
		"rediss://h?tls_ca=/nowhere":                  "tls_ca",
		"memcached://u:" + secretPassword + "@h":      "neither user nor password",
		"postgres://u:" + secretPassword + "@h":       "memcached://",
		"redis+cluster://h?db=1":                      "database 0",
		"redis://h/" + secretPassword:                 "database number",
		"memory://?max=none":                          "max",
		"redis://h?cache=10&wait_replicas=many&tls=1": "wait_replicas",
	} {
		all := visit(t, healthy(t, environment{"WX_STORE": dsn}))
		all.want(t, "store.dsn", doctor.Fail, want, "WX_STORE")
		all.want(t, "wechat.app", doctor.OK)
	}
	for _, dsn := range []string{"", "memory://", "memory://?max=9"} {
		all := visit(t, healthy(t, environment{"WX_STORE": dsn}))
		all.want(t, "store.dsn", doctor.Warn, "one process", "redis://")
		all.want(t, "keys", doctor.OK)
		all.none(t, doctor.Fail)
	}
}

func TestExtensions(t *testing.T) {
	t.Parallel()
	broken := doctor.Extension{Name: "scan-login", Vars: []string{"WX_SCAN_LOGIN", "WX_SCAN_PAGE"}, Switch: "WX_SCAN_LOGIN", Off: "there are none", Read: func() (func(*core.Manager) error, error) {
		var err error
		if os.Getenv("WX_SCAN_PAGE") == "unreadable" {
			err = errors.New("cannot read WX_SCAN_PAGE: mend it")
		}
		return func(wx *core.Manager) error {
			if wx.CookieName() == "" {
				return fmt.Errorf("cannot use this configuration: %w", errors.Join(errors.New("set WX_COOKIE"), errors.New("and mend the page")))
			}
			return nil
		}, err
	}}
	all := visit(t, healthy(t, environment{"WX_SCAN_PAGE": "p"}), broken)
	all.want(t, "scan-login", doctor.Fail, "set WX_COOKIE")
	all.want(t, "scan-login", doctor.Fail, "and mend the page")
	all.want(t, "scan-login", doctor.Warn, "WX_SCAN_PAGE does nothing without WX_SCAN_LOGIN: there are none", "set WX_SCAN_LOGIN, or unset WX_SCAN_PAGE")
	visit(t, healthy(t, environment{"WX_SCAN_LOGIN": "true", "WX_COOKIE": "wx"}), broken).want(t, "scan-login", doctor.OK, "on: ")
	off := visit(t, healthy(t, environment{"WX_SCAN_LOGIN": "false", "WX_SCAN_PAGE": "p", "WX_COOKIE": "wx"}), broken)
	off.want(t, "scan-login", doctor.OK, "off: there are none")
	off.want(t, "scan-login", doctor.Warn, "WX_SCAN_PAGE does nothing")
	off.lacksText(t, "WX_SCAN_LOGIN does nothing", "no variable of ours")
	visit(t, healthy(t, environment{"WX_SCAN_LOGIN": "1", "WX_SCAN_PAGE": "p", "WX_COOKIE": "wx"}), broken).lacksText(t, "does nothing", "no variable of ours")
	visit(t, healthy(t, nil), broken).lacks(t, "scan-login")
	for _, c := range all {
		if strings.Contains(c.Message, "this configuration") {
			t.Errorf("the name of the check says that: %s", c.Message)
		}
	}
	visit(t, healthy(t, environment{"WX_SCAN_LOGIN": "true", "WX_SECRET": ""}), broken).want(t, "scan-login", doctor.Skip)
	noManager := environment{"WX_SCAN_PAGE": "unreadable", "WX_SECRET": ""}
	visit(t, healthy(t, noManager), broken).want(t, "scan-login", doctor.Fail, "cannot read WX_SCAN_PAGE")
}

// TestTheTimeIsBounded: nothing that hangs holds the doctor up.
func TestTheTimeIsBounded(t *testing.T) {
	t.Parallel()
	proxy := testserver.NewProxy(t, testserver.StartRedis(t).Addr)
	proxy.HalfOpen()
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	start := time.Now()
	env := healthy(t, environment{"WX_STORE": "redis+cluster://" + strings.Repeat(proxy.Addr+",", 20) + proxy.Addr})
	visitWithin(ctx, t, env).want(t, "time", doctor.Fail, "--timeout")
	if took := time.Since(start); took > 2500*time.Millisecond { // what a single step may take is more
		t.Errorf("it took %v", took)
	}
}
