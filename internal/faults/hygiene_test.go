package faults_test

import (
	"context"
	"encoding/base64"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/wxsession/wxsession/core"
	"github.com/wxsession/wxsession/core/wxtest"
	"github.com/wxsession/wxsession/internal/testserver"
)

// scan calls a Lua function for every key of a Redis, in one go.
const scan = `
local out, cursor = {}, '0'
repeat
	local page = redis.call('SCAN', cursor, 'COUNT', 1000)
	cursor = page[1]
	for _, key in ipairs(page[2]) do
		%s
	end
until cursor == '0'
return out`

var (
	scanImmortal = fmt.Sprintf(scan, `if redis.call('PTTL', key) == -1 then out[#out+1] = key end`)
	scanAll      = fmt.Sprintf(scan, `out[#out+1] = key out[#out+1] = redis.call('GET', key) or ''`)
)

// watchTTLs looks for keys without an end until stop is called.
func watchTTLs(t *testing.T, addr string) (stop func()) {
	t.Helper()
	var wg sync.WaitGroup
	ctx, cancel := context.WithCancel(t.Context())
	looks := 0
	wg.Go(func() {
		for ; ctx.Err() == nil; looks++ {
			if keys := testserver.Redis(t, addr, "EVAL", scanImmortal, "0"); keys != "" {
				t.Errorf("keys without a TTL: %q", keys)
				return
			}
		}
	})
	return func() {
		cancel()
		wg.Wait()
		if looks < 10 {
			t.Errorf("the keys were looked at %d times only", looks)
		}
	}
}

// busyWeek has users do all that leaves something in the store, and returns
// the tokens that they got.
func busyWeek(t *testing.T, m *core.Manager, code func(user string) string, openIDs []string) []string {
	t.Helper()
	do := func(err error) {
		t.Helper()
		if err != nil {
			t.Error(err)
		}
	}
	var tokens []string
	for _, got := range allAtOnce(len(openIDs), func(i int) []string {
		ctx, user, mine := t.Context(), openIDs[i], []string{}
		for n := range 5 {
			token, s, err := m.Login(ctx, core.LoginRequest{Code: code(user), Device: fmt.Sprint("device ", n)})
			if err != nil {
				t.Error(err)
				return mine
			}
			do(m.Update(ctx, s, func(s *core.Draft) error { s.SetAttr("n", strconv.Itoa(n)); return nil }))
			fresh, s, err := m.Rotate(ctx, token)
			do(err)
			mine = append(mine, token, fresh)
			switch n {
			case 0:
				do(m.Logout(ctx, token))
			case 1:
				do(m.Revoke(ctx, appID, user, s.ID))
			case 2:
				do(m.LogoutUser(ctx, appID, user))
			}
			_, err = m.Sessions(ctx, appID, user)
			do(err)
		}
		return mine
	}) {
		tokens = append(tokens, got...)
	}
	return tokens
}

func TestEveryKeyEnds(t *testing.T) {
	t.Parallel()
	const lifetime = 3 * time.Second
	server := testserver.StartRedis(t)
	store := openStore(t, "redis://"+server.Addr+"?timeout=5s")
	m := newManager(t, store, core.Config{IdleTimeout: lifetime, Lifetime: lifetime, MaxSessions: 2})
	stop := watchTTLs(t, server.Addr)
	var users []string
	for i := range 16 {
		users = append(users, fmt.Sprint("user-", i))
	}
	busyWeek(t, m, func(user string) string { return user }, users)
	stop()
	if left := testserver.Redis(t, server.Addr, "DBSIZE"); left == "0" {
		t.Error("nothing was stored")
	}
	// A user record outlives the user's sessions by a second.
	eventually(t, "nothing is left in Redis", lifetime+3*time.Second, func() bool {
		return testserver.Redis(t, server.Addr, "DBSIZE") == "0"
	})
}

func TestRedisKeepsNothingInClear(t *testing.T) {
	t.Parallel()
	wx := wxtest.NewServer(wxtest.Options{UnionIDs: true})
	t.Cleanup(wx.Close)
	server := testserver.StartRedis(t)
	m := newManager(t, openStore(t, "redis://"+server.Addr+"?timeout=5s"), core.Config{
		AppID: wx.AppID, Secret: core.NewSecret(wx.Secret), APIBase: wx.URL, Keys: []core.Secret{core.NewSecret(strings.Repeat("k", 32))},
	})
	secrets := []string{wx.Secret}
	var openIDs []string
	for i := range 4 {
		openIDs = append(openIDs, wx.OpenID(fmt.Sprint("user-", i)))
	}
	secrets = append(secrets, busyWeek(t, m, wx.Code, openIDs)...)
	for _, openID := range openIDs {
		key := wx.SessionKey(openID)
		raw, err := base64.StdEncoding.DecodeString(key)
		if err != nil || len(raw) == 0 {
			t.Fatalf("the simulator's session_key is not base64: %v", err)
		}
		secrets = append(secrets, openID, key, string(raw))
	}
	token, _ := login(t, m, wx.Code(openIDs[0]))
	s, err := m.Check(t.Context(), token)
	if err != nil {
		t.Fatal(err)
	}
	useSecrets(t, m, wx, s)
	secrets = append(secrets, token, s.UnionID, wx.AccessToken())

	everything := testserver.Redis(t, server.Addr, "EVAL", scanAll, "0")
	for _, kind := range []string{"wx:s:", "wx:u:", "wx:t:", "wx:d:"} {
		if !strings.Contains(everything, kind) {
			t.Errorf("there is no record of the kind %s to look at", kind)
		}
	}
	for i, secret := range secrets {
		if secret == "" || strings.Contains(everything, secret) {
			t.Errorf("secret %d, of %d characters, stands in Redis in clear", i, len(secret))
		}
	}
}

// useSecrets makes the manager keep an access token, and what it has opened
// once.
func useSecrets(t *testing.T, m *core.Manager, wx *wxtest.Server, s *core.Session) {
	t.Helper()
	if _, err := m.PhoneNumber(t.Context(), s.AppID, wx.PhoneCode(s.OpenID, "13800138000")); err != nil {
		t.Fatal(err)
	}
	data, iv := wx.Encrypt(s.OpenID, map[string]string{"openId": s.OpenID})
	if _, err := m.DecryptData(t.Context(), s, core.EncryptedData{Data: data, IV: iv, MaxAge: time.Hour, Once: true}); err != nil {
		t.Fatal(err)
	}
}
