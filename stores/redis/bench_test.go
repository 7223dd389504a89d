package redis_test

import (
	"strings"
	"testing"

	"github.com/redis/rueidis"

	"github.com/wxsession/wxsession/core"
	"github.com/wxsession/wxsession/internal/testserver"
	"github.com/wxsession/wxsession/stores/memory"
	"github.com/wxsession/wxsession/stores/redis"
)

const (
	benchKey   = "s:0123456789abcdefghijklmnopqrstuvwxyzABCDEFG"
	benchValue = 135 // bytes
)

func BenchmarkGet(b *testing.B) {
	server := testserver.StartRedis(b)
	client, err := rueidis.NewClient(rueidis.ClientOption{
		InitAddress: []string{server.Addr}, DisableCache: true, ForceSingleClient: true,
	})
	if err != nil {
		b.Fatal(err)
	}
	defer client.Close()
	bare := func() error {
		_, err := client.Do(b.Context(), client.B().Get().Key("wx:"+benchKey).Build()).AsBytes()
		return err
	}
	store, delayed := open(b, "redis://"+server.Addr), open(b, "redis://"+server.Addr+"?flush_delay=20us")
	create(b, store, benchKey, strings.Repeat("x", benchValue))
	appendGet := func(s *redis.Store) func() error {
		buf := make([]byte, 0, 256)
		return func() error { _, err := s.AppendGet(b.Context(), buf, benchKey); return err }
	}
	b.Run("bare", func(b *testing.B) { sequential(b, bare) })
	b.Run("Get", func(b *testing.B) {
		sequential(b, func() error { _, err := store.Get(b.Context(), benchKey); return err })
	})
	b.Run("AppendGet", func(b *testing.B) { sequential(b, appendGet(store)) })
	b.Run("bare-64", func(b *testing.B) { parallel(b, bare) })
	b.Run("AppendGet-64", func(b *testing.B) { parallel(b, appendGet(store)) })
	b.Run("flush-delay-64", func(b *testing.B) { parallel(b, appendGet(delayed)) })
}

func BenchmarkNearCacheHit(b *testing.B) {
	server := testserver.StartRedis(b)
	near := open(b, "redis://"+server.Addr+"?cache=1000")
	inMemory, err := memory.Open(b.Context(), "memory://")
	if err != nil {
		b.Fatal(err)
	}
	defer inMemory.Close()
	create(b, near, benchKey, strings.Repeat("x", benchValue))
	create(b, inMemory, benchKey, strings.Repeat("x", benchValue))
	warm(b, near, benchKey)
	for name, store := range map[string]core.AppendGetter{"near": near, "memory": inMemory} {
		buf := make([]byte, 0, 256)
		hit := func() error { _, err := store.AppendGet(b.Context(), buf, benchKey); return err }
		b.Run(name, func(b *testing.B) { sequential(b, hit) })
		b.Run(name+"-64", func(b *testing.B) { parallel(b, hit) })
	}
}

func sequential(b *testing.B, get func() error) {
	b.ReportAllocs()
	for b.Loop() {
		if err := get(); err != nil {
			b.Fatal(err)
		}
	}
}

func parallel(b *testing.B, get func() error) {
	b.ReportAllocs()
	b.SetParallelism(64)
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if err := get(); err != nil {
				b.Error(err)
				return
			}
		}
	})
}
