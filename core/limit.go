package core

import (
	"errors"
	"fmt"
	"hash/maphash"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/wxsession/wxsession/core/internal/record"
)

// Rate is how often something may happen: N times per period, twice that at
// once. As text it is 20/s, 600/m or 1000/h. The zero Rate is the default; an N
// below zero is no limit, "off" as text. It is counted in each process: divide by
// the number of instances.
type Rate struct {
	N   int
	Per time.Duration
}

var errRate = errors.New("write a rate like 20/s, 600/m or 1000/h, from 1 to 1000000, or off")

var ratePeriods = map[string]time.Duration{"s": time.Second, "m": time.Minute, "h": time.Hour}

// UnmarshalText reads a rate.
func (r *Rate) UnmarshalText(text []byte) error {
	if string(text) == "off" {
		*r = Rate{N: -1}
		return nil
	}
	n, unit, _ := strings.Cut(string(text), "/")
	count, err := strconv.Atoi(n)
	per := ratePeriods[unit]
	if err != nil || count <= 0 || count > 1_000_000 || per == 0 {
		return errRate
	}
	*r = Rate{count, per}
	return nil
}

// MarshalText writes a rate as it is read.
func (r Rate) MarshalText() ([]byte, error) {
	switch {
	case r.N < 0:
		return []byte("off"), nil
	case r.N == 0:
		return nil, nil
	}
	for unit, per := range ratePeriods {
		if r.Per == per {
			return fmt.Appendf(nil, "%d/%s", r.N, unit), nil
		}
	}
	return nil, errRate
}

// String is the rate as text.
func (r Rate) String() string {
	text, _ := r.MarshalText()
	return string(text)
}

// times is a rate of n times as many events.
func (r Rate) times(n int) Rate {
	if r.N > 0 && r.Per/time.Duration(r.N) < time.Duration(n) {
		return Rate{} // over a hundred million a second there is nothing to limit
	}
	return Rate{r.N * n, r.Per}
}

func (r Rate) check() error {
	if r.N > 0 && (r.Per <= 0 || r.Per/time.Duration(r.N) <= 0) {
		return errRate
	}
	return nil
}

// limiter holds callers to a rate each, in a table of fixed size: no number of
// callers can fill memory, and none pushes another one out. A caller has several
// places in it, which it shares with others, and is refused only where all of
// them are used up; so the few who are busy stand out, and it takes thousands of
// them to be in the way of one who is not. Nil limits nothing.
type limiter struct {
	interval int64 // nanoseconds between two events
	burst    int64 // nanoseconds by which events may come early
	seed     maphash.Seed
	places   []atomic.Int64 // the time up to which a place is used up, in nanoseconds
}

const (
	limiterPlaces = 1 << 16 // 512 KiB
	limiterHashes = 4
)

func newLimiter(r Rate) *limiter {
	if r.N <= 0 {
		return nil
	}
	interval := int64(r.Per) / int64(r.N)
	return &limiter{
		interval: interval, burst: 2 * int64(r.Per),
		seed: maphash.MakeSeed(), places: make([]atomic.Int64, limiterPlaces),
	}
}

// take counts an event of key at now, in nanoseconds. If it comes too early, it
// counts nothing and returns how long to wait.
func (l *limiter) take(key string, now int64) (wait time.Duration) {
	c := l.charge(key, now)
	if wait = c.early(); wait == 0 {
		c.count()
	}
	return wait
}

// charge is one event of a key, which counts when count is called. The zero charge
// is of a key that nobody limits.
type charge struct {
	*limiter
	places [limiterHashes]*atomic.Int64
	now    int64
}

func (l *limiter) charge(key string, now int64) charge {
	if l == nil || key == "" {
		return charge{}
	}
	return charge{l, l.find(key), now}
}

// used is the time up to which the event would use its places up.
func (c *charge) used() int64 {
	least := c.most()
	for _, p := range c.places {
		up := p.Load()
		if up > c.most() {
			up = c.now
		}
		least = min(least, up)
	}
	return max(least, c.now) + c.interval
}

// most is beyond what a place can be used up to, unless the clock was set back since.
func (c *charge) most() int64 { return c.now + c.burst + int64(limiterSkew) }

// early is by how much the event comes too early.
func (c *charge) early() time.Duration {
	if c.limiter == nil {
		return 0
	}
	return time.Duration(max(0, c.used()-c.now-c.burst))
}

func (c *charge) count() {
	if c.limiter == nil {
		return
	}
	used, most := c.used(), c.most()
	for _, p := range c.places {
		if was := p.Load(); was < used || was > most {
			p.CompareAndSwap(was, used) // who is faster counts for both
		}
	}
}

// limiterSkew is more than a place can be ahead of the clock by its own doing.
const limiterSkew = time.Minute

func (l *limiter) find(key string) (places [limiterHashes]*atomic.Int64) {
	h := maphash.String(l.seed, key)
	for i := range places {
		places[i] = &l.places[h>>(16*i)%limiterPlaces]
	}
	return places
}

// LimitAddress counts a request that a stranger can make against
// Config.LimitAddress. CodeRateLimited if there are too many from its address. All
// those without an address have a hundred times the rate of one.
func (m *Manager) LimitAddress(req Request) error {
	m.warnOfSilentProxy(&req) // whether there is a limit or not: weblogin counts by address, too
	if m.addresses == nil {
		return nil
	}
	key := addressKey(clientAddress(req, m.cfg.TrustedProxies)) // of a route that was not made by Route, too
	return limitError(ReasonAddress, m.takeAddress(m.addresses, key, siteKey(key)))
}

// limitDead counts the log-out of a token that is dead, or made up: it has as many
// as Config.LimitAddress allows, beside what LimitAddress counts, so that whoever
// makes them up is in no way of the logins from the same address.
func (m *Manager) limitDead(req Request) error {
	if m.deadLogouts == nil {
		return nil
	}
	key := addressKey(req.Address)
	site := siteKey(key)
	if site != "" {
		site = "dead " + site
	}
	return limitError(ReasonAddress, m.takeAddress(m.deadLogouts, key, site))
}

// takeAddress counts an event of an address and of its site, or of neither: what a
// site is refused must not use up the places of the addresses in it, which others
// share.
func (m *Manager) takeAddress(addresses *limiter, address, site string) (wait time.Duration) {
	now := m.now() * int64(time.Millisecond)
	own, all := addresses.charge(address, now), m.sites.charge(site, now)
	if wait = max(own.early(), all.early()); wait == 0 {
		own.count()
		all.count()
	}
	return wait
}

// LimitUser counts a request that costs more than a look into the store against
// Config.LimitUser. CodeRateLimited if the user of s makes too many.
func (m *Manager) LimitUser(s *Session) error {
	if m.users == nil || !s.made() {
		return nil
	}
	appID, openID, _ := s.rec.Owner()
	name := record.OfUser(appID, openID)
	return limitError(ReasonUser, m.users.take(string(name[:]), m.now()*int64(time.Millisecond)))
}

func limitError(why Reason, wait time.Duration) error {
	if wait == 0 {
		return nil
	}
	return errRateLimited(why, "too many requests, wait before the next try", wait)
}

func errRateLimited(why Reason, message string, wait time.Duration) *Error {
	return &Error{Code: CodeRateLimited, Message: message, RetryAfter: wait, reason: why}
}
