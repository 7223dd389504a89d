package weblogin

import (
	"container/list"
	"net/netip"
	"strings"
	"sync"
	"time"

	"github.com/wxsession/wxsession/core"
)

const (
	maxPerClient = 100
	// maxPerSite is for all clients of one IPv6 /48: somebody who has a whole one has
	// 65,536 clients' worth, and could use up maxTallied alone. So could those who have
	// no address, and count as no client: they have as much together.
	maxPerSite = maxTallied / 10
	// maxTallied bounds the memory of a tally, and with it what all strangers
	// together can have one process write to the store: some 360 a second for as
	// long as they like.
	maxTallied = 1 << 16
	// maxExpired bounds what one request clears up that others have left. It is more
	// than the one that a request adds, so that nothing piles up.
	maxExpired = 32
)

// tally counts the live attempts that each client has begun in this process.
// Whatever a request makes it do takes the same time, however much it holds.
type tally struct {
	mu    sync.Mutex
	live  map[string]*tallied   // by id
	all   list.List             // of *tallied, oldest first
	lines map[string]*list.List // the same by client and by site
}

type tallied struct {
	id     string
	ends   time.Time
	places []place // in all, and in the lines of its client and site
}

type place struct {
	line *list.List
	key  string // of the line; "" for all
	at   *list.Element
}

// add counts an attempt. CodeRateLimited if the client, or all of them, have too
// many.
func (t *tally) add(id, client string, now time.Time) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	site := siteOf(client)
	for _, bound := range []struct {
		line *list.List
		max  int
	}{{t.lines[client], maxPerClient}, {t.lines[site], maxPerSite}, {&t.all, maxTallied}} {
		if bound.line == nil {
			continue
		}
		// A line that is full of what has ended has room after this.
		t.expire(bound.line, now)
		if bound.line.Len() >= bound.max {
			return errTooMany(bound.line.Front().Value.(*tallied).ends.Sub(now))
		}
	}
	if t.live == nil {
		t.live, t.lines = map[string]*tallied{}, map[string]*list.List{}
	}
	a := &tallied{id: id, ends: now.Add(attemptLife)}
	t.live[id] = a
	a.enter(&t.all, "")
	for _, key := range []string{client, site} {
		if key == "" {
			continue
		}
		if t.lines[key] == nil {
			t.lines[key] = list.New()
		}
		a.enter(t.lines[key], key)
	}
	return nil
}

func (a *tallied) enter(line *list.List, key string) {
	a.places = append(a.places, place{line, key, line.PushBack(a)})
}

// remove takes an attempt off that was used, or never stored. One that was begun
// in another process is not there.
func (t *tally) remove(id string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if a := t.live[id]; a != nil {
		t.drop(a)
	}
}

func (t *tally) drop(a *tallied) {
	delete(t.live, a.id)
	for _, p := range a.places {
		if p.line.Remove(p.at); p.key != "" && p.line.Len() == 0 {
			delete(t.lines, p.key)
		}
	}
}

// expire takes off the oldest of a line that have ended, up to maxExpired, and
// those that end later than anything can: the clock was set back. It returns how
// many.
func (t *tally) expire(line *list.List, now time.Time) (done int) {
	for ; done < maxExpired && line.Len() > 0; done++ {
		oldest := line.Front().Value.(*tallied)
		if left := oldest.ends.Sub(now); 0 < left && left <= attemptLife {
			break
		}
		t.drop(oldest)
	}
	return done
}

// noSite is where those are whose address is not known.
const noSite = "none"

// siteOf is the /48 of an IPv6 client; "" for one of IPv4.
func siteOf(client string) string {
	if client == "" {
		return noSite
	}
	if !strings.Contains(client, "/") {
		return "" // not by the parser's error, which costs an allocation
	}
	network, _ := netip.ParsePrefix(client)
	site, _ := network.Addr().Prefix(48)
	return site.String()
}

func errTooMany(wait time.Duration) *core.Error {
	return &core.Error{Code: core.CodeRateLimited, Message: "too many logins have been begun and not been finished, wait before the next", RetryAfter: wait}
}
