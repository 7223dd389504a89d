package memcached

import (
	"math"
	"testing"
	"time"
)

const day = 24 * time.Hour

func TestExpirationNeverEndsBeforeTheTTL(t *testing.T) {
	now := time.Unix(1_780_000_000, 999_999_999)
	for _, ttl := range []time.Duration{
		1, time.Millisecond, 500 * time.Millisecond, time.Second - 1, time.Second, time.Second + 1,
		time.Minute, day, 30*day - 2*time.Second, 30*day - time.Second, 30*day - 1, 30 * day, 30*day + 1, 31 * day, 60 * day, 400 * day,
	} {
		got, err := expiration(now, ttl)
		if err != nil {
			t.Errorf("%v: %v", ttl, err)
			continue
		}
		// n seconds from now last more than n-1; a date is reached by a clock that
		// may be up to an hour ahead.
		least, most := time.Duration(got-1)*time.Second, time.Duration(got)*time.Second
		if got > maxRelative {
			least = time.Unix(int64(got), 0).Sub(now) - time.Hour
			most = least
		}
		if least < ttl || most > ttl+2*time.Second {
			t.Errorf("%v: %d lasts between %v and %v", ttl, got, least, most)
		}
	}
}

func TestExpirationRejectsWhatMemcachedCannotExpress(t *testing.T) {
	now := time.Unix(1_780_000_000, 0)
	for _, ttl := range []time.Duration{math.MinInt64, -time.Minute, -1, 0, 12 * 366 * day, math.MaxInt64} {
		if got, err := expiration(now, ttl); err == nil || got != 0 {
			t.Errorf("%v: got %d, %v, want an error", ttl, got, err)
		}
	}
}
