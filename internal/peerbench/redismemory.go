package main

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/redis/rueidis"
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
	m, err := b.open("redis://" + addr)
	if err != nil {
		return nil, err
	}
	before, err := usedMemory(b, client)
	if err != nil {
		return nil, err
	}
	n := b.many(100_000)
	tokens, err := b.login(m, n)
	if err != nil {
		return nil, err
	}
	after, err := usedMemory(b, client)
	if err != nil {
		return nil, err
	}
	key := "wx:" + keyOf(tokens[0])
	session, err := client.Do(b.ctx, client.B().MemoryUsage().Key(key).Build()).AsInt64()
	if err != nil {
		return nil, err
	}
	record, err := client.Do(b.ctx, client.B().Strlen().Key(key).Build()).AsInt64()
	if err != nil {
		return nil, err
	}
	user, err := b.userMemory(client)
	return []Row{atMost("17", "Redis: MEMORY USAGE of a session over the record's bytes", float64(session)/float64(record), 1.50,
		fmt.Sprintf("%d B, record %d B; its user's record %d B; used_memory per login %.0f B", session, record, user, float64(after-before)/float64(n)))}, err
}

func (b *bench) userMemory(client rueidis.Client) (int64, error) {
	found, err := client.Do(b.ctx, client.B().Scan().Cursor(0).Match("wx:u:*").Count(1000).Build()).AsScanEntry()
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
