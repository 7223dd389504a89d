package main

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"runtime/metrics"
	"sync"
	"time"

	"github.com/alexedwards/scs/v2/memstore"
	ginmemstore "github.com/gin-contrib/sessions/memstore"

	"github.com/wxsession/wxsession/core"
	"github.com/wxsession/wxsession/stores/memory"
)

// record is the session record that core makes of the payload.
func (b *bench) record() ([]byte, error) {
	var spy spy
	store, err := memory.New(memory.Options{})
	if err != nil {
		return nil, err
	}
	defer store.Close()
	spy.Store = store
	m, err := core.New(config(direct{}), &spy)
	if err != nil {
		return nil, err
	}
	if _, err = b.login(m, 1); err == nil && spy.record == nil {
		err = errors.New("a login has stored no session")
	}
	return spy.record, err
}

// spy is a store that remembers the first session record.
type spy struct {
	core.Store
	once   sync.Once
	record []byte
}

func (s *spy) Swap(ctx context.Context, key string, old, new []byte, ttl time.Duration) error {
	if key[:2] == "s:" {
		s.once.Do(func() { s.record = append([]byte{}, new...) })
	}
	return s.Store.Swap(ctx, key, old, new, ttl)
}

// usage is what a store's sessions cost beyond what was there before.
type usage struct {
	heap, scan float64 // bytes
	gc         float64 // seconds of CPU per cycle
}

func readUsage() usage {
	runtime.GC()
	runtime.GC()
	before := metric("/cpu/classes/gc/total:cpu-seconds")
	runtime.GC()
	return usage{
		heap: metric("/memory/classes/heap/objects:bytes"),
		scan: metric("/gc/scan/heap:bytes"),
		gc:   metric("/cpu/classes/gc/total:cpu-seconds") - before,
	}
}

func metric(name string) float64 {
	s := []metrics.Sample{{Name: name}}
	metrics.Read(s)
	if s[0].Value.Kind() == metrics.KindUint64 {
		return float64(s[0].Value.Uint64())
	}
	return s[0].Value.Float64()
}

// usageOf fills a store and reads what that has cost. fill returns the store, so
// that it lives until the end.
func usageOf(fill func() (any, error)) (usage, error) {
	before := readUsage()
	store, err := fill()
	after := readUsage()
	runtime.KeepAlive(store)
	return usage{after.heap - before.heap, after.scan - before.scan, max(0, after.gc-before.gc)}, err
}

func (b *bench) fillOurs(n int, record []byte) func() (any, error) {
	return func() (any, error) {
		store, err := memory.New(memory.Options{})
		if err != nil {
			return nil, err
		}
		b.atEnd(func() { _ = store.Close() })
		for i := range n {
			if err := store.Swap(b.ctx, sessionKey(i), nil, record, idleTimeout); err != nil {
				return nil, err
			}
		}
		return store, nil
	}
}

func (b *bench) logIn(n int, source core.IdentityProvider) func() (any, error) {
	return func() (any, error) {
		m, _, err := b.inMemoryBy(n, source)
		return m, err
	}
}

func fillSCS(n int) func() (any, error) {
	return func() (any, error) {
		store := memstore.NewWithCleanupInterval(0)
		return store, scsRecords(scsManager(store), n)
	}
}

func fillGinContrib(n int) func() (any, error) {
	return func() (any, error) {
		r := ginContrib(ginmemstore.NewStore([]byte(jwtKey)))
		_, err := ginContribLogin(r, n)
		return r, err
	}
}

func millionSessions(b *bench) ([]Row, error) {
	record, err := b.record()
	if err != nil {
		return nil, err
	}
	n, name := b.sessions()
	ours, err := usageOf(b.fillOurs(n, record))
	if err != nil {
		return nil, err
	}
	logins, err := usageOf(b.logIn(n, direct{}))
	if err != nil {
		return nil, err
	}
	others, err := usageOf(b.logIn(n, keyless{}))
	if err != nil {
		return nil, err
	}
	// The others cost in proportion, and take their time.
	fewer, few := b.many(1_000_000), b.many(100_000)
	scs, err := usageOf(fillSCS(fewer))
	if err != nil {
		return nil, err
	}
	ginContrib, err := usageOf(fillGinContrib(few))
	if err != nil {
		return nil, err
	}
	size := float64(len(record))
	each := func(u usage, n int) float64 { return u.heap / float64(n) }
	return []Row{
		atMost("10", "memory store, "+name+" sessions: heap bytes per session over the record's", each(ours, n)/size, 1.5,
			fmt.Sprintf("%.0f B, record %.0f B; scs %.1f, gin-contrib memstore %.1f times the record", each(ours, n), size, each(scs, fewer)/size, each(ginContrib, few)/size)),
		atMost("10", "the same: heap bytes per login, session and user's record", each(others, n), 290, fmt.Sprintf("%.0f B with a session_key", each(logins, n))),
		atMost("11", "the same: garbage-collector CPU per cycle, ms", ours.gc*1e3, 5, fmt.Sprintf("scs %.0f ms", scs.gc*1e3)),
		atMost("11", "the same: bytes that the collector scans per session", ours.scan/float64(n), 2, fmt.Sprintf("scs %.0f B", scs.scan/float64(fewer))),
	}, nil
}

func lookupAmongMany(b *bench) ([]Row, error) {
	few, fewTokens, err := b.inMemory(users)
	if err != nil {
		return nil, err
	}
	n, name := b.sessions()
	many, manyTokens, err := b.inMemory(n)
	if err != nil {
		return nil, err
	}
	manyTokens, fewTokens = shuffled(manyTokens), shuffled(fewTokens)
	t, err := b.compare(1, b.authenticate(many, manyTokens), b.authenticate(few, fewTokens))
	if err != nil {
		return nil, err
	}
	floors, err := b.compare(1, floor(manyTokens), floor(fewTokens))
	return []Row{
		overBare("15", "memory store: Authenticate with "+name+" sessions over a thousand", t, 3),
		overBare("15", "SHA-256 + time.Now + map lookup, the same", floors, 0),
	}, err
}

func twoCores(b *bench) ([]Row, error) {
	if runtime.NumCPU() < 2 {
		return []Row{{Target: "16", What: "lookups with two cores over one", Note: "this machine has one core"}}, nil
	}
	m, tokens, err := b.inMemory(b.many(100_000))
	if err != nil {
		return nil, err
	}
	check := b.authenticate(m, shuffled(tokens))
	t, err := b.compareCores(check)
	return []Row{atLeast("16", "memory store: throughput of Authenticate with two cores over one",
		t.ratio(func(ns []float64) float64 { return ns[0] / ns[1] }), 1.8,
		fmt.Sprintf("%.1f against %.1f million/s", 1e3/t.of(1), 1e3/t.of(0)))}, err
}
