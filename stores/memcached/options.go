package memcached

import (
	"errors"
	"fmt"
	"time"
)

const (
	defaultPrefix   = "wx:"
	defaultTimeout  = 500 * time.Millisecond
	defaultMaxConns = 64
)

// maxPrefix leaves 64 of Memcached's 250 bytes to core's keys.
const maxPrefix = 250 - 64

// Options are the settings of a Store. The zero value of each field means its
// default.
type Options struct {
	// Prefix is put before every key: visible ASCII, at most 186 bytes; "wx:" by
	// default.
	Prefix string

	// Timeout bounds each call, waiting and dialling included, also where its
	// context has no deadline or a later one; 500 ms by default.
	Timeout time.Duration

	// MaxConns bounds the calls in flight, hence the connections in use: per
	// server with Open, in all with New. Further calls wait for their turn until
	// their time is up. 64 by default.
	MaxConns int
}

var errPrefix = fmt.Errorf("memcached: the prefix must be at most %d bytes of visible ASCII", maxPrefix)

// withDefaults rejects what could not work.
func (o Options) withDefaults() (Options, error) {
	switch {
	case !fitForKeys(o.Prefix):
		return o, errPrefix
	case o.Timeout < 0:
		return o, errors.New("memcached: the timeout must not be negative")
	case o.MaxConns < 0:
		return o, errors.New("memcached: the bound on connections must not be negative")
	}
	if o.Prefix == "" {
		o.Prefix = defaultPrefix
	}
	if o.Timeout == 0 {
		o.Timeout = defaultTimeout
	}
	if o.MaxConns == 0 {
		o.MaxConns = defaultMaxConns
	}
	return o, nil
}

func fitForKeys(prefix string) bool {
	for i := range len(prefix) {
		if prefix[i] <= ' ' || prefix[i] >= 0x7f {
			return false
		}
	}
	return len(prefix) <= maxPrefix
}
