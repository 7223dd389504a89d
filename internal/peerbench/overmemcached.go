package main

import (
	"github.com/bradfitz/gomemcache/memcache"
	ginmemcached "github.com/gin-contrib/sessions/memcached"
)

func memcachedSequential(b *bench) ([]Row, error) {
	addr, err := b.memcached()
	if err != nil {
		return nil, err
	}
	m, err := b.open("memcached://" + addr)
	if err != nil {
		return nil, err
	}
	tokens, err := b.login(m, users)
	if err != nil {
		return nil, err
	}
	client := memcache.New(addr)
	b.atEnd(func() { _ = client.Close() })
	bare := shared(func(i int) error {
		_, err := client.Get("wx:" + keyOf(tokens[i%len(tokens)]))
		return err
	})
	theirs, err := onGinContrib(ginmemcached.NewStore(client, "gin:", []byte(jwtKey)))
	if err != nil {
		return nil, err
	}
	t, err := b.compare(1, b.authenticate(m, tokens), bare, theirs.plain, theirs.with)
	if err != nil {
		return nil, err
	}
	ratio := t.ratio(func(ns []float64) float64 { return (ns[3] - ns[2]) / ns[1] })
	return []Row{
		overBare("9", "Memcached: Authenticate over a bare gomemcache Get", t, 1.08),
		forInformation("9", "gin-contrib/sessions on Memcached with renewal, over the same", ratio, duration(t.addedBy(2, 3))),
	}, nil
}
