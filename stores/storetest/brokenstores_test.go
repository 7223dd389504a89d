package storetest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/wxsession/wxsession/core"
)

// broken is the reference with some verbs replaced.
type broken struct {
	*reference
	get   func(r *reference, ctx context.Context, key string) ([]byte, error)
	swap  func(r *reference, ctx context.Context, key string, old, new []byte, ttl time.Duration) error
	del   func(r *reference, ctx context.Context, key string) error
	close func(r *reference) error
}

func (b *broken) Get(ctx context.Context, key string) ([]byte, error) {
	if b.get == nil {
		return b.reference.Get(ctx, key)
	}
	return b.get(b.reference, ctx, key)
}

func (b *broken) Swap(ctx context.Context, key string, old, new []byte, ttl time.Duration) error {
	if b.swap == nil {
		return b.reference.Swap(ctx, key, old, new, ttl)
	}
	return b.swap(b.reference, ctx, key, old, new, ttl)
}

func (b *broken) Delete(ctx context.Context, key string) error {
	if b.del == nil {
		return b.reference.Delete(ctx, key)
	}
	return b.del(b.reference, ctx, key)
}

func (b *broken) Close() error {
	if b.close == nil {
		return b.reference.Close()
	}
	return b.close(b.reference)
}

type brokenStore struct {
	name     string
	caughtBy []string
	wrap     func(*reference) core.Store
}

func (b brokenStore) harness() Harness { return harness(b.wrap) }

func brokenStores() []brokenStore {
	return append(append(brokenValues(), brokenSwaps()...), append(brokenTTLs(), brokenManners()...)...)
}

type (
	getFunc  = func(*reference, context.Context, string) ([]byte, error)
	swapFunc = func(*reference, context.Context, string, []byte, []byte, time.Duration) error
)

func withGet(f getFunc) func(*reference) core.Store {
	return func(r *reference) core.Store { return &broken{reference: r, get: f} }
}

func withSwap(f swapFunc) func(*reference) core.Store {
	return func(r *reference) core.Store { return &broken{reference: r, swap: f} }
}

func failing(err error) swapFunc {
	return func(*reference, context.Context, string, []byte, []byte, time.Duration) error { return err }
}

// put stores without any question.
func (r *reference) put(key string, value []byte, ttl time.Duration) {
	r.set(func() { r.entries[r.prefix+key] = entry{value, r.time().Add(ttl)} })
}

func brokenValues() []brokenStore {
	return []brokenStore{
		{"a miss is nil", []string{"MissingIsNotAnError", "SwapAfterDeleteConflicts", "ExpiredIsMissing"},
			withGet(func(r *reference, ctx context.Context, key string) ([]byte, error) {
				v, err := r.Get(ctx, key)
				if errors.Is(err, core.ErrNotFound) {
					return nil, nil
				}
				return v, err
			})},
		{"ends values at NUL", []string{"RoundTrip"},
			withSwap(func(r *reference, ctx context.Context, key string, old, new []byte, ttl time.Duration) error {
				new, _, _ = bytes.Cut(new, []byte{0})
				return r.Swap(ctx, key, old, new, ttl)
			})},
		{"an empty value is nil", []string{"RoundTrip"},
			withGet(func(r *reference, ctx context.Context, key string) ([]byte, error) { return r.AppendGet(ctx, nil, key) })},
		{"folds the case of keys", []string{"KeyAlphabet"},
			withSwap(func(r *reference, ctx context.Context, key string, old, new []byte, ttl time.Duration) error {
				return r.Swap(ctx, strings.ToLower(key), old, new, ttl)
			})},
		{"keeps the caller's slice", []string{"ValuesAreCopied"},
			withSwap(func(r *reference, ctx context.Context, key string, old, new []byte, ttl time.Duration) error {
				err := r.Swap(ctx, key, old, new, ttl)
				if err == nil {
					r.put(key, new, ttl)
				}
				return err
			})},
		{"scribbles on old", []string{"ValuesAreCopied"},
			withSwap(func(r *reference, ctx context.Context, key string, old, new []byte, ttl time.Duration) error {
				defer scribble(old)
				return r.Swap(ctx, key, old, new, ttl)
			})},
		{"hands out its buffer", []string{"ValuesStayUnderTheReader"}, handsOutItsBuffer},
		{"AppendGet drops dst", []string{"AppendGetAgreesWithGet"},
			func(r *reference) core.Store { return &dropsDst{r} }},
		{"truncates large values", []string{"OversizedValue"},
			withSwap(func(r *reference, ctx context.Context, key string, old, new []byte, ttl time.Duration) error {
				return r.Swap(ctx, key, old, new[:min(len(new), referenceMaxValue)], ttl)
			})},
		{"cuts prefixes short", []string{"PrefixesDoNotCollide"},
			func(r *reference) core.Store {
				r.prefix = r.prefix[:12]
				return r
			}},
	}
}

