package memcached

import (
	"errors"
	"fmt"
	"math"
	"time"
)

const (
	// maxRelative is the longest time that Memcached takes as a number of seconds
	// from now; a greater number is a date.
	maxRelative = 30 * 24 * 60 * 60

	// skew is how much the clocks of the server's host and ours may differ before
	// a value beyond maxRelative ends too early.
	skew = 60 * 60
)

// expiration is ttl as Memcached wants it. It never ends before ttl: its clock
// ticks once a second, so that n seconds last between n-1 and n of them.
func expiration(now time.Time, ttl time.Duration) (int32, error) {
	if ttl <= 0 {
		return 0, fmt.Errorf("memcached: the ttl must be positive, not %v", ttl)
	}
	seconds := int64((ttl-1)/time.Second) + 2 // rounded up, and one more
	if seconds <= maxRelative {
		return int32(seconds), nil
	}
	date := now.Unix() + 1 + seconds + skew
	if date > math.MaxInt32 {
		return 0, errors.New("memcached: the ttl reaches beyond January 2038, which the client cannot express")
	}
	return int32(date), nil
}
