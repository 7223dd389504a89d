package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/alexedwards/scs/goredisstore"
	ginredis "github.com/gin-contrib/sessions/redis"
	goredis "github.com/redis/go-redis/v9"
	"github.com/redis/rueidis"

	"github.com/wxsession/wxsession/core"
	"github.com/wxsession/wxsession/stores/redis"
)

// parallel is the number of requests at a time in the parallel comparisons.
const parallel = 64

func (b *bench) scsOverRedis(addr string) (pair, error) {
	client := goredis.NewClient(&goredis.Options{Addr: addr})
	b.atEnd(func() { _ = client.Close() })
	m := scsManager(goredisstore.New(client))
	tokens, err := scsLogin(b.ctx, m, users)
	return onSCS(m, tokens), err
}

func (b *bench) ginContribOverRedis(addr string) (pair, error) {
	store, err := ginredis.NewStore(parallel, "tcp", addr, "", "", []byte(jwtKey))
	if err != nil {
		return pair{}, err
	}
	return onGinContrib(store)
}

// redisTraffic counts, hence the requests go through a counter one by one.
func redisTraffic(b *bench) ([]Row, error) {
	addr, err := b.redis()
	if err != nil {
		return nil, err
	}
	proxy, err := b.counter(addr)
	if err != nil {
		return nil, err
	}
	client, err := b.dialRedis(addr, 0)
	if err != nil {
		return nil, err
	}
	ours, err := b.oursOver("redis://" + proxy.addr)
	if err != nil {
		return nil, err
	}
	scs, err := b.scsOverRedis(proxy.addr)
	if err != nil {
		return nil, err
	}
	ginContrib, err := b.ginContribOverRedis(proxy.addr)
	if err != nil {
		return nil, err
	}
	counts := traffic{b.ctx, client, proxy}
	var sent, trips [3]float64
	for i, p := range []pair{ours, scs, ginContrib} {
		if sent[i], trips[i], err = counts.of(p.with); err != nil {
			return nil, err
		}
	}
	format := "scs goredisstore %.3g, gin-contrib/sessions %.3g"
	return []Row{
		atMost("5", "Redis: commands per authenticated request, renewal on", sent[0], 1, fmt.Sprintf(format, sent[1], sent[2])),
		atMost("5", "Redis: round trips per authenticated request", trips[0], 1, fmt.Sprintf(format, trips[1], trips[2])),
	}, nil
}

type traffic struct {
	ctx    context.Context
	client rueidis.Client
	proxy  *counter
}

// of counts commands and round trips per request.
func (t traffic) of(s side) (sent, trips float64, err error) {
	const n = 1000
	op := s()
	if err := repeat(op, 0, n, 1); err != nil { // connections, scripts
		return 0, 0, err
	}
	before, err := commands(t.ctx, t.client)
	if err != nil {
		return 0, 0, err
	}
	tripsBefore := t.proxy.trips.Load()
	if err := repeat(op, 0, n, 1); err != nil {
		return 0, 0, err
	}
	trips = float64(t.proxy.trips.Load()-tripsBefore) / n
	after, err := commands(t.ctx, t.client)
	return float64(after-before) / n, trips, err
}

// overBareGet compares the check with a GET of the same records by the same
// client. The bare side has no deadline and does not look at what it gets. The
// third side is the least that a library could do.
func overBareGet(b *bench, goroutines int) (times, error) {
	addr, err := b.redis()
	if err != nil {
		return nil, err
	}
	client, err := b.dialRedis(addr, 0)
	if err != nil {
		return nil, err
	}
	store, err := redis.New(client, redis.Options{})
	if err != nil {
		return nil, err
	}
	m, err := core.New(config(direct{}), store)
	if err != nil {
		return nil, err
	}
	tokens, err := b.login(m, users)
	if err != nil {
		return nil, err
	}
	keys := make([]string, len(tokens))
	for i, t := range tokens {
		keys[i] = "wx:" + keyOf(t)
	}
	bare := shared(func(i int) error {
		_, err := client.Do(b.ctx, client.B().Get().Key(keys[i%len(keys)]).Build()).AsBytes()
		return err
	})
	return b.compare(goroutines, b.authenticate(m, tokens), bare, leastRedis(client).side(b.ctx, tokens))
}

func redisSequential(b *bench) ([]Row, error) {
	t, err := overBareGet(b, 1)
	if err != nil {
		return nil, err
	}
	s, err := sealedOverClear(b, 1)
	return []Row{
		overBare("6", "Redis: Authenticate over a bare GET by the same client, sequential", t, 1.06),
		leastOverBare("6", "a GET with a deadline, the token's hash and room for the record, sequential", t),
		overBare("6", "Authenticate, sealed over in clear, sequential", s, 1.05),
	}, err
}

func redisParallel(b *bench) ([]Row, error) {
	t, err := overBareGet(b, parallel)
	if err != nil {
		return nil, err
	}
	s, err := sealedOverClear(b, parallel)
	return []Row{
		overBare("6", "Authenticate, 64 parallel", t, 1.22),
		leastOverBare("6", "the GET with a deadline, a hash and room, 64 parallel", t),
		overBare("6", "Authenticate, sealed over in clear, 64 parallel", s, 1.05),
	}, err
}

