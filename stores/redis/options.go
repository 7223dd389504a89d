package redis

import (
	"errors"
	"strings"
	"time"
)

const (
	defaultPrefix      = "wx:"
	defaultTimeout     = 500 * time.Millisecond
	defaultWaitTimeout = 200 * time.Millisecond
)

// Options are the settings of a Store. The zero value of each field means its
// default.
type Options struct {
	// Prefix stands before every key; "wx:" by default. At most 64 printable ASCII
	// characters, no spaces, and no braces: they would send all keys to one slot
	// of a cluster.
	Prefix string

	// Timeout bounds every call, also where the context has a later deadline or
	// none; 500 ms by default. A call may give up 1/16 of it early, because calls
	// that start together share a timer.
	Timeout time.Duration

	// WaitReplicas is the number of replicas that must have acknowledged a
	// revocation (core.IsRevocation) before its Swap or Delete returns nil; none
	// by default. See "Durable revocations" in the package's documentation.
	WaitReplicas int

	// WaitTimeout is what a revocation may take beyond Timeout to hear of the
	// replicas; 200 ms by default.
	WaitTimeout time.Duration
}

var (
	errPrefix   = errors.New("redis: the prefix must be at most 64 printable ASCII characters without spaces and braces")
	errNegative = errors.New("redis: the timeouts and the number of replicas must not be negative")
)

// withDefaults rejects what could not work.
func (o Options) withDefaults() (Options, error) {
	switch {
	case !fitForKeys(o.Prefix):
		return o, errPrefix
	case o.Timeout < 0, o.WaitReplicas < 0, o.WaitTimeout < 0:
		return o, errNegative
	}
	if o.Prefix == "" {
		o.Prefix = defaultPrefix
	}
	if o.Timeout == 0 {
		o.Timeout = defaultTimeout
	}
	if o.WaitTimeout == 0 {
		o.WaitTimeout = defaultWaitTimeout
	}
	return o, nil
}

func fitForKeys(prefix string) bool {
	return len(prefix) <= 64 && !strings.ContainsFunc(prefix, func(r rune) bool { return r <= ' ' || r > '~' || r == '{' || r == '}' })
}
