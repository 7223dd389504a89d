package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/wxsession/wxsession/stores"
)

// TestAnIDDoesNotSteerTheTerminal: without keys, who writes to the store chooses it.
func TestAnIDDoesNotSteerTheTerminal(t *testing.T) {
	dsn := "redis://:" + password + "@" + goodRedis(t) + "?timeout=8s"
	service(t, map[string]string{"WX_STORE": dsn, "WX_KEYS": ""})
	_, s := login(t, manager(t), "", "o-alice", "phone")
	raw, err := stores.Open(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer raw.Close()
	sum := sha256.Sum256([]byte(os.Getenv("WX_APPID") + "\x00o-alice"))
	key := "u:" + base64.RawURLEncoding.EncodeToString(sum[:16])
	old, err := raw.Get(t.Context(), key)
	if err != nil {
		t.Fatal(err)
	}
	evil := "\x1b]0;PWNED\x07\x1b[2J" + "xx"
	if err := raw.Swap(t.Context(), key, old, bytes.ReplaceAll(old, []byte(s.ID), []byte(evil)), time.Hour); err != nil {
		t.Fatal(err)
	}
	r := run(t, "sessions", "list", "--openid", "o-alice").want(t, exitOK, "phone")
	if strings.ContainsAny(r.out+r.err, "\x1b\x07") {
		t.Errorf("the terminal gets %q", r.out)
	}
	r = run(t, "sessions", "end", "--openid", "o-\x1b[2J", "--id", "\x1b[2J", "--yes")
	if strings.ContainsAny(r.out+r.err, "\x1b\x07") {
		t.Errorf("the terminal gets %q", r.out+r.err)
	}
}
