package redis

import (
	"context"
	"crypto/sha1"
	"encoding/hex"
	"strconv"
	"time"

	"github.com/redis/rueidis"

	"github.com/wxsession/wxsession/core"
)

// swapScript stores ARGV[2] for ARGV[3] milliseconds if the key holds ARGV[1].
// GET gives false for a missing key, which equals no string.
const swapScript = `if redis.call('GET',KEYS[1])==ARGV[1] then redis.call('SET',KEYS[1],ARGV[2],'PX',ARGV[3]) return 1 end return 0`

// swapSHA is the name by which servers know a script; nothing secret hangs on it.
var swapSHA = func() string {
	sum := sha1.Sum([]byte(swapScript))
	return hex.EncodeToString(sum[:])
}()

func create(ctx context.Context, client rueidis.CommandClient, key string, new []byte, ttl time.Duration) error {
	set := client.B().Set().Key(key).Value(string(new)).Nx().PxMilliseconds(milliseconds(ttl)).Build()
	err := client.Do(ctx, set).Error()
	if rueidis.IsRedisNil(err) {
		return core.ErrConflict
	}
	return err
}

// replace copies old and new: a call that is given up at its deadline may still
// be sent, when the caller's bytes are not ours any more.
func replace(ctx context.Context, client rueidis.CommandClient, key string, old, new []byte, ttl time.Duration) error {
	args := []string{string(old), string(new), strconv.FormatInt(milliseconds(ttl), 10)}
	sha := client.B().Evalsha().Sha1(swapSHA).Numkeys(1).Key(key).Arg(args...).Build()
	done, err := client.Do(ctx, sha).AsInt64()
	if reply, ok := rueidis.IsRedisErr(err); ok && reply.IsNoScript() {
		eval := client.B().Eval().Script(swapScript).Numkeys(1).Key(key).Arg(args...).Build()
		done, err = client.Do(ctx, eval).AsInt64()
	}
	if err == nil && done == 0 {
		return core.ErrConflict
	}
	return err
}

func remove(ctx context.Context, client rueidis.CommandClient, key string) error {
	return client.Do(ctx, client.B().Unlink().Key(key).Build()).Error()
}

// milliseconds rounds up: a value must never go before its time.
func milliseconds(ttl time.Duration) int64 {
	ms := ttl.Milliseconds()
	if ttl > time.Duration(ms)*time.Millisecond {
		ms++
	}
	return ms
}
