package main

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/alexedwards/scs/v2/memstore"
)

// added compares what two middlewares add to their routes.
func (b *bench) added(goroutines int, ours, theirs pair) (times, float64, error) {
	t, err := b.compare(goroutines, ours.plain, ours.with, theirs.plain, theirs.with)
	return t, t.ratio(func(ns []float64) float64 { return (ns[1] - ns[0]) / (ns[3] - ns[2]) }), err
}

// addedBy is the time that a middleware adds, of the sides plain and with.
func (t times) addedBy(plain, with int) float64 {
	return t.ratio(func(ns []float64) float64 { return ns[with] - ns[plain] })
}

func bothAdded(t times) string {
	return duration(t.addedBy(0, 1)) + " against " + duration(t.addedBy(2, 3))
}

func ginAgainstJWT(b *bench) ([]Row, error) {
	m, tokens, err := b.inMemory(users)
	if err != nil {
		return nil, err
	}
	theirs, err := onGinJWT(b.ctx)
	if err != nil {
		return nil, err
	}
	bare, err := bareJWT()
	if err != nil {
		return nil, err
	}
	ours := oursOnGin(m, tokens)
	t, ratio, err := b.added(1, ours, theirs)
	if err != nil {
		return nil, err
	}
	t2, err := b.compare(1, ours.plain, ours.with, bare)
	if err != nil {
		return nil, err
	}
	explicit, explicitRatio, err := b.added(1, withOnGin(m, tokens), theirs)
	if err != nil {
		return nil, err
	}
	least, leastRatio, err := b.added(1, leastOnGin(tokens, leastStore(tokens)), theirs)
	if err != nil {
		return nil, err
	}
	alone := t2.ratio(func(ns []float64) float64 { return (ns[1] - ns[0]) / ns[2] })
	return []Row{
		atMost("1", "gin, memory store: added per request, over gin-jwt (HS256)", ratio, 1.0/11, bothAdded(t)),
		atMost("1", "the same with the explicit handler `With`", explicitRatio, 1.0/14, bothAdded(explicit)),
		forInformation("1", "the least that hands the handler a session, over gin-jwt", leastRatio, bothAdded(least)),
		forInformation("1", "gin, memory store, over golang-jwt alone, without a middleware", alone, duration(t2.addedBy(0, 1))+" against "+duration(t2.of(2))),
	}, nil
}

func nethttpAgainstSCS(b *bench) ([]Row, error) {
	m, tokens, err := b.inMemory(users)
	if err != nil {
		return nil, err
	}
	other := scsManager(memstore.New())
	theirs, err := scsLogin(b.ctx, other, users)
	if err != nil {
		return nil, err
	}
	scs := onSCS(other, theirs)
	t, ratio, err := b.added(1, oursOnHTTP(m, tokens), scs)
	if err != nil {
		return nil, err
	}
	explicit, explicitRatio, err := b.added(1, withOnHTTP(m, tokens), scs)
	if err != nil {
		return nil, err
	}
	least, leastRatio, err := b.added(1, leastOnHTTP(tokens), scs)
	return []Row{
		atMost("2", "net/http, memory store: added per request, over scs memstore with idle expiry", ratio, 1.0/40, bothAdded(t)),
		atMost("2", "the same with the explicit handler `With`", explicitRatio, 1.0/50, bothAdded(explicit)),
		forInformation("2", "the least that hands the handler a session, over scs", leastRatio, bothAdded(least)),
	}, err
}

// floor is what no session check in memory can do without: the token's hash,
// the clock, a lookup.
func floor(tokens []string) side {
	ends := map[[sha256.Size]byte]int64{}
	for _, t := range tokens {
		ends[sha256.Sum256([]byte(t))] = time.Now().Add(lifetime).UnixMilli()
	}
	return shared(func(i int) error {
		now := time.Now().UnixMilli()
		if ends[sha256.Sum256([]byte(tokens[i%len(tokens)]))] < now {
			return errors.New("the floor has lost a session")
		}
		return nil
	})
}

