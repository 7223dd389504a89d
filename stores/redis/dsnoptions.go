package redis

import (
	"strconv"
	"time"

	"github.com/wxsession/wxsession/stores/internal/dsn"
)

const (
	defaultBuffer = 32 << 10
	maxCache      = 10_000_000
)

// dsnOptions is the table in the package's documentation.
var dsnOptions = []dsn.Option[settings]{
	{Name: "buffer", Want: "bytes from 4096 to 1048576", Set: dsn.Number(4<<10, 1<<20, func(s *settings, n int) { s.buffer = n })},
	{Name: "cache", Want: "a number of entries from 0 to 10000000", Set: dsn.Number(0, maxCache, func(s *settings, n int) { s.cache = n })},
	{Name: "conns", Want: "1, 2, 4 or 8", Set: conns},
	{Name: "db", Want: "a database number from 0 up", Set: dsn.Number(0, 1<<20, func(s *settings, n int) { s.db = n })},
	{Name: "flush_delay", Want: "a duration from 0 to 1ms, such as 20us", Set: dsn.Duration(0, time.Millisecond, func(s *settings, d time.Duration) { s.flushDelay = d })},
	{Name: "insecure_skip_verify", Want: "true or false", Set: dsn.Bool(func(s *settings, b bool) { s.skipVerify = b })},
	{Name: "prefix", Want: "1 to 64 printable ASCII characters without spaces and braces", Set: prefix},
	{Name: "sentinel_password", Want: "a password", Set: dsn.Text(func(s *settings, v string) { s.sentinelPass = v })},
	{Name: "sentinel_user", Want: "a user", Set: dsn.Text(func(s *settings, v string) { s.sentinelUser = v })},
	{Name: "timeout", Want: "a duration from 10ms to 1m, such as 500ms", Set: dsn.Duration(10*time.Millisecond, time.Minute, func(s *settings, d time.Duration) { s.Timeout = d })},
	{Name: "tls", Want: "true or false", Set: dsn.Bool(func(s *settings, b bool) { s.tls, s.plain = s.tls || b, !b })},
	{Name: "tls_ca", Want: "the path of a PEM file", Set: dsn.Text(func(s *settings, v string) { s.ca = v })},
	{Name: "tls_server_name", Want: "a host name", Set: dsn.Text(func(s *settings, v string) { s.serverName = v })},
	{Name: "wait_replicas", Want: "a number of replicas from 0 to 100", Set: dsn.Number(0, 100, func(s *settings, n int) { s.WaitReplicas = n })},
	{Name: "wait_timeout", Want: "a duration from 1ms to 1m, such as 200ms", Set: dsn.Duration(time.Millisecond, time.Minute, func(s *settings, d time.Duration) { s.WaitTimeout = d })},
}

func conns(s *settings, v string) bool {
	n, err := strconv.Atoi(v)
	s.conns = n
	return err == nil && (n == 1 || n == 2 || n == 4 || n == 8)
}

func prefix(s *settings, v string) bool {
	s.Prefix = v
	return v != "" && fitForKeys(v)
}
