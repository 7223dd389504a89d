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

// write is a command that changes a key, over a shared or a dedicated connection.
// It keeps copies of what it was made of: a call that is given up at its deadline
// may still be sent, when the caller's bytes are not ours any more.
type write struct {
	key string // with its prefix
	// do reports whether the server has changed anything.
	do func(context.Context, rueidis.CommandClient) (wrote bool, err error)
}

func create(key string, new []byte, ttl time.Duration) write {
	value := string(new)
	return write{key, func(ctx context.Context, client rueidis.CommandClient) (bool, error) {
		set := client.B().Set().Key(key).Value(value).Nx().PxMilliseconds(milliseconds(ttl)).Build()
		err := client.Do(ctx, set).Error()
		if rueidis.IsRedisNil(err) {
			return false, core.ErrConflict
		}
		return true, err
	}}
}

func replace(key string, old, new []byte, ttl time.Duration) write {
	args := []string{string(old), string(new), strconv.FormatInt(milliseconds(ttl), 10)}
	return write{key, func(ctx context.Context, client rueidis.CommandClient) (bool, error) {
		n, err := run(ctx, client, swapScript, swapSHA, key, args)
		if err == nil && n == 0 {
			return false, core.ErrConflict
		}
		return true, err
	}}
}

func remove(key string) write {
	return write{key, func(ctx context.Context, client rueidis.CommandClient) (bool, error) {
		n, err := client.Do(ctx, client.B().Unlink().Key(key).Build()).AsInt64()
		return n > 0, err
	}}
}

// swapScript stores ARGV[2] for ARGV[3] milliseconds if the key holds ARGV[1].
// GET gives false for a missing key, which equals no string.
const swapScript = `if redis.call('GET',KEYS[1])==ARGV[1] then redis.call('SET',KEYS[1],ARGV[2],'PX',ARGV[3]) return 1 end return 0`

// The names by which servers know the scripts; nothing secret hangs on them.
var swapSHA, markSHA = sha(swapScript), sha(markScript)

func sha(script string) string {
	sum := sha1.Sum([]byte(script))
	return hex.EncodeToString(sum[:])
}

// run executes a script that returns a number.
func run(ctx context.Context, client rueidis.CommandClient, script, sha, key string, args []string) (int64, error) {
	n, err := client.Do(ctx, client.B().Evalsha().Sha1(sha).Numkeys(1).Key(key).Arg(args...).Build()).AsInt64()
	if reply, ok := rueidis.IsRedisErr(err); ok && reply.IsNoScript() {
		n, err = client.Do(ctx, client.B().Eval().Script(script).Numkeys(1).Key(key).Arg(args...).Build()).AsInt64()
	}
	return n, err
}

// milliseconds rounds up: a value must never go before its time.
func milliseconds(ttl time.Duration) int64 {
	ms := ttl.Milliseconds()
	if ttl > time.Duration(ms)*time.Millisecond {
		ms++
	}
	return ms
}
