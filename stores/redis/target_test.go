package redis_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/wxsession/wxsession/internal/testserver"
	"github.com/wxsession/wxsession/stores/redis"
)

func TestTargetIsWhatTheDSNNames(t *testing.T) {
	secured := testserver.StartRedis(t, "--requirepass", "Hunter2")
	secure, cert := startTLS(t)
	for _, tt := range []struct {
		dsn, addr string
		want      func(*redis.Target) bool
	}{
		{"redis://:Hunter2@" + secured.Addr + "/3?prefix=shop:&timeout=2s&cache=9", secured.Addr, func(x *redis.Target) bool {
			return x.Network == "tcp" && x.Prefix == "shop:" && x.Timeout.Seconds() == 2 && x.Cache == 9 && x.TLS == nil && !x.Cluster
		}},
		{"redis+unix://:Hunter2@" + testserver.RedisSocket(secured), testserver.RedisSocket(secured), func(x *redis.Target) bool {
			return x.Network == "unix" && x.Prefix == "wx:"
		}},
		{withOption("rediss://"+secure.Addr, "tls_ca", cert), secure.Addr, func(x *redis.Target) bool { return x.TLS != nil && x.TLS.RootCAs != nil }},
		{"redis+cluster://:Hunter2@" + secured.Addr + ",other", secured.Addr, func(x *redis.Target) bool { return x.Cluster && x.Addrs[1] == "other:6379" }},
		{"redis+sentinel://:Hunter2@a,b/m?wait_replicas=2", secured.Addr, func(x *redis.Target) bool {
			return x.Master == "m" && x.WaitReplicas == 2 && strings.Join(x.Addrs, " ") == "a:26379 b:26379"
		}},
	} {
		target, err := redis.ParseDSN(tt.dsn)
		if err != nil {
			t.Fatal(err)
		}
		if !tt.want(target) {
			t.Errorf("%s: %+v", tt.dsn, target)
		}
		if text := fmt.Sprintf("%v %+v %#v %+v", target, target, target, *target); strings.Contains(text, "Hunter2") {
			t.Errorf("a Target shows its password: %s", text)
		}
		client, err := target.Dial(t.Context(), tt.addr)
		if err != nil {
			t.Errorf("%s: %v", tt.dsn, err)
			continue
		}
		defer client.Close()
		if err := client.Do(t.Context(), client.B().Ping().Build()).Error(); err != nil {
			t.Errorf("%s: %v", tt.dsn, err)
		}
	}
}

func TestTargetsErrorsAreThoseOfTheStore(t *testing.T) {
	secured := testserver.StartRedis(t, "--requirepass", "right")
	for dsn, want := range map[string]string{
		"redis://:Hunter2@" + secured.Addr:                              "WRONGPASS: the user or the password in the DSN is wrong",
		"redis://" + secured.Addr:                                       "NOAUTH",
		"rediss://" + secured.Addr:                                      "does not speak TLS",
		"redis+sentinel://x/m?sentinel_password=Hunter2":                "WRONGPASS",
		"redis+sentinel://:right@x/m":                                   "NOAUTH",
		"redis+sentinel://:Hunter2@x/m/5?sentinel_password=right&tls=1": "does not speak TLS",
	} {
		target, err := redis.ParseDSN(dsn)
		if err != nil {
			t.Fatal(err)
		}
		dial := target.Dial
		if target.Master != "" {
			dial = target.DialSentinel
		}
		if _, err = dial(t.Context(), secured.Addr); err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "Hunter2") {
			t.Errorf("%s: %v; want an error with %q", dsn, err, want)
		}
	}
	if _, err := redis.ParseDSN("redis://:Hunter2@@h"); err == nil || strings.Contains(err.Error(), "Hunter2") {
		t.Errorf("a malformed DSN: %v", err)
	}
	target, err := redis.ParseDSN("redis://:right@" + secured.Addr)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := target.Dial(ctx, secured.Addr); !errors.Is(err, context.Canceled) {
		t.Errorf("with a context that has ended: %v", err)
	}
}