func sealedOverClear(b *bench, goroutines int) (times, error) {
	addr, err := b.redis()
	if err != nil {
		return nil, err
	}
	closed, err := b.loggedIn(sealed(), "redis://"+addr+"?prefix=sealed:")
	if err != nil {
		return nil, err
	}
	open, err := b.loggedIn(config(direct{}), "redis://"+addr+"?prefix=clear:")
	if err != nil {
		return nil, err
	}
	return b.compare(goroutines, closed, open)
}

// leastOverBare is the third side over the second.
func leastOverBare(target, what string, t times) Row {
	ratio := t.ratio(func(ns []float64) float64 { return ns[2] / ns[1] })
	return forInformation(target, what, ratio, duration(t.of(2))+" against "+duration(t.of(1)))
}

func overBare(target, what string, t times, limit float64) Row {
	ratio := t.ratio(func(ns []float64) float64 { return ns[0] / ns[1] })
	return atMost(target, what, ratio, limit, duration(t.of(0))+" against "+duration(t.of(1)))
}

func redisAgainstGinContrib(b *bench) ([]Row, error) {
	addr, err := b.redis()
	if err != nil {
		return nil, err
	}
	theirs, err := b.ginContribOverRedis(addr)
	if err != nil {
		return nil, err
	}
	var rows []Row
	for _, o := range []struct {
		options, what, least string
		delay                time.Duration
		limit                float64
	}{
		{"", "gin, Redis, 64 parallel: added per request, over gin-contrib/sessions with renewal",
			"the GET with a deadline, a hash and room on gin, over gin-contrib/sessions", 0, 1.0 / 10},
		{"?flush_delay=20us", "gin, Redis, flush_delay=20us, over gin-contrib/sessions",
			"the GET with a deadline, a hash and room on gin, flush delay 20us", 20 * time.Microsecond, 1.0 / 16},
	} {
		m, err := b.open("redis://" + addr + o.options)
		if err != nil {
			return nil, err
		}
		tokens, err := b.login(m, users)
		if err != nil {
			return nil, err
		}
		client, err := b.dialRedis(addr, o.delay)
		if err != nil {
			return nil, err
		}
		t, ratio, err := b.added(parallel, oursOnGin(m, tokens), theirs)
		if err != nil {
			return nil, err
		}
		least, leastRatio, err := b.added(parallel, leastOnGin(tokens, leastRedis(client)), theirs)
		if err != nil {
			return nil, err
		}
		rows = append(rows, atMost("7", o.what, ratio, o.limit, bothAdded(t)),
			forInformation("7", o.least, leastRatio, bothAdded(least)))
	}
	return rows, nil
}

func nearCache(b *bench) ([]Row, error) {
	addr, err := b.redis()
	if err != nil {
		return nil, err
	}
	client, err := b.dialRedis(addr, 0)
	if err != nil {
		return nil, err
	}
	near, err := b.open("redis://" + addr + "?cache=100000")
	if err != nil {
		return nil, err
	}
	tokens, err := b.login(near, users)
	if err != nil {
		return nil, err
	}
	memory, inMemory, err := b.inMemory(users)
	if err != nil {
		return nil, err
	}
	cached := b.authenticate(near, tokens)
	perRequest, err := nearCommands(b, client, cached)
	if err != nil {
		return nil, err
	}
	closed, err := b.loggedIn(sealed(), "redis://"+addr+"?cache=100000&prefix=sealed:")
	if err != nil {
		return nil, err
	}
	if _, err := nearCommands(b, client, closed); err != nil { // fills its near cache
		return nil, err
	}
	ours := b.authenticate(memory, inMemory)
	t, err := b.compare(1, cached, ours)
	if err != nil {
		return nil, err
	}
	s, err := b.compare(1, closed, ours)
	return []Row{
		overBare("8", "near cache: Authenticate over the memory store", t, 1.1),
		overBare("8", "near cache, sealed: Authenticate over the memory store", s, 1.25),
		atMost("8", "near cache: Redis commands per request, 100 requests a session, the first included", perRequest, 0.05, ""),
	}, err
}

// nearCommands counts from the first read of each session on.
func nearCommands(b *bench, client rueidis.Client, cached side) (float64, error) {
	if err := beats(b, client); err != nil {
		return 0, err
	}
	before, err := commands(b.ctx, client)
	if err != nil {
		return 0, err
	}
	const n = 100 * users
	if err := repeat(cached(), 0, n, 1); err != nil {
		return 0, err
	}
	after, err := commands(b.ctx, client)
	return float64(after-before) / n, err
}

// beats waits until the near cache has seen that its server is alive: it trusts
// nothing before.
func beats(b *bench, client rueidis.Client) error {
	from, err := commands(b.ctx, client)
	if err != nil {
		return err
	}
	for range 100 {
		time.Sleep(20 * time.Millisecond)
		if now, err := commands(b.ctx, client); err != nil || now >= from+2 { // two PINGs
			return err
		}
	}
	return errors.New("the near cache does not ask for its server")
}
