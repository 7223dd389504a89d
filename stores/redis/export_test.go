package redis

import (
	"context"
	"time"
)

// Revoke deletes as Delete does under a context that core has marked as a
// revocation's; only core can mark one.
func (s *Store) Revoke(ctx context.Context, key string) error {
	return s.writeReplicated(ctx, remove(s.options.Prefix+key))
}

// SwapReplicated is Swap, likewise.
func (s *Store) SwapReplicated(ctx context.Context, key string, old, new []byte, ttl time.Duration) error {
	if old == nil {
		return s.writeReplicated(ctx, create(s.options.Prefix+key, new, ttl))
	}
	return s.writeReplicated(ctx, replace(s.options.Prefix+key, old, new, ttl))
}
