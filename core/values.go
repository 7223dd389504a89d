package core

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"time"

	"github.com/wxsession/wxsession/core/internal/record"
)

// values is the store as the manager sees it: what it writes is sealed, what it
// reads is opened.
type values struct {
	store Store
	near  AppendGetter // the store, too
	named NamedGetter  // the store, too, if it is one and values are not sealed; or nil
	ring  *record.Keyring
	mark  [record.MarkLen]byte // tells what this process has written
}

func newValues(store Store, keys [][]byte, acceptClear bool) (*values, error) {
	prefix := ""
	if p, ok := storeAs[Prefixer](store); ok {
		prefix = p.Prefix()
	}
	ring, err := record.NewKeyring(keys, prefix, acceptClear)
	if err != nil {
		return nil, err
	}
	v := &values{store: store, near: asAppendGetter(store, ring.Seals()), ring: ring}
	if !ring.Seals() { // a sealed value is bound to its key's text
		v.named = asNamedGetter(store)
	}
	rand.Read(v.mark[:]) // never fails: see crypto/rand
	return v, nil
}

// stored is a value that was read or written, and the bytes that stand in the
// store for it: what a swap has to compare. Both are nil for none.
type stored struct {
	raw   []byte
	value record.Value // opened
}

// get reads a value from the store itself. Errors are ErrNotFound, those of
// package record, and the store's. A value that cannot be opened still has its
// bytes, by which it can be replaced.
func (v *values) get(ctx context.Context, key string) (stored, error) {
	raw, err := v.store.Get(ctx, key)
	if err != nil {
		return stored{}, err
	}
	own := raw
	if v.ring.Seals() {
		own = append(make([]byte, 0, len(raw)), raw...) // it is opened in place
	}
	value, err := v.ring.Open(key, own)
	return stored{raw, value}, err
}

// getNear reads a value into buf, possibly from a cache near by. It takes the front
// of buf for the key, where the store asks for its text.
func (v *values) getNear(ctx context.Context, buf []byte, prefix string, name record.Name) (record.Value, error) {
	if v.named != nil {
		raw, err := v.named.AppendGetNamed(ctx, buf, prefix, name)
		if err != nil {
			return nil, err
		}
		return v.ring.Open("", raw)
	}
	key, buf := name.KeyIn(prefix, buf)
	raw, err := v.near.AppendGet(ctx, buf, key)
	if err != nil {
		return nil, err
	}
	return v.ring.Open(key, raw)
}

// swap stores value, if the bytes under key still are old; nil means: if there
// are none. Errors are ErrConflict and the store's.
//
// Where the store leaves open whether the swap took place, swap looks, with a
// time limit of its own; but not for a caller that has left, and not for a
// revocation, which is only done when the store says so. What it finds must be its
// own: a value that is made of random bytes or has the mark of this process, or one
// that does as well if somebody else has stored it. See swapOnce for others. Nor does
// it look after something else has failed: the client has waited long enough.
func (v *values) swap(ctx context.Context, key string, old []byte, value record.Value, ttl time.Duration) (stored, error) {
	fresh := stored{v.ring.Stored(key, value), value}
	err := v.store.Swap(ctx, key, old, fresh.raw, ttl)
	if err == nil || errors.Is(err, ErrConflict) || errors.Is(err, ErrFull) || IsRevocation(ctx) || isAfterthought(ctx) || errors.Is(ctx.Err(), context.Canceled) {
		return fresh, err
	}
	looking, cancel := context.WithTimeout(context.WithoutCancel(ctx), afterthoughtTimeout)
	defer cancel()
	if found, lost := v.store.Get(looking, key); lost == nil && string(found) == string(fresh.raw) {
		return fresh, nil
	}
	return fresh, err
}

// swapOnce is swap of a value that somebody else may make too, from the same old
// one: a counter that goes on by one. In clear both have the same bytes, so to find
// them would not say whose they are, and it does not look. Sealed values never are
// the same.
func (v *values) swapOnce(ctx context.Context, key string, old []byte, value record.Value, ttl time.Duration) (stored, error) {
	if v.ring.Seals() {
		return v.swap(ctx, key, old, value, ttl)
	}
	return stored{value, value}, v.store.Swap(ctx, key, old, value, ttl)
}

// afterthoughtTimeout bounds what is done after something failed. It is short:
// what failed before was likely the store's silence, and the client has waited
// for that long enough.
const afterthoughtTimeout = 250 * time.Millisecond

// lastCall is afterthoughtTimeout, or the time of one call of the store, if that may
// take longer: for what is lost otherwise.
func (m *Manager) lastCall() time.Duration {
	return max(afterthoughtTimeout, m.patience/operationCalls)
}

type afterthoughtKey struct{}

// afterthought is for what is done after something failed, even if the request is
// over.
func afterthought(ctx context.Context, limit time.Duration) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithValue(context.WithoutCancel(ctx), afterthoughtKey{}, true), limit)
}

func isAfterthought(ctx context.Context) bool { return ctx.Value(afterthoughtKey{}) != nil }

// raw returns the bytes that stand in the store for a session that was read.
func (v *values) raw(s *Session) []byte { return v.ring.Stored(s.key(), record.Value(s.rec)) }

func (v *values) delete(ctx context.Context, key string) error { return v.store.Delete(ctx, key) }

// maxSwaps bounds the compare-and-swap loops. Every conflict means that
// somebody else succeeded, so only a broken store, or a stampede that deserves
// a 503, gets there.
const maxSwaps = 100

var errSwaps = fmt.Errorf("gave up after %d conflicts on one key", maxSwaps)
