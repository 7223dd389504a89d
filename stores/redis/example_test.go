package redis_test

import (
	"context"
	"fmt"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/rueidis"

	"github.com/wxsession/wxsession/stores/redis"
)

func ExampleNew() {
	server, err := miniredis.Run() // stands for the application's Redis
	if err != nil {
		fmt.Println(err)
		return
	}
	defer server.Close()
	client, err := rueidis.NewClient(rueidis.ClientOption{
		InitAddress: []string{server.Addr()}, DisableCache: true, ForceSingleClient: true,
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer client.Close()

	store, err := redis.New(client, redis.Options{Prefix: "shop:wx:"})
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx := context.Background()
	err = store.Swap(ctx, "s:key", nil, []byte("value"), time.Hour)
	value, _ := store.Get(ctx, "s:key")
	fmt.Printf("%s %v %s\n", value, err, server.Keys()[0])
	// Output: value <nil> shop:wx:s:key
}

func ExampleOpen() {
	server, err := miniredis.Run()
	if err != nil {
		fmt.Println(err)
		return
	}
	defer server.Close()
	ctx := context.Background()
	store, err := redis.Open(ctx, "redis://"+server.Addr()+"/0?timeout=200ms")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer store.Close() // core.New(config, store)
	fmt.Println(store.Ping(ctx))

	_, err = redis.Open(ctx, "redis://:hunter2@10.0.0.1,10.0.0.2")
	fmt.Println(err)
	// Output:
	// <nil>
	// redis: several hosts need redis+cluster:// or redis+sentinel://
}

func ExampleParseDSN() {
	target, err := redis.ParseDSN("redis+sentinel://s1,s2/main?wait_replicas=1")
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(target.Addrs, target.Master, target.WaitReplicas)
	// Output: [s1:26379 s2:26379] main 1
}
