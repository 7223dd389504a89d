package main

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/redis/rueidis"

	"github.com/wxsession/wxsession/core"
)

// redisMemory asks the server what it thinks a session takes, and checks it
// against what the whole of it has grown by.
func redisMemory(b *bench) ([]Row, error) {
	addr, err := b.redis()
	if err != nil {
		return nil, err
	}
	client, err := b.dialRedis(addr, 0)
	if err != nil {
		return nil, err
	}
	var rows []Row
	for _, o := range []struct {
		what, prefix string
		cfg          core.Config
		limit        float64
	}{
		{"Redis: MEMORY USAGE of a session over the record's bytes", "wx:", config(direct{}), 1.50},
		{"the same, sealed", "wy:", sealed(), 1.70},
	} {
		m, err := b.openAs(o.cfg, "redis://"+addr+"?prefix="+o.prefix)
		if err != nil {
			return nil, err
		}
		u, err := b.redisUsage(client, m, o.prefix)
		if err != nil {
			return nil, err
		}
		rows = append(rows, atMost("17", o.what, float64(u.session)/float64(u.record), o.limit,
			fmt.Sprintf("%d B, record %d B; its user's record %d B; used_memory per login %.0f B", u.session, u.record, u.user, u.perLogin)))
	}
	return rows, nil
}

type redisUsage struct {
	session, record, user int64 // bytes
	perLogin              float64
}

func (b *bench) redisUsage(client rueidis.Client, m *core.Manager, prefix string) (u redisUsage, err error) {
	before, err := usedMemory(b, client)
	if err != nil {
		return u, err
	}
	n := b.many(100_000)
	tokens, err := b.login(m, n)
	if err != nil {
		return u, err
	}
	after, err := usedMemory(b, client)
	if err != nil {
		return u, err
	}
	u.perLogin = float64(after-before) / float64(n)
	key := prefix + keyOf(tokens[0])
	if u.session, err = client.Do(b.ctx, client.B().MemoryUsage().Key(key).Build()).AsInt64(); err != nil {
		return u, err
	}
	if u.record, err = client.Do(b.ctx, client.B().Strlen().Key(key).Build()).AsInt64(); err != nil {
		return u, err
	}
	u.user, err = b.userMemory(client, prefix)
	return u, err
}

func (b *bench) userMemory(client rueidis.Client, prefix string) (int64, error) {
	found, err := client.Do(b.ctx, client.B().Scan().Cursor(0).Match(prefix+"u:*").Count(1000).Build()).AsScanEntry()
	if err != nil || len(found.Elements) == 0 {
		return 0, err
	}
	return client.Do(b.ctx, client.B().MemoryUsage().Key(found.Elements[0]).Build()).AsInt64()
}

func usedMemory(b *bench, client rueidis.Client) (int64, error) {
	info, err := client.Do(b.ctx, client.B().Info().Section("memory").Build()).ToString()
	if err != nil {
		return 0, err
	}
	_, rest, _ := strings.Cut(info, "used_memory:")
	text, _, _ := strings.Cut(rest, "\r\n")
	return strconv.ParseInt(text, 10, 64)
}