func requestsAgainstFloor(b *bench) ([]Row, error) {
	m, tokens, err := b.inMemory(users)
	if err != nil {
		return nil, err
	}
	bottom := floor(tokens)
	t, err := b.compare(1, b.authenticate(m, tokens), bottom, leastStore(tokens).side(b.ctx, tokens))
	if err != nil {
		return nil, err
	}
	read, err := b.compare(1, b.authenticateAndRead(m, tokens), bottom)
	if err != nil {
		return nil, err
	}
	rows := []Row{
		overBare("3", "memory store: Authenticate over SHA-256 + time.Now + map lookup", t, 2.1),
		overBare("3", "the same, and an attribute read", read, 0),
		leastOverBare("3", "these three and a session of our size made", t),
	}
	for _, f := range []struct {
		name  string
		limit float64
		pair  pair
	}{
		{"net/http", 3.4, oursOnHTTP(m, tokens)},
		{"net/http with `With`", 2.7, withOnHTTP(m, tokens)},
		{"net/http by the least that hands the handler a session", 0, leastOnHTTP(tokens)},
		{"gin", 3.5, oursOnGin(m, tokens)},
		{"gin with `With`", 2.7, withOnGin(m, tokens)},
		{"echo v4", 3.6, oursOnEcho4(m, tokens)},
		{"echo v4 with `With`", 2.7, withOnEcho4(m, tokens)},
		{"echo v5", 3.6, oursOnEcho5(m, tokens)},
		{"echo v5 with `With`", 2.7, withOnEcho5(m, tokens)},
	} {
		t, err := b.compare(1, f.pair.plain, f.pair.with, bottom)
		if err != nil {
			return nil, err
		}
		ratio := t.ratio(func(ns []float64) float64 { return (ns[1] - ns[0]) / ns[2] })
		rows = append(rows, atMost("3", "the same: added on "+f.name, ratio, f.limit, duration(t.addedBy(0, 1))+" against "+duration(t.of(2))))
	}
	return rows, nil
}

// count returns the allocations of one operation.
func count(s side) (float64, error) {
	op, i := s(), 0
	var failed error
	n := testing.AllocsPerRun(1000, func() {
		if err := op(i); err != nil {
			failed = err
		}
		i++
	})
	return n, failed
}

func (p pair) allocations() (float64, error) {
	plain, err := count(p.plain)
	if err != nil {
		return 0, err
	}
	with, err := count(p.with)
	return with - plain, err
}

func allocations(b *bench) ([]Row, error) {
	m, tokens, err := b.inMemory(users)
	if err != nil {
		return nil, err
	}
	bare, err := count(b.authenticate(m, tokens))
	if err != nil {
		return nil, err
	}
	theirs, err := peerAllocations(b)
	if err != nil {
		return nil, err
	}
	rows := []Row{atMost("4", "memory store: allocations of Authenticate", bare, 1, theirs)}
	for _, f := range []struct {
		name  string
		limit float64
		pair  pair
	}{
		{"net/http", 2, oursOnHTTP(m, tokens)},
		{"net/http with `With`", 1, withOnHTTP(m, tokens)},
		{"gin", 2, oursOnGin(m, tokens)},
		{"gin with `With`", 1, withOnGin(m, tokens)},
		{"echo v4", 3, oursOnEcho4(m, tokens)},
		{"echo v4 with `With`", 1, withOnEcho4(m, tokens)},
		{"echo v5", 3, oursOnEcho5(m, tokens)},
		{"echo v5 with `With`", 1, withOnEcho5(m, tokens)},
	} {
		n, err := f.pair.allocations()
		if err != nil {
			return nil, err
		}
		rows = append(rows, atMost("4", "the same: added on "+f.name, n, f.limit, ""))
	}
	return rows, nil
}

func peerAllocations(b *bench) (string, error) {
	jwt, err := onGinJWT(b.ctx)
	if err != nil {
		return "", err
	}
	m := scsManager(memstore.New())
	tokens, err := scsLogin(b.ctx, m, users)
	if err != nil {
		return "", err
	}
	nJWT, err := jwt.allocations()
	if err != nil {
		return "", err
	}
	nSCS, err := onSCS(m, tokens).allocations()
	return fmt.Sprintf("gin-jwt %.0f, scs %.0f", nJWT, nSCS), err
}
