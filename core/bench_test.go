package core_test

import (
	"context"
	"crypto/sha256"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/wxsession/wxsession/core"
	"github.com/wxsession/wxsession/stores/memory"
)

// loggedIn returns a manager on the memory store with n sessions of as many
// users, without a WeChat.
func loggedIn(tb testing.TB, n int) (*core.Manager, []string) {
	tb.Helper()
	store, err := memory.New(memory.Options{})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { store.Close() })
	m, err := core.New(core.Config{
		AppID:            "wx4f4bc4dec97d474b",
		IdentityProvider: named{},
		Logger:           slog.New(slog.DiscardHandler), // a line of it would stand among the figures
		OnLogin: func(_ context.Context, s *core.Draft) error {
			s.SetAttr("uid", "1234567")
			s.SetAttr("role", "user")
			s.SetAttr("shop", "77")
			return nil
		},
	}, store)
	if err != nil {
		tb.Fatal(err)
	}
	tokens := make([]string, n)
	for i := range tokens {
		tokens[i], _, err = m.Login(tb.Context(), core.LoginRequest{Code: fmt.Sprintf("o%027d", i)})
		if err != nil {
			tb.Fatal(err)
		}
	}
	return m, tokens
}

// named is an IdentityProvider that takes the code for the openid.
type named struct{}

func (named) Identify(_ context.Context, r core.LoginRequest) (core.Identity, error) {
	return core.Identity{OpenID: r.Code, UnionID: "ocMvos6NjeKLIBqg5Mr9QjxrP1FA", SessionKey: "tiihtNczf5v6AKRyjwEUhQ=="}, nil
}

func TestAuthenticateAllocatesOnce(t *testing.T) {
	m, tokens := loggedIn(t, 1)
	ctx := t.Context()
	if n := testing.AllocsPerRun(200, func() {
		s, err := m.Authenticate(ctx, tokens[0])
		if err != nil || s.Attr("uid") != "1234567" {
			t.Fatal(err)
		}
	}); n > 1 {
		t.Errorf("Authenticate allocates %v times, want at most 1", n)
	}
	h := http.Header{"Authorization": {"Bearer " + tokens[0]}}
	if n := testing.AllocsPerRun(200, func() {
		ctx, _, err := m.Require(ctx, core.Request{Header: h})
		if err != nil || core.FromContext(ctx) == nil {
			t.Fatal(err)
		}
	}); n > 1 {
		t.Errorf("Require allocates %v times, want at most 1", n)
	}
	r := httptest.NewRequest("GET", "/", nil)
	r.Header = h
	if n := testing.AllocsPerRun(200, func() {
		known, err := m.RequireHTTP(r)
		if err != nil || core.FromContext(known.Context()) == nil || known.Header.Get("Authorization") == "" {
			t.Fatal(err)
		}
	}); n > 2 {
		t.Errorf("RequireHTTP allocates %v times, want at most 2", n)
	}
}

func BenchmarkAuthenticate(b *testing.B) {
	for _, n := range []int{1000, 100_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			m, tokens := loggedIn(b, n)
			ctx := b.Context()
			i := 0
			for b.Loop() {
				if _, err := m.Authenticate(ctx, tokens[i]); err != nil {
					b.Fatal(err)
				}
				if i++; i == n {
					i = 0
				}
			}
		})
	}
}

// BenchmarkFloor is what no session check can do without.
func BenchmarkFloor(b *testing.B) {
	_, tokens := loggedIn(b, 1000)
	sessions := map[[32]byte]int64{}
	for _, token := range tokens {
		sessions[sha256.Sum256([]byte(token))] = time.Now().UnixMilli()
	}
	i := 0
	for b.Loop() {
		now := time.Now().UnixMilli()
		if sessions[sha256.Sum256([]byte(tokens[i]))] > now {
			b.Fatal("not found")
		}
		if i++; i == len(tokens) {
			i = 0
		}
	}
}
