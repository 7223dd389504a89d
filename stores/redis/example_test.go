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
