package doctor

import (
	"context"
	"fmt"
	"strings"
	"time"
	"unicode"
)

// Status says how bad it is.
type Status string

const (
	OK   Status = "ok"
	Warn Status = "warn" // the service works, and something endangers it or its users
	Fail Status = "fail" // the service does not do what it should, or some of it
	Skip Status = "skip" // it could not be looked at: neither good nor bad
)

// Check is one thing that was looked at. It holds no secret.
type Check struct {
	Name    string `json:"name"`
	Status  Status `json:"status"`
	Message string `json:"message"`          // what was found
	Advice  string `json:"advice,omitempty"` // what to do; empty where nothing is to be done
	// Denied is set in a Skip for want of a right, of a check that what the service
	// promises depends on: who wants to be sure has to grant it.
	Denied bool `json:"denied,omitempty"`
}

// findings is where a group of checks puts what it finds.
type findings chan Check

func (f findings) add(name string, s Status, message, advice string) {
	f.put(Check{Name: name, Status: s, Message: message, Advice: advice})
}

func (f findings) put(c Check) {
	c.Message, c.Advice = clean(c.Message), clean(c.Advice)
	f <- c
}

func (f findings) ok(name, format string, args ...any) {
	f.add(name, OK, fmt.Sprintf(format, args...), "")
}

func (f findings) warn(name, message, advice string) { f.add(name, Warn, message, advice) }
func (f findings) fail(name, message, advice string) { f.add(name, Fail, message, advice) }
func (f findings) skip(name, message, advice string) { f.add(name, Skip, message, advice) }

// maxText bounds what a server can make us print.
const maxText = 600

// clean keeps a text on one line, and what steers terminals out of it: parts of
// some messages come from servers.
func clean(text string) string {
	text = strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return ' '
	}, text)
	if len(text) > maxText {
		text = strings.ToValidUTF8(text[:maxText], "") + " …"
	}
	return strings.TrimSpace(text)
}

// Topic is the name of a check, and what it is about.
type Topic struct{ Name, About string }

// Topics are all the names that checks have, in the order in which they come.
func Topics() []Topic {
	return []Topic{
		{"environment", "the variables can be read, and none is misspelt or unknown"},
		{"configuration", "core.New takes them"},
		{"keys", "values are sealed, with good keys"},
		{"proxies", "the limit of an address, and the proxies that say whose it is"},
		{"cookie", "the cookie of browsers"},
		{"scan-login", "the settings of the website login"},
		{"signed-tokens", "the settings of the signed tokens"},
		{"store.dsn", "the DSN is well formed"},
		{"store.connect", "the servers can be reached"},
		{"store.tls", "TLS, the certificate and its name"},
		{"store.login", "user and password"},
		{"redis.sentinels", "the sentinels are up, agree, and can fail over"},
		{"redis.cluster", "the cluster serves all its slots, at addresses that can be reached"},
		{"redis.version", "the server's kind and version"},
		{"redis.role", "the server takes writes"},
		{"redis.rights", "the user may run every command that the store needs"},
		{"redis.memory", "maxmemory, and how full it is"},
		{"redis.eviction", "the server evicts nothing"},
		{"redis.persistence", "what survives a restart"},
		{"redis.replicas", "replicas are connected and in step, wait_replicas can be met"},
		{"redis.cache", "the near cache learns of changes, and the servers can track what it keeps"},
		{"memcached.version", "the server's version, and that compare-and-swap is on"},
		{"memcached.memory", "size, evictions, connections"},
		{"memcached.items", "the size of items"},
		{"store.write", "a value is written, swapped, read back and removed, on every server"},
		{"store.latency", "the round trip, against the DSN's timeout"},
		{"store.clock", "this machine's clock, against the server's"},
		{"store.values", "a sample of the stored values opens with the keys"},
		{"store.apps", "the sampled values belong to the configured apps"},
		{"store.prefix", "nobody else writes under the prefix"},
		{"wechat.proxy", "HTTP proxies on the way"},
		{"wechat.reach", "WeChat's API answers, nobody in between breaks TLS"},
		{"wechat.clock", "this machine's clock, against WeChat's"},
		{"wechat.app", "WeChat takes the AppID and the Secret"},
		{"time", "the checks came to their end"},
	}
}

// round makes a duration fit to be read.
func round(d time.Duration) time.Duration {
	switch {
	case d >= time.Second:
		return d.Round(10 * time.Millisecond)
	case d >= time.Millisecond:
		return d.Round(100 * time.Microsecond)
	}
	return d.Round(time.Microsecond)
}

// short is a duration as one would write it: 72h, not 72h0m0s.
func short(d time.Duration) string {
	text := d.String()
	if strings.HasSuffix(text, "m0s") {
		text = strings.TrimSuffix(text, "0s")
	}
	if strings.HasSuffix(text, "h0m") {
		text = strings.TrimSuffix(text, "0m")
	}
	return text
}

// within gives a step its own time, of what is left.
func within(ctx context.Context, d time.Duration) (context.Context, context.CancelFunc) {
	return context.WithTimeout(ctx, d)
}
