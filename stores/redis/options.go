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

var errPrefix = errors.New("redis: the prefix must be at most 64 printable ASCII characters without spaces and braces")

func (o Options) check() error {
	if len(o.Prefix) > 64 || strings.ContainsFunc(o.Prefix, unfitForKeys) {
		return errPrefix
	}
	if o.Timeout < 0 || o.WaitReplicas < 0 || o.WaitTimeout < 0 {
		return errors.New("redis: the timeouts and the number of replicas must not be negative")
	}
	return nil
}

func unfitForKeys(r rune) bool { return r <= ' ' || r > '~' || r == '{' || r == '}' }

func (o Options) prefix() string {
	if o.Prefix == "" {
		return defaultPrefix
	}
	return o.Prefix
}

func (o Options) timeout() time.Duration {
	if o.Timeout == 0 {
		return defaultTimeout
	}
	return o.Timeout
}

func (o Options) waitTimeout() time.Duration {
	if o.WaitTimeout == 0 {
		return defaultWaitTimeout
	}
	return o.WaitTimeout
}
