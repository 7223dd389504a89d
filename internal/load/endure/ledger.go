package main

import (
	"fmt"
	"math/rand/v2"
	"sync/atomic"
	"time"
)

const (
	tokenLen = 43

	// maxDevices stays below the cap of a user's sessions, with room for logins
	// whose answer was lost: the cap must end nobody.
	maxDevices = 5

	// A share of the traffic goes to one session of a hundred.
	hotTraffic = 0.8
	hotOneIn   = 100
	leastHot   = 50
)

// login is a session as the ledger has it. Times are those of the ledger's clock;
// 0 means never. A million of them take 80 MB.
type login struct {
	issued  atomic.Uint32 // when Issue had returned; what has no atomic below is read only after that
	ending  atomic.Uint32 // when its first log-out began
	ended   atomic.Uint32 // when a log-out was acknowledged
	counted atomic.Uint32 // bits of the faults that were found already
	written atomic.Uint64 // the attribute that was acknowledged last, above it when
	locked  atomic.Bool   // of a user's first login: somebody acts for the user
	user    uint32        // the user's first login
	next    uint32        // another login of the same user, 0: none; guarded by the user's lock
	devices uint8         // of a user's first login: how many were tried; guarded by its lock
	token   [tokenLen]byte
}

// ledger knows what every answer has to be. The first logins are those of as many
// users; a user goes by the number of the first login.
type ledger struct {
	findings
	start  time.Time
	logins []login
	taken  atomic.Int64
	hot    []atomic.Uint32 // the logins that most requests are about
	killed atomic.Uint32   // when the master was killed
	waits  bool            // log-outs survive a fail-over
}

// newLedger has room for so many sessions, and for those that come later.
func newLedger(sessions, later int, waits bool) *ledger {
	g := &ledger{start: time.Now(), logins: make([]login, sessions+later), waits: waits}
	g.taken.Store(int64(sessions))
	g.hot = make([]atomic.Uint32, max(leastHot, sessions/hotOneIn))
	for i := range g.hot {
		g.hot[i].Store(uint32(i))
	}
	return g
}

// at is a time in milliseconds of the ledger's clock, never 0.
func (g *ledger) at(t time.Time) uint32 { return uint32(t.Sub(g.start).Milliseconds()) + 1 }

func (g *ledger) now() uint32 { return g.at(time.Now()) }

// reserve takes the place of a new login; false when there is none left.
func (g *ledger) reserve() (uint32, bool) {
	i := g.taken.Add(1) - 1
	if i >= int64(len(g.logins)) {
		g.taken.Add(-1)
		return 0, false
	}
	return uint32(i), true
}

// enter fills a place with a session that has just been issued. The caller has
// locked the user.
func (g *ledger) enter(i, user uint32, token string) {
	l := &g.logins[i]
	l.user = user
	copy(l.token[:], token)
	if i != user {
		first := &g.logins[user]
		l.next, first.next = first.next, i
	}
	l.issued.Store(g.now())
}

// lock keeps everybody else from acting for a user; false when somebody does.
// Two calls at the same time would leave open what has come of the session.
func (g *ledger) lock(user uint32) bool {
	return g.logins[user].locked.CompareAndSwap(false, true)
}

func (g *ledger) unlock(user uint32) { g.logins[user].locked.Store(false) }

// ofUser calls fn with all logins of a user, whom the caller has locked.
func (g *ledger) ofUser(user uint32, fn func(*login)) {
	for i := user; ; {
		l := &g.logins[i]
		if l.issued.Load() != 0 {
			fn(l)
		}
		if i = l.next; i == 0 {
			return
		}
	}
}

// pick draws a login, mostly a hot one, with its place among those; -1 for the
// others. false where the draw fell on a place that is empty.
func (g *ledger) pick() (i uint32, slot int, ok bool) {
	slot = -1
	if rand.Float64() < hotTraffic {
		slot = rand.IntN(len(g.hot))
		i = g.hot[slot].Load()
	} else {
		i = uint32(rand.Int64N(min(g.taken.Load(), int64(len(g.logins)))))
	}
	return i, slot, g.logins[i].issued.Load() != 0
}

// beginEnding notes that a log-out is about to be sent.
func (l *login) beginEnding(now uint32) { l.ending.CompareAndSwap(0, now) }

// end notes that a log-out was acknowledged.
func (l *login) end(now uint32) { l.ended.CompareAndSwap(0, now) }

// unclear reports whether nobody knows what came of the log-outs.
func (l *login) unclear() bool { return l.ending.Load() != 0 && l.ended.Load() == 0 }

func (l *login) text() string { return string(l.token[:]) }

// wrote notes an update that was acknowledged.
func (l *login) wrote(value, now uint32) { l.written.Store(uint64(now)<<32 | uint64(value)) }

// acknowledged is what a later read must find, and since when.
func (l *login) acknowledged() (value, at uint32) {
	w := l.written.Load()
	return uint32(w), uint32(w >> 32)
}

// openID is as long as WeChat's.
func openID(user uint32) string { return fmt.Sprintf("oEndure%021d", user) }
