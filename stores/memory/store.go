package memory

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"hash/maphash"
	"io"
	"sync"
	"sync/atomic"
	"time"

	"github.com/wxsession/wxsession/core"
)

// errFull does not depend on the key: a store that is full is not broken. See
// package full for who looks at it, and how.
var errFull = fmt.Errorf("memory: %w: raise max, or let sessions expire sooner", core.ErrFull)

var (
	errClosed        = errors.New("memory: the store is closed")
	errTTL           = errors.New("memory: the ttl must be positive")
	errKeyTooLong    = errors.New("memory: a key may have 255 bytes at most")
	errValueTooLarge = errors.New("memory: a value must be smaller than 1 MiB")
)

// shardCount is such that two writers seldom meet; readers never wait for each
// other. More would not be better: each shard has its own memory, and with 256 of
// them a request on net/http took 200 ns longer, as a processor remembers the
// addresses of so many pages only. The highest bits of a key's hash choose the shard.
const (
	shardCount = 1 << shardBits
	shardBits  = 5
)

// Store is a core.Store in the memory of this process, safe for concurrent use.
// Close it when it is no longer needed: a goroutine frees what has expired.
type Store struct {
	seed   maphash.Seed
	clock  clock
	closed atomic.Bool
	stop   context.CancelFunc
	swept  sync.WaitGroup

	shards [shardCount]shard

	bound  bound
	cursor atomic.Uint32
}

var (
	_ core.Store         = (*Store)(nil)
	_ core.AppendGetter  = (*Store)(nil)
	_ core.NamedGetter   = (*Store)(nil)
	_ core.Pinger        = (*Store)(nil)
	_ core.InProcess     = (*Store)(nil)
	_ core.StatsReporter = (*Store)(nil)
	_ io.Closer          = (*Store)(nil)
)

// New returns an empty store, or an error when Max is negative.
func New(o Options) (*Store, error) {
	if err := o.check(); err != nil {
		return nil, err
	}
	ctx, stop := context.WithCancel(context.Background())
	s := &Store{seed: maphash.MakeSeed(), clock: newClock(o.Now), stop: stop}
	s.bound.max = int64(o.Max)
	for i := range s.shards {
		s.shards[i].index.extra = i
	}
	s.swept.Go(func() { s.sweepUntil(ctx) })
	return s, nil
}

// Get returns a copy of the value under key, which the caller may keep.
func (s *Store) Get(ctx context.Context, key string) ([]byte, error) {
	var room [nameLen]byte
	return s.read(ctx, []byte{}, asStored(key, &room), ticks(s.clock()))
}

// AppendGet appends the value under key to dst. It allocates nothing where dst
// has room. A value that has expired is found until it is freed, a minute later
// at most (see core.AppendGetter): the clock would cost as much as the lookup.
func (s *Store) AppendGet(ctx context.Context, dst []byte, key string) ([]byte, error) {
	var room [nameLen]byte
	return s.read(ctx, dst, asStored(key, &room), withExpired)
}

// NamedStore implements core.NamedGetter.
func (s *Store) NamedStore() core.Store { return s }

// AppendGetNamed implements core.NamedGetter.
func (s *Store) AppendGetNamed(ctx context.Context, dst []byte, prefix string, name [16]byte) ([]byte, error) {
	key := storedKey{viewOf(name[:]), kindOf(prefix)}
	if key.kind == isText { // no prefix of core's
		return s.AppendGet(ctx, dst, prefix+base64.RawURLEncoding.EncodeToString(name[:]))
	}
	return s.read(ctx, dst, key, withExpired)
}

func (s *Store) read(ctx context.Context, dst []byte, key storedKey, now int64) ([]byte, error) {
	if err := s.ready(ctx); err != nil {
		return nil, err
	}
	sh, tag := s.locate(key)
	return sh.appendValue(dst, tag, key, now)
}

// Swap implements core.Store. At the bound a new key is refused with
// core.ErrFull.
func (s *Store) Swap(ctx context.Context, key string, old, new []byte, ttl time.Duration) error {
	if err := s.ready(ctx); err != nil {
		return err
	}
	if err := checkWrite(key, new, ttl); err != nil {
		return err
	}
	var room [nameLen]byte
	var buf [maxShared]byte
	now, k := s.clock(), asStored(key, &room)
	r := newRecord(buf[:], k, new, ticksUp(now)+ticksUp(ttl))
	sh, tag := s.locate(k)
	w := write{tag: tag, key: k, old: old, new: r, now: ticks(now)}
	err := sh.swap(&w, &s.bound)
	for err == errFull && s.reclaim() {
		err = sh.swap(&w, &s.bound)
	}
	return err
}

func checkWrite(key string, value []byte, ttl time.Duration) error {
	switch {
	case ttl <= 0:
		return errTTL
	case len(key) > maxKey:
		return errKeyTooLong
	case len(value) > maxValue:
		return errValueTooLarge
	}
	return nil
}

// Delete implements core.Store.
func (s *Store) Delete(ctx context.Context, key string) error {
	if err := s.ready(ctx); err != nil {
		return err
	}
	var room [nameLen]byte
	k := asStored(key, &room)
	sh, tag := s.locate(k)
	sh.delete(tag, k, &s.bound)
	return nil
}

// Ping fails only when the store is closed or ctx is done.
func (s *Store) Ping(ctx context.Context) error { return s.ready(ctx) }

// InProcess reports that values never leave this process.
func (s *Store) InProcess() bool { return true }

// Stats counts the entries, those included that have expired and are not freed
// yet. It asks each part of the store in turn, so that writers need not keep a
// common count: call it as often as metrics are read, not for each request.
func (s *Store) Stats() core.StoreStats {
	var stats core.StoreStats
	for i := range s.shards {
		stats.Entries += int64(s.shards[i].len())
	}
	return stats
}

// Close stops the goroutine that frees expired values, and makes all later
// calls fail. It may be called more than once, and returns nil.
func (s *Store) Close() error {
	s.closed.Store(true)
	s.stop()
	s.swept.Wait()
	return nil
}

func (s *Store) ready(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if s.closed.Load() {
		return errClosed
	}
	return nil
}

// locate splits a key's hash: the highest bits choose the shard, the low half is
// the tag in the shard's index.
func (s *Store) locate(key storedKey) (sh *shard, tag uint32) {
	h := key.hash(s.seed)
	return &s.shards[h>>(64-shardBits)], tagOf(h)
}