// handsOutItsBuffer writes into the buffer that readers hold.
func handsOutItsBuffer(r *reference) core.Store {
	var buf []byte
	return &broken{reference: r,
		get: func(r *reference, ctx context.Context, key string) ([]byte, error) { return buf, nil },
		swap: func(r *reference, _ context.Context, _ string, _, new []byte, _ time.Duration) error {
			buf = append(buf[:0], new...)
			return nil
		}}
}

type dropsDst struct{ *reference }

func (d *dropsDst) AppendGet(ctx context.Context, dst []byte, key string) ([]byte, error) {
	return d.reference.AppendGet(ctx, dst[:0], key)
}

func brokenSwaps() []brokenStore {
	return []brokenStore{
		{"upserts", []string{"SwapNilOnlyCreates", "SwapStaleConflicts", "SwapComparesEveryByte", "SwapAfterDeleteConflicts", "ConflictThenGetIsFresh"},
			withSwap(func(r *reference, _ context.Context, key string, _, new []byte, ttl time.Duration) error {
				r.put(key, new, ttl)
				return nil
			})},
		{"writes, then reports the conflict", []string{"SwapNilOnlyCreates", "SwapStaleConflicts"},
			withSwap(func(r *reference, ctx context.Context, key string, old, new []byte, ttl time.Duration) error {
				err := r.Swap(ctx, key, old, new, ttl)
				r.put(key, new, ttl)
				return err
			})},
		{"compares lengths", []string{"SwapComparesEveryByte"},
			withSwap(func(r *reference, ctx context.Context, key string, old, new []byte, ttl time.Duration) error {
				if v, err := r.Get(ctx, key); err == nil && old != nil && len(v) == len(old) {
					old = v
				}
				return r.Swap(ctx, key, old, new, ttl)
			})},
		{"recreates what was deleted", []string{"SwapAfterDeleteConflicts", "SwapAfterExpiryConflicts"},
			withSwap(func(r *reference, ctx context.Context, key string, old, new []byte, ttl time.Duration) error {
				if _, err := r.Get(ctx, key); errors.Is(err, core.ErrNotFound) {
					old = nil
				}
				return r.Swap(ctx, key, old, new, ttl)
			})},
		{"looks, then writes", []string{"ConcurrentSwap", "ConcurrentUpdatesLoseNothing", "DeleteBeatsConcurrentSwaps"},
			withSwap(func(r *reference, ctx context.Context, key string, old, new []byte, ttl time.Duration) error {
				v, err := r.Get(ctx, key)
				if (err == nil) != (old != nil) || !bytes.Equal(v, old) {
					return core.ErrConflict
				}
				time.Sleep(time.Millisecond)
				r.put(key, bytes.Clone(new), ttl)
				return nil
			})},
		{"conflicts are misses", []string{"SwapNilOnlyCreates", "SwapStaleConflicts"},
			withSwap(func(r *reference, ctx context.Context, key string, old, new []byte, ttl time.Duration) error {
				err := r.Swap(ctx, key, old, new, ttl)
				if errors.Is(err, core.ErrConflict) {
					return errors.Join(core.ErrNotFound, err)
				}
				return err
			})},
		{"confuses keys", []string{"ConcurrentUse"}, confusesKeys},
		{"its cache survives deletes", []string{"OwnWritesAreSeen", "ConflictThenGetIsFresh"}, cachesForEver},
	}
}

// confusesKeys keeps the key of the call under way in one place for all callers.
func confusesKeys(r *reference) core.Store {
	var current atomic.Value
	return &broken{reference: r, get: func(r *reference, ctx context.Context, key string) ([]byte, error) {
		current.Store(key)
		time.Sleep(time.Millisecond)
		return r.Get(ctx, current.Load().(string))
	}}
}

// cachesForEver forgets a value only when this connection overwrites it.
func cachesForEver(r *reference) core.Store {
	var cache sync.Map
	return &broken{reference: r,
		get: func(r *reference, ctx context.Context, key string) ([]byte, error) {
			if v, ok := cache.Load(key); ok {
				return v.([]byte), nil
			}
			v, err := r.Get(ctx, key)
			if err == nil {
				cache.Store(key, v)
			}
			return v, err
		},
		swap: func(r *reference, ctx context.Context, key string, old, new []byte, ttl time.Duration) error {
			err := r.Swap(ctx, key, old, new, ttl)
			if err == nil {
				cache.Store(key, bytes.Clone(new))
			}
			return err
		}}
}

