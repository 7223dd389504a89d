package memcached_test

import (
	"context"
	"testing"
	"time"

	gomemcache "github.com/bradfitz/gomemcache/memcache"

	"github.com/wxsession/wxsession/core"
	"github.com/wxsession/wxsession/internal/testserver"
	"github.com/wxsession/wxsession/stores/memcached"
)

// BenchmarkGet compares a Get with that of the client it is made of. Pin it to
// one core (taskset -c 0) to see the difference rather than the scheduler.
func BenchmarkGet(b *testing.B) {
	server := testserver.StartMemcached(b)
	client := gomemcache.New(server.Addr)
	client.MaxIdleConns = 64
	opened := open(b, "memcached://"+server.Addr)
	borrowed, err := memcached.New(client, memcached.Options{})
	if err != nil {
		b.Fatal(err)
	}
	const key = "s:0123456789abcdefghijABCDEFGHIJ0123456789abc"
	ctx, cancel := context.WithCancel(b.Context()) // as a request's does, it can end
	defer cancel()
	if err := opened.Swap(ctx, key, nil, make([]byte, 135), time.Hour); err != nil {
		b.Fatal(err)
	}
	get := func(store core.Store) func() error {
		return func() error { _, err := store.Get(ctx, key); return err }
	}
	run(b, "gomemcache", func() error { _, err := client.Get("wx:" + key); return err })
	run(b, "Open", get(opened))
	run(b, "New", get(borrowed))
}

func run(b *testing.B, name string, get func() error) {
	b.Run(name, func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if err := get(); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run(name+"/64 parallel", func(b *testing.B) {
		b.ReportAllocs()
		b.SetParallelism(32)
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				if err := get(); err != nil {
					b.Error(err)
					return
				}
			}
		})
	})
}
