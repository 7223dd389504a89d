package weblogin

import (
	"net/netip"
	"slices"
	"sync"
	"time"

	"github.com/wxsession/wxsession/core"
)

const (
	maxPerClient = 100
	// maxPerSite is for all clients of one IPv6 /48: somebody who has a whole one has
	// 65,536 clients' worth, and could use up maxTallied alone.
	maxPerSite = maxTallied / 10
	// maxTallied bounds the memory of a tally, and with it what all strangers
	// together can have one process write to the store: some 360 a second for as
	// long as they like.
	maxTallied = 1 << 16
)

// tally counts the live attempts that each client has begun in this process.
type tally struct {
	mu    sync.Mutex
	live  map[string][]tallied // by client and by site, oldest first; not of those without an address
	queue []tallied            // all, oldest first, with those that were taken off early
}

type tallied struct {
	id, client string
	ends       time.Time
}

// add counts an attempt. CodeRateLimited if the client, or all of them, have too
// many.
func (t *tally) add(id, client string, now time.Time) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.expire(now)
	mine, site := t.live[client], siteOf(client)
	switch {
	case len(mine) >= maxPerClient:
		return errTooMany(mine[0].ends.Sub(now))
	case len(t.live[site]) >= maxPerSite:
		return errTooMany(t.live[site][0].ends.Sub(now))
	case len(t.queue) >= maxTallied:
		return errTooMany(t.queue[0].ends.Sub(now))
	}
	a := tallied{id, client, now.Add(attemptLife)}
	t.queue = append(t.queue, a)
	if client != "" { // all those whose address is not known would count as one
		if t.live == nil {
			t.live = map[string][]tallied{}
		}
		t.live[client] = append(mine, a)
		if site != "" {
			t.live[site] = append(t.live[site], a)
		}
	}
	return nil
}

// remove takes an attempt off that was used, or never stored. One that was begun
// in another process is not there.
func (t *tally) remove(id, client string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.drop(id, client)
}

func (t *tally) drop(id, client string) {
	for _, key := range []string{client, siteOf(client)} {
		rest := slices.DeleteFunc(t.live[key], func(a tallied) bool { return a.id == id })
		if len(rest) == 0 {
			delete(t.live, key)
		} else {
			t.live[key] = rest
		}
	}
}

// siteOf is the /48 of an IPv6 client; "" for others.
func siteOf(client string) string {
	network, err := netip.ParsePrefix(client)
	if err != nil {
		return ""
	}
	site, _ := network.Addr().Prefix(48)
	return site.String()
}

// expire takes off what has ended, and what ends later than anything can: the
// clock was set back.
func (t *tally) expire(now time.Time) {
	for len(t.queue) > 0 {
		oldest := t.queue[0]
		if left := oldest.ends.Sub(now); 0 < left && left <= attemptLife {
			return
		}
		t.queue = t.queue[1:]
		t.drop(oldest.id, oldest.client)
	}
}

func errTooMany(wait time.Duration) *core.Error {
	return &core.Error{Code: core.CodeRateLimited, Message: "too many logins have been begun and not been finished, wait before the next", RetryAfter: wait}
}
