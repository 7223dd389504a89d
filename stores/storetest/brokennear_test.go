package storetest

import (
	"bytes"
	"context"
	"encoding/base64"
	"sync"
	"time"

	"github.com/wxsession/wxsession/core"
)

// near is the reference with a near cache, which does one thing wrong.
type near struct {
	*reference
	fault string

	mu    sync.Mutex
	cache map[string][]byte
	buf   []byte
}

const (
	getFromCache     = "answers Get from its near cache"
	keepsOwnWrites   = "its near cache survives its own writes"
	hearsOfNobody    = "its near cache hears of nobody else"
	handsOutItsValue = "hands out what its near cache keeps"
	keepsTheBuffer   = "keeps the caller's buffer in its near cache"
	reusesItsBuffer  = "AppendGet has one buffer for all"
)

func brokenNear() []brokenStore {
	with := func(fault string, caughtBy ...string) brokenStore {
		return brokenStore{fault, caughtBy, func(r *reference) core.Store {
			return &near{reference: r, fault: fault, cache: map[string][]byte{}}
		}}
	}
	return []brokenStore{
		with(getFromCache, "GetAfterAppendGetIsFresh"),
		with(keepsOwnWrites, "AppendGetSeesOwnWrites"),
		with(hearsOfNobody, "AppendGetHearsOfOthers"),
		with(handsOutItsValue, "AppendedIsNobodyElses"),
		with(keepsTheBuffer, "AppendedIsNobodyElses"),
		with(reusesItsBuffer, "AppendedStays"),
	}
}

func (n *near) Get(ctx context.Context, key string) ([]byte, error) {
	n.mu.Lock()
	v, ok := n.cache[key]
	n.mu.Unlock()
	if ok && n.fault == getFromCache {
		return bytes.Clone(v), nil
	}
	return n.reference.Get(ctx, key)
}

func (n *near) AppendGet(ctx context.Context, dst []byte, key string) ([]byte, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	v, ok := n.cache[key]
	if !ok {
		var err error
		if v, err = n.reference.Get(ctx, key); err != nil {
			return nil, err
		}
		n.cache[key] = v
	}
	switch {
	case n.fault == handsOutItsValue && len(dst) == 0:
		return v, nil
	case n.fault == reusesItsBuffer && len(dst) == 0:
		n.buf = append(n.buf[:0], v...)
		return n.buf, nil
	}
	got := append(dst, v...)
	if n.fault == keepsTheBuffer {
		n.cache[key] = got[len(dst):]
	}
	return got, nil
}

func (n *near) Swap(ctx context.Context, key string, old, new []byte, ttl time.Duration) error {
	defer n.forget(key)
	return n.reference.Swap(ctx, key, old, new, ttl)
}

func (n *near) Delete(ctx context.Context, key string) error {
	defer n.forget(key)
	return n.reference.Delete(ctx, key)
}

func (n *near) forget(key string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.fault != keepsOwnWrites {
		delete(n.cache, key)
	}
}

// brokenOptional is what is wrong beside the verbs.
func brokenOptional() []brokenStore {
	return []brokenStore{
		{"knows another prefix", []string{"PrefixIsTheHarness"}, func(r *reference) core.Store { return &otherPrefix{r} }},
		{"takes all names for a session's", []string{"NamesAreKeys"}, named(func(prefix *string, dst *[]byte) { *prefix = "s:" })},
		{"forgets what dst held", []string{"NamesAreKeys"}, named(func(prefix *string, dst *[]byte) { *dst = nil })},
		{"sets no bound", []string{"TimeoutIsKept"}, func(r *reference) core.Store { return &unbounded{r} }},
		{"counts nothing", []string{"StatsCount"}, func(r *reference) core.Store { return &counts{reference: r} }},
		{"counts too much", []string{"StatsCount"}, func(r *reference) core.Store { return &counts{reference: r, step: 1} }},
	}
}

type otherPrefix struct{ *reference }

func (*otherPrefix) Prefix() string { return "other:" }

// names finds names by what the fault makes of the arguments.
type names struct {
	*reference
	fault func(prefix *string, dst *[]byte)
}

func named(fault func(prefix *string, dst *[]byte)) func(*reference) core.Store {
	return func(r *reference) core.Store { return &names{r, fault} }
}

func (n *names) NamedStore() core.Store { return n }

func (n *names) AppendGetNamed(ctx context.Context, dst []byte, prefix string, name [16]byte) ([]byte, error) {
	n.fault(&prefix, &dst)
	v, err := n.Get(ctx, prefix+base64.RawURLEncoding.EncodeToString(name[:]))
	if err != nil {
		return nil, err
	}
	return append(dst, v...), nil
}

type unbounded struct{ *reference }

func (*unbounded) Timeout() time.Duration { return 0 }

// counts takes each look at the count for a hit.
type counts struct {
	*reference
	step, n uint64
}

func (c *counts) Stats() core.StoreStats {
	c.n += c.step
	return core.StoreStats{NearHits: c.n}
}
