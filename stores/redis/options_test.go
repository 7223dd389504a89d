package redis_test

import (
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/rueidis"

	"github.com/wxsession/wxsession/internal/testserver"
	"github.com/wxsession/wxsession/stores/redis"
)

func TestNewRefuses(t *testing.T) {
	if _, err := redis.New(nil, redis.Options{}); err == nil {
		t.Error("New took no client")
	}
	client, err := rueidis.NewClient(rueidis.ClientOption{InitAddress: []string{miniredis.RunT(t).Addr()}, DisableCache: true, ForceSingleClient: true})
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	for _, o := range []redis.Options{{Prefix: "a b"}, {Prefix: "{a}"}, {Timeout: -1}, {WaitReplicas: -1}, {WaitTimeout: -1}} {
		if _, err := redis.New(client, o); err == nil {
			t.Errorf("New took %+v", o)
		}
	}
}

func TestTimeoutIsTheOptions(t *testing.T) {
	server := testserver.StartRedis(t)
	store := open(t, "redis://"+server.Addr+"?timeout=400ms")
	create(t, store, "u:k", "v")
	server.Pause()
	defer server.Resume()
	start := time.Now()
	if _, err := store.Get(t.Context(), "u:k"); err == nil || time.Since(start) < 300*time.Millisecond || time.Since(start) > time.Second {
		t.Errorf("Get of a stopped server: %v after %v; want an error after 400 ms", err, time.Since(start))
	}
}
