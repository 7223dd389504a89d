package redis

import (
	"context"
	"time"

	"github.com/redis/rueidis"
)

// Revoke deletes as Delete does under a context that core has marked as a
// revocation's; only core can mark one.
func (s *Store) Revoke(ctx context.Context, key string) error {
	return s.writeReplicated(ctx, remove(s.options.Prefix+key))
}

// Remembers reports whether the next AppendGet of key would ask nobody.
func (s *Store) Remembers(key string) bool {
	v, _ := s.near.get(key)
	return v != nil
}

// SwapReplicated is Swap, likewise.
func (s *Store) SwapReplicated(ctx context.Context, key string, old, new []byte, ttl time.Duration) error {
	if old == nil {
		return s.writeReplicated(ctx, create(s.options.Prefix+key, new, ttl))
	}
	return s.writeReplicated(ctx, replace(s.options.Prefix+key, old, new, ttl))
}

// WriteMeanwhile is a write of key that changes nothing, and takes as long as
// meanwhile does.
func (s *Store) WriteMeanwhile(ctx context.Context, key string, meanwhile func()) error {
	return s.write(ctx, key, write{s.options.Prefix + key, func(context.Context, rueidis.CommandClient) (bool, error) {
		meanwhile()
		return true, nil
	}})
}
