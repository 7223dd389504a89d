package core_test

import (
	"context"
	"fmt"
	"log"
	"sync/atomic"

	"github.com/wxsession/wxsession/core"
	"github.com/wxsession/wxsession/stores/memory"
)

// counting is a store that counts how often another one is read.
type counting struct {
	core.WrappedStore
	gets, nearGets atomic.Int64
}

func (c *counting) Get(ctx context.Context, key string) ([]byte, error) {
	c.gets.Add(1)
	return c.Store.Get(ctx, key)
}

// AppendGet reads a session for a request. Without it the near cache of stores/redis
// is off.
func (c *counting) AppendGet(ctx context.Context, dst []byte, key string) ([]byte, error) {
	near, ok := c.Store.(core.AppendGetter)
	if !ok { // stores/memcached is none
		v, err := c.Get(ctx, key)
		if err != nil {
			return nil, err
		}
		return append(dst, v...), nil
	}
	c.nearGets.Add(1)
	return near.AppendGet(ctx, dst, key)
}

// A wrapper that counts, and keeps the near cache of the store that it wraps.
func ExampleWrappedStore() {
	inner, err := memory.New(memory.Options{}) // or what stores.Open returns
	if err != nil {
		log.Fatal(err)
	}
	defer inner.Close() // the wrapper has no Close
	store := &counting{WrappedStore: core.WrappedStore{Store: inner}}
	m, err := core.New(core.Config{AppID: "wx0123456789abcdef", Secret: core.NewSecret("secret")}, store)
	if err != nil {
		log.Fatal(err)
	}
	ctx := context.Background()
	token, _, err := m.Issue(ctx, "", core.Identity{OpenID: "o-alice"}, "")
	if err != nil {
		log.Fatal(err)
	}
	store.gets.Store(0) // those of the login
	for range 3 {
		if _, err := m.Authenticate(ctx, token); err != nil {
			log.Fatal(err)
		}
	}
	fmt.Println(store.nearGets.Load(), "by AppendGet,", store.gets.Load(), "by Get;", m.Ping(ctx))
	// Output: 3 by AppendGet, 0 by Get; <nil>
}
