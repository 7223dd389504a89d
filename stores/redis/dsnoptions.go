package redis

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

const (
	defaultBuffer = 32 << 10
	maxCache      = 10_000_000
)

// option is what may follow the question mark of a DSN.
type option struct {
	name string
	want string // what a value looks like, for the error
	set  func(s *settings, value string) bool
}

// options is the table in the package's documentation.
var options = []option{
	{"buffer", "bytes from 4096 to 1048576", number(4<<10, 1<<20, func(s *settings, n int) { s.buffer = n })},
	{"cache", "a number of entries from 0 up", number(0, maxCache, func(s *settings, n int) { s.cache = n })},
	{"conns", "1, 2, 4 or 8", conns},
	{"db", "a database number from 0 up", number(0, 1<<20, func(s *settings, n int) { s.db = n })},
	{"flush_delay", "a duration from 0 to 1ms, such as 20us", duration(0, time.Millisecond, func(s *settings, d time.Duration) { s.flushDelay = d })},
	{"insecure_skip_verify", "true or false", boolean(func(s *settings, b bool) { s.skipVerify = b })},
	{"prefix", "1 to 64 printable ASCII characters without spaces and braces", prefix},
	{"sentinel_password", "a password", text(func(s *settings, v string) { s.sentinelPass = v })},
	{"sentinel_user", "a user", text(func(s *settings, v string) { s.sentinelUser = v })},
	{"timeout", "a duration from 10ms to 1m, such as 500ms", duration(10*time.Millisecond, time.Minute, func(s *settings, d time.Duration) { s.Timeout = d })},
	{"tls", "true or false", boolean(func(s *settings, b bool) { s.tls = s.tls || b })},
	{"tls_ca", "the path of a PEM file", text(func(s *settings, v string) { s.ca = v })},
	{"tls_server_name", "a host name", text(func(s *settings, v string) { s.serverName = v })},
	{"wait_replicas", "a number of replicas from 0 to 100", number(0, 100, func(s *settings, n int) { s.WaitReplicas = n })},
	{"wait_timeout", "a duration from 1ms to 1m, such as 200ms", duration(time.Millisecond, time.Minute, func(s *settings, d time.Duration) { s.WaitTimeout = d })},
}

func (s *settings) parseOptions(query string) error {
	values, err := url.ParseQuery(query)
	if err != nil {
		return errEncode
	}
	for name, v := range values {
		i := slices.IndexFunc(options, func(o option) bool { return o.name == name })
		if i < 0 {
			return unknownOption(name)
		}
		if len(v) != 1 || !options[i].set(s, v[0]) {
			return fmt.Errorf("redis: the DSN's option %s wants one value: %s", name, options[i].want)
		}
	}
	return nil
}

// unknownOption quotes the name only where it looks like one: it may be the
// rest of a password that holds a question mark.
func unknownOption(name string) error {
	quoted := ""
	if len(name) <= 24 && !strings.ContainsFunc(name, func(r rune) bool { return r != '_' && (r < 'a' || r > 'z') }) {
		quoted = fmt.Sprintf(" %q", name)
	}
	names := make([]string, len(options))
	for i, o := range options {
		names[i] = o.name
	}
	return errors.New("redis: unknown option" + quoted + " in the DSN; known are " + strings.Join(names, ", "))
}

func number(low, high int, set func(*settings, int)) func(*settings, string) bool {
	return func(s *settings, v string) bool {
		n, err := strconv.Atoi(v)
		if err != nil || n < low || n > high {
			return false
		}
		set(s, n)
		return true
	}
}

func duration(low, high time.Duration, set func(*settings, time.Duration)) func(*settings, string) bool {
	return func(s *settings, v string) bool {
		d, err := time.ParseDuration(v)
		if err != nil || d < low || d > high {
			return false
		}
		set(s, d)
		return true
	}
}

func boolean(set func(*settings, bool)) func(*settings, string) bool {
	return func(s *settings, v string) bool {
		b, err := strconv.ParseBool(v)
		if err == nil {
			set(s, b)
		}
		return err == nil
	}
}

func text(set func(*settings, string)) func(*settings, string) bool {
	return func(s *settings, v string) bool {
		set(s, v)
		return v != ""
	}
}

func conns(s *settings, v string) bool {
	n, err := strconv.Atoi(v)
	s.conns = n
	return err == nil && (n == 1 || n == 2 || n == 4 || n == 8)
}

func prefix(s *settings, v string) bool {
	s.Prefix = v
	return v != "" && s.Options.check() == nil
}
