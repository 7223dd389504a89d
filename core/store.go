package core

import (
	"context"
	"errors"
	"reflect"
	"time"
)

// Store keeps small opaque values under opaque keys until they expire.
//
// Compare-and-swap is the only write, so that no writer can undo what it has
// not seen: a request in flight cannot bring back a session that was logged
// out meanwhile. An implementation needs nothing beyond single keys (no
// transactions, no scans) and is safe for concurrent use. The conformance
// suite is stores/storetest.
//
// The keys that core sends are at most 64 bytes of letters, digits and "-_:". One
// may share the memory of a request: whoever keeps it clones it.
// Errors must not contain keys or values: they end up in log lines.
type Store interface {
	// Get returns the value under key; ErrNotFound when it is missing or expired.
	// Any other error means that the store could not answer. Neither the caller nor
	// the store modifies the value later.
	Get(ctx context.Context, key string) ([]byte, error)
	// Swap stores new under key for ttl, if the value there still is old, byte for
	// byte. A nil old means: only if there is none. ErrConflict when it is not so;
	// nothing has changed then, and the next Get of key through this Store sees
	// what stood in the way, or newer. ttl <= 0 is an error. Any other error leaves
	// open whether the swap took place. The store must neither keep nor modify old
	// and new after it has returned.
	Swap(ctx context.Context, key string, old, new []byte, ttl time.Duration) error
	// Delete removes key. A missing key is no error.
	Delete(ctx context.Context, key string) error
}

// ErrNotFound is what Store.Get returns for a key that is missing or expired.
// The manager reads it as "there is no such session", every other error of a
// store as "the store could not answer": a store that returns ErrNotFound
// during an outage logs everybody out.
var ErrNotFound = errors.New("not found")

// ErrConflict is what Store.Swap returns when the value under the key was not
// the expected one. The manager reads the key again and decides anew.
var ErrConflict = errors.New("conflict: the stored value is not the expected one")

// ErrFull is what a Store's Swap wraps when the store has no room for the value:
// it has refused, nothing has changed. The manager makes room then, if it is
// about to end sessions.
var ErrFull = errors.New("the store is full")

// What follows is optional. New looks for it in the store that it is given, and
// in what that store wraps (see Unwrapper), except for AppendGetter and
// NamedGetter: a wrapper would not see those reads.

// Pinger is implemented by stores that can tell whether they would answer;
// Manager.Ping asks it for health checks.
type Pinger interface {
	Ping(ctx context.Context) error
}

// AppendGetter is implemented by stores that can copy a value into the
// caller's buffer. It saves the one allocation that Get costs: AppendGet
// appends the value under key to dst and returns the extended slice; its
// errors are those of Get.
//
// Only requests are authenticated by it, so two things are allowed to it that
// are not to Get: it may find a value whose ttl has run out, as the manager goes
// by what is written in a session; and it may answer from a cache near by, if
// that shows for a second at most what another process has changed, and never
// what this Store has. Get always asks the store itself.
type AppendGetter interface {
	AppendGet(ctx context.Context, dst []byte, key string) ([]byte, error)
}

// NamedGetter is implemented by stores in this process that need no text for a key:
// AppendGetNamed is AppendGet of the key that is prefix, two characters, and name
// in base64url without padding. Where values are not sealed, it is asked instead.
//
// NamedStore returns the store that it reads. A struct that embeds a store has this
// method as well, and what it does to reads must not be passed by: so New goes by
// names only where this is the store that it was given.
type NamedGetter interface {
	NamedStore() Store
	AppendGetNamed(ctx context.Context, dst []byte, prefix string, name [16]byte) ([]byte, error)
}

// InProcess is implemented by stores whose values never leave this process's
// memory. Only for them values are not sealed with Config.Keys, and New does not
// warn when there are none.
type InProcess interface {
	InProcess() bool
}

