package readme

import (
	"context"
	"testing"

	"github.com/wxsession/wxsession/core"
	"github.com/wxsession/wxsession/internal/testserver"
	"github.com/wxsession/wxsession/stores"
)

// plain is a wrapper without an AppendGet.
type plain struct{ core.WrappedStore }

// near passes AppendGet on.
type near struct{ core.WrappedStore }

func (n near) AppendGet(ctx context.Context, dst []byte, key string) ([]byte, error) {
	return n.Store.(core.AppendGetter).AppendGet(ctx, dst, key)
}

// TestAWrapperKeepsTheNearCacheByItsAppendGet, and has none without, as STORES.md says.
func TestAWrapperKeepsTheNearCacheByItsAppendGet(t *testing.T) {
	dsn := "redis://" + testserver.StartRedis(t).Addr + "?cache=1000"
	for _, tt := range []struct {
		name string
		wrap func(core.WrappedStore) core.Store
		keep bool
	}{
		{"with it", func(w core.WrappedStore) core.Store { return near{w} }, true},
		{"without", func(w core.WrappedStore) core.Store { return plain{w} }, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			inner, err := stores.Open(t.Context(), dsn)
			if err != nil {
				t.Fatal(err)
			}
			defer inner.Close()
			wx, err := core.New(core.Config{AppID: "wx0123456789abcdef", Secret: core.NewSecret("unused")}, tt.wrap(core.WrappedStore{Store: inner}))
			if err != nil {
				t.Fatal(err)
			}
			if err := wx.Ping(t.Context()); err != nil {
				t.Error(err)
			}
			token, _, err := wx.Issue(t.Context(), "", core.Identity{OpenID: "o-alice"}, "")
			if err != nil {
				t.Fatal(err)
			}
			for range 100 {
				if _, err := wx.Authenticate(t.Context(), token); err != nil {
					t.Fatal(err)
				}
			}
			if hits := wx.Stats().NearHits; (hits > 0) != tt.keep {
				t.Errorf("%d of 100 requests were answered near by", hits)
			}
		})
	}
}
