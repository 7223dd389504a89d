package demo

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/wxsession/wxsession/core"
	"github.com/wxsession/wxsession/stores/memory"
	"github.com/wxsession/wxsession/stores/storetest"
)

// bare hides what a store can do beyond three verbs.
type bare struct{ core.Store }

// watched makes every call part of an exchange.
type watched struct {
	core.WrappedStore
	x *exchange
}

func (s watched) ctx(ctx context.Context) context.Context {
	return context.WithValue(ctx, exchangeKey{}, s.x)
}

func (s watched) Get(ctx context.Context, key string) ([]byte, error) {
	return s.Store.Get(s.ctx(ctx), key)
}

func (s watched) Swap(ctx context.Context, key string, old, new []byte, ttl time.Duration) error {
	return s.Store.Swap(s.ctx(ctx), key, old, new, ttl)
}

func (s watched) Delete(ctx context.Context, key string) error {
	return s.Store.Delete(s.ctx(ctx), key)
}

func (s watched) AppendGet(ctx context.Context, dst []byte, key string) ([]byte, error) {
	return s.Store.(core.AppendGetter).AppendGet(s.ctx(ctx), dst, key)
}

func newTap() *tap { return &tap{journal: newJournal()} }

func newStore(t testing.TB, o memory.Options) core.Store {
	t.Helper()
	s, err := memory.New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func TestAStoreThatIsTappedIsStillAStore(t *testing.T) {
	var ahead atomic.Int64
	now := func() time.Time { return time.Unix(1e9, 0).Add(time.Duration(ahead.Load())) }
	for name, wrap := range map[string]func(core.Store) core.Store{
		"unwatched": func(s core.Store) core.Store { return newStoreTap(s, newTap(), new(atomic.Bool)) },
		"bare":      func(s core.Store) core.Store { return newStoreTap(bare{s}, newTap(), new(atomic.Bool)) },
		"watched": func(s core.Store) core.Store {
			t := newTap()
			t.journal.enter()
			return watched{core.WrappedStore{Store: newStoreTap(s, t, new(atomic.Bool))}, &exchange{tap: t}}
		},
	} {
		t.Run(name, func(t *testing.T) {
			storetest.Run(t, storetest.Harness{
				Open:    func(t testing.TB) core.Store { return wrap(newStore(t, memory.Options{Now: now})) },
				Advance: func(_ testing.TB, d time.Duration) { ahead.Add(int64(d)) },
			})
		})
	}
}

func TestTheTapKeepsAppendGetOnlyWhereItWas(t *testing.T) {
	inner := newStore(t, memory.Options{})
	if _, ok := newStoreTap(inner, newTap(), new(atomic.Bool)).(core.AppendGetter); !ok {
		t.Error("AppendGet of the memory store is lost: a near cache would be, too")
	}
	if _, ok := newStoreTap(bare{inner}, newTap(), new(atomic.Bool)).(core.AppendGetter); ok {
		t.Error("a store without AppendGet has got one")
	}
}

func TestAStoppedStoreAnswersNothing(t *testing.T) {
	inner := newStore(t, memory.Options{})
	var down atomic.Bool
	s := newStoreTap(inner, newTap(), &down)
	ctx := context.Background()
	if err := s.Swap(ctx, "s:a", nil, []byte("1"), time.Minute); err != nil {
		t.Fatal(err)
	}
	down.Store(true)
	_, errGet := s.Get(ctx, "s:a")
	_, errNear := s.(core.AppendGetter).AppendGet(ctx, nil, "s:a")
	for call, err := range map[string]error{
		"Get": errGet, "AppendGet": errNear,
		"Swap":   s.Swap(ctx, "s:a", []byte("1"), []byte("2"), time.Minute),
		"Delete": s.Delete(ctx, "s:a"),
		"Ping":   s.(core.Pinger).Ping(ctx),
	} {
		if !errors.Is(err, errStopped) || errors.Is(err, core.ErrNotFound) {
			t.Errorf("%s of a stopped store fails with %v", call, err)
		}
	}
	down.Store(false)
	if value, err := s.Get(ctx, "s:a"); err != nil || string(value) != "1" {
		t.Errorf("afterwards the value is %q, %v", value, err)
	}
	if err := s.(core.Pinger).Ping(ctx); err != nil {
		t.Error(err)
	}
}

func TestValuesAreShownAsFarAsTheyCanBeRead(t *testing.T) {
	for value, want := range map[string]string{
		"":                       "",
		"abc":                    "abc",
		"\x01\x02appid\x00\xffx": " · appid · x",
		"a b":                    "a · b",
	} {
		if got := printable([]byte(value)); got != want {
			t.Errorf("%q is shown as %q, want %q", value, got, want)
		}
	}
}