func brokenTTLs() []brokenStore {
	withTTL := func(f func(time.Duration) time.Duration) func(*reference) core.Store {
		return withSwap(func(r *reference, ctx context.Context, key string, old, new []byte, ttl time.Duration) error {
			return r.Swap(ctx, key, old, new, f(ttl))
		})
	}
	const ever = 1e6 * time.Hour
	return []brokenStore{
		{"never expires", []string{"ExpiredIsMissing", "SubSecondTTLExpires", "OverwriteReplacesValueAndTTL", "SwapAfterExpiryConflicts"},
			withTTL(func(time.Duration) time.Duration { return ever })},
		{"whole seconds, rounded down", []string{"ExpiredIsMissing"},
			withTTL(func(d time.Duration) time.Duration { return d.Truncate(time.Second) })},
		{"less than a second is for ever", []string{"SubSecondTTLExpires"},
			withTTL(func(d time.Duration) time.Duration {
				if d < time.Second {
					return ever
				}
				return d
			})},
		{"more than 30 days is a date", []string{"LongTTLSurvives"},
			withTTL(func(d time.Duration) time.Duration {
				if d > 30*24*time.Hour {
					return time.Nanosecond
				}
				return d
			})},
		{"no ttl is for ever", []string{"NonPositiveTTLIsRejected"},
			withTTL(func(d time.Duration) time.Duration {
				if d <= 0 {
					return ever
				}
				return d
			})},
		{"the first ttl counts", []string{"OverwriteReplacesValueAndTTL"}, keepsFirstTTL},
		{"a conflict renews", []string{"ConflictLeavesTheTTL"},
			withSwap(func(r *reference, ctx context.Context, key string, old, new []byte, ttl time.Duration) error {
				err := r.Swap(ctx, key, old, new, ttl)
				if v, getErr := r.Get(ctx, key); getErr == nil {
					r.put(key, v, ttl)
				}
				return err
			})},
	}
}

func keepsFirstTTL(r *reference) core.Store {
	return &broken{reference: r, swap: func(r *reference, ctx context.Context, key string, old, new []byte, ttl time.Duration) error {
		if old != nil {
			r.set(func() { ttl = r.entries[r.prefix+key].end.Sub(r.time()) })
		}
		return r.Swap(ctx, key, old, new, ttl)
	}}
}

func brokenManners() []brokenStore {
	return []brokenStore{
		{"a missing key cannot be deleted", []string{"DeleteMissingIsNil"},
			func(r *reference) core.Store {
				return &broken{reference: r, del: func(r *reference, ctx context.Context, key string) error {
					if _, err := r.Get(ctx, key); err != nil {
						return err
					}
					return r.Delete(ctx, key)
				}}
			}},
		{"ignores the context", []string{"CancelledContext", "StalledServer"},
			withGet(func(r *reference, ctx context.Context, key string) ([]byte, error) {
				v, err := r.Get(context.Background(), key)
				if errors.Is(err, context.DeadlineExceeded) {
					time.Sleep(time.Hour)
				}
				return v, err
			})},
		{"hides the context's error", []string{"CancelledContext"},
			withGet(func(r *reference, ctx context.Context, key string) ([]byte, error) {
				v, err := r.Get(ctx, key)
				if ctx.Err() != nil {
					err = fmt.Errorf("get: %v", err)
				}
				return v, err
			})},
		{"Ping never answers well", []string{"PingAnswers"}, func(r *reference) core.Store { return &noPing{r} }},
		{"trouble is a miss", []string{"OutageIsAnErrorNotAMiss", "UseAfterClose", "StalledServer"},
			withGet(func(r *reference, ctx context.Context, key string) ([]byte, error) {
				v, err := r.Get(ctx, key)
				if err != nil {
					err = core.ErrNotFound
				}
				return v, err
			})},
		{"works after Close", []string{"UseAfterClose"},
			func(r *reference) core.Store {
				return &broken{reference: r, close: func(*reference) error { return nil }}
			}},
		{"Close works once", []string{"CloseTwice"},
			func(r *reference) core.Store {
				return &broken{reference: r, close: func(r *reference) error { return errors.Join(r.ready(context.Background()), r.Close()) }}
			}},
		{"Close needs a used store", []string{"CloseRightAfterNew"},
			func(r *reference) core.Store {
				return &broken{reference: r, close: func(r *reference) error { return errors.New("nothing to close") }}
			}},
		{"names the key", []string{"ErrorsHideKeysAndValues"},
			withGet(func(r *reference, ctx context.Context, key string) ([]byte, error) {
				v, err := r.Get(ctx, key)
				if err != nil {
					err = fmt.Errorf("get %s: %w", key, err)
				}
				return v, err
			})},
		{"names the value", []string{"ErrorsHideKeysAndValues"},
			withSwap(func(r *reference, ctx context.Context, key string, old, new []byte, ttl time.Duration) error {
				err := r.Swap(ctx, key, old, new, ttl)
				if err != nil {
					err = fmt.Errorf("swap to %q: %w", new, err)
				}
				return err
			})},
		{"dead connections are misses", []string{"ServerRestart"}, missesOnceAfterUse},
	}
}

type noPing struct{ *reference }

func (*noPing) Ping(context.Context) error { return errors.New("ping is not supported") }

// missesOnceAfterUse answers the second Get as if its connection had died.
func missesOnceAfterUse(r *reference) core.Store {
	var gets atomic.Int32
	return &broken{reference: r, get: func(r *reference, ctx context.Context, key string) ([]byte, error) {
		if gets.Add(1) == 2 {
			return nil, core.ErrNotFound
		}
		return r.Get(ctx, key)
	}}
}
