package redis

import (
	"context"
	"time"

	"github.com/redis/rueidis"
)

// Revoke deletes as Delete does under a context that core has marked as a
// revocation's; only core can mark one.
func (s *Store) Revoke(ctx context.Context, key string) error {
	return s.writeReplicated(ctx, func(ctx context.Context, client rueidis.CommandClient) error {
		return remove(ctx, client, s.prefix+key)
	})
}

// SwapReplicated is Swap, likewise.
func (s *Store) SwapReplicated(ctx context.Context, key string, old, new []byte, ttl time.Duration) error {
	return s.writeReplicated(ctx, func(ctx context.Context, client rueidis.CommandClient) error {
		return replace(ctx, client, s.prefix+key, old, new, ttl)
	})
}