// Prefixer is implemented by stores that put a text before every key. It becomes
// part of what a sealed value is bound to: a value that somebody copies under
// another prefix does not open there.
type Prefixer interface {
	Prefix() string
}

// Timeouter is implemented by stores that bound each call. Manager bounds the
// operations that need several calls in proportion.
type Timeouter interface {
	Timeout() time.Duration
}

// StatsReporter is implemented by stores that count what they do.
type StatsReporter interface {
	Stats() StoreStats
}

// StoreStats is what a store knows of itself. What does not apply to it is zero.
type StoreStats struct {
	Entries              int64  // values that it holds in this process: in memory, or in its near cache
	NearHits, NearMisses uint64 // reads that the near cache could answer, and could not
	BreakerOpen          bool   // it does not ask its server for a moment, as that has been silent
}

// Unwrapper is implemented by stores that wrap another one, to count, to log, to
// encrypt: embed a WrappedStore.
type Unwrapper interface {
	Unwrap() Store
}

// WrappedStore is for embedding in a store that wraps another one. It passes
// the three verbs on, and lets the manager find in the inner store what New looks
// for there: Pinger, InProcess, Prefixer, Timeouter, StatsReporter and Warner. So a
// wrapper writes the verbs that it changes, and three things beside them:
//
//   - AppendGet, if it passes keys and values on as they are, as the example does.
//     Without it every request is a Get, which always asks the server: the near
//     cache of stores/redis is off, and a look into memory becomes a round trip.
//     A wrapper that changes values reads by Get, and must not pass AppendGet on.
//   - Prefix, if it changes keys: the inner store's prefix and what makes its own
//     keys differ. Otherwise values sealed with Config.Keys are bound to what the
//     inner store says, and one that somebody copies to the keys of another wrapper
//     opens there. For a prefix alone there is the DSN's option, which keeps the
//     near cache.
//   - Close and Ping, if somebody asks the wrapper for them: it has neither. Close the
//     inner store, after the last use of the wrapper; Manager.Ping finds the inner
//     store's Ping by itself.
//
// Errors must still be found by errors.Is: ErrNotFound, ErrConflict, ErrFull.
type WrappedStore struct{ Store }

// Unwrap returns the inner store.
func (w WrappedStore) Unwrap() Store { return w.Store }

// storeAs finds T in s, or in what s wraps.
func storeAs[T any](s Store) (found T, ok bool) {
	for s != nil {
		if found, ok = s.(T); ok {
			return found, true
		}
		w, wraps := s.(Unwrapper)
		if !wraps {
			break
		}
		s = w.Unwrap()
	}
	return found, false
}

// asNamedGetter returns nil for a store that is none, or only embeds one.
func asNamedGetter(s Store) NamedGetter {
	ng, ok := s.(NamedGetter)
	if !ok || !reflect.TypeOf(s).Comparable() || ng.NamedStore() != s {
		return nil
	}
	return ng
}

// asAppendGetter returns a reader whose values belong to the caller if they are
// to be opened in place.
func asAppendGetter(s Store, own bool) AppendGetter {
	if ag, ok := s.(AppendGetter); ok {
		return ag
	}
	return plainStore{s, own}
}

// plainStore makes an AppendGetter of a store that is none.
type plainStore struct {
	Store
	own bool
}

func (s plainStore) AppendGet(ctx context.Context, dst []byte, key string) ([]byte, error) {
	v, err := s.Get(ctx, key)
	if err != nil || !s.own && len(dst) == 0 {
		return v, err
	}
	return append(dst, v...), nil
}

type revocationKey struct{}

// withRevocation marks the writes that end a session.
func withRevocation(ctx context.Context) context.Context {
	return context.WithValue(ctx, revocationKey{}, true)
}

// IsRevocation reports whether a Swap or Delete under ctx is part of ending a
// session. A store may give such writes more durability than others: the Redis
// store waits for replicas then, if told so.
func IsRevocation(ctx context.Context) bool {
	return ctx.Value(revocationKey{}) != nil
}
