package memcached_test

import (
	"context"
	"fmt"

	gomemcache "github.com/bradfitz/gomemcache/memcache"

	"github.com/wxsession/wxsession/stores/memcached"
)

func ExampleOpen() {
	ctx := context.Background()
	store, err := memcached.Open(ctx, "memcached://10.0.0.1,10.0.0.2?timeout=200ms")
	if err != nil {
		fmt.Println(err)
		return
	}
	_ = store // core.New(config, store)

	_, err = memcached.Open(ctx, "memcached://10.0.0.1?time-out=200ms")
	fmt.Println(err)
	// Output: memcached: unknown option "time-out" in the DSN; known are max_conns, max_idle, prefix, timeout
}

func ExampleNew() {
	selector, err := memcached.NewSelector("10.0.0.1", "10.0.0.2")
	if err != nil {
		fmt.Println(err)
		return
	}
	client := gomemcache.NewFromSelector(selector)
	client.MaxIdleConns = 64
	store, err := memcached.New(client, memcached.Options{Prefix: "shop:", MaxConns: 64})
	fmt.Println(store != nil, err) // core.New(config, store)
	// Output: true <nil>
}

func ExampleParseDSN() {
	_, options, err := memcached.ParseDSN("memcached://10.0.0.1,10.0.0.2?prefix=shop:")
	fmt.Println(options.Prefix, options.Timeout, err)
	// Output: shop: 500ms <nil>
}
