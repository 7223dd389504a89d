package core_test

import (
	"context"
	"testing"

	"github.com/wxsession/wxsession/core"
	"github.com/wxsession/wxsession/core/wxtest"
	"github.com/wxsession/wxsession/stores/memory"
)

// blocking embeds a store, with all its methods, and changes how it is read.
type blocking struct {
	*memory.Store
	blocked *bool
}

func (s blocking) Get(ctx context.Context, key string) ([]byte, error) {
	if *s.blocked {
		return nil, core.ErrNotFound
	}
	return s.Store.Get(ctx, key)
}

func (s blocking) AppendGet(ctx context.Context, dst []byte, key string) ([]byte, error) {
	if *s.blocked {
		return nil, core.ErrNotFound
	}
	return s.Store.AppendGet(ctx, dst, key)
}

// uncomparable cannot be compared with another store.
type uncomparable struct {
	*memory.Store
	_ []func()
}

// TestNamesDoNotGoPastAWrapper that has them only by embedding. What it stores the
// store itself finds, and the other way round.
func TestNamesDoNotGoPastAWrapper(t *testing.T) {
	inner, err := memory.New(memory.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer inner.Close()
	wx := wxtest.NewServer()
	defer wx.Close()
	blocked := false
	cfg := core.Config{AppID: wx.AppID, Secret: core.NewSecret(wx.Secret), APIBase: wx.URL}
	managers := map[string]*core.Manager{}
	for name, store := range map[string]core.Store{"itself": inner, "blocking": blocking{inner, &blocked}, "uncomparable": uncomparable{Store: inner}} {
		if managers[name], err = core.New(cfg, store); err != nil {
			t.Fatal(err)
		}
	}
	for by, m := range managers {
		token, _, err := m.Issue(t.Context(), "", core.Identity{OpenID: "o-alice"}, "")
		if err != nil {
			t.Fatal(err)
		}
		for name, other := range managers {
			if _, err := other.Authenticate(t.Context(), token); err != nil {
				t.Errorf("a session by %s is not found by %s: %v", by, name, err)
			}
		}
		blocked = true
		if _, err := managers["blocking"].Authenticate(t.Context(), token); core.CodeOf(err) != core.CodeInvalidSession {
			t.Errorf("the wrapper's answer: %v; want %q", err, core.CodeInvalidSession)
		}
		blocked = false
	}
}
