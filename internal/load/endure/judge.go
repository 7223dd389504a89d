package main

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/wxsession/wxsession/core"
)

const (
	// settle is how long after its acknowledgement a change may go unseen: a second
	// by the near cache, and half of one for a machine that is busy.
	settle = 1500 // ms

	// A master that dies may lose what it has acknowledged just before. What was
	// executed in time may be acknowledged when it is dead: the process was busy.
	lossBefore = 3000 // ms
	lossAfter  = 2000 // ms
)

// outcome is what an answer amounts to.
type outcome int

const (
	served outcome = iota
	refused
	outage  // come back later
	strange // no answer that the call may give
)

func outcomeOf(err error) outcome {
	switch core.CodeOf(err) {
	case core.CodeInvalidSession, core.CodeSessionRevoked, core.CodeNoSession:
		return refused
	case core.CodeStoreUnavailable:
		return outage
	}
	if err == nil {
		return served
	}
	return strange
}

// fault is a kind of promise that was not kept.
type fault int

const (
	lost fault = iota
	survived
	wentBack
	unlisted
	odd
	faults
)

func (f fault) String() string {
	return [...]string{
		"live sessions refused", "sessions served after their log-out", "attributes older than acknowledged",
		"live sessions missing in their user's list", "errors of no known kind",
	}[f]
}

// known is what the ledger has of a session before a call begins.
type known struct {
	asked            uint32
	ended            uint32
	value, valueTime uint32
}

func (l *login) before(asked uint32) known {
	k := known{asked: asked, ended: l.ended.Load()}
	k.value, k.valueTime = l.acknowledged()
	return k
}

// judge compares the answer to a call about a session with the ledger.
func (g *ledger) judge(i uint32, before known, s *core.Session, err error) outcome {
	l, o := &g.logins[i], outcomeOf(err)
	switch o {
	case served:
		g.judgeServed(i, before, uint32(s.AttrInt(attribute)))
	case refused:
		if l.ending.Load() == 0 { // a log-out that began meanwhile would have earned it
			g.found(lost, i, g.unpromised(l.issued.Load()), string(core.CodeOf(err)))
		}
	case strange:
		g.found(odd, i, false, err.Error())
	}
	return o
}

func (g *ledger) judgeServed(i uint32, before known, value uint32) {
	if before.ended != 0 && before.asked > before.ended+settle {
		// One whose login the user's record has lost cannot be found by a log-out
		// everywhere.
		apart := g.unpromised(g.logins[i].issued.Load()) || !g.waits && g.unpromised(before.ended)
		g.found(survived, i, apart, fmt.Sprintf("%v after its log-out", ms(before.asked-before.ended)))
	}
	if value < before.value && before.asked > before.valueTime+settle {
		g.found(wentBack, i, g.unpromised(before.valueTime), fmt.Sprintf("%d in place of %d, which was acknowledged %v before", value, before.value, ms(before.asked-before.valueTime)))
	}
}

// unpromised reports whether a fail-over may lose what was acknowledged then.
func (g *ledger) unpromised(at uint32) bool {
	killed := g.killed.Load()
	return killed != 0 && at+lossBefore >= killed && at <= killed+lossAfter
}

func ms(n uint32) time.Duration { return time.Duration(n) * time.Millisecond }

// maxLines bounds what is told one by one; all is counted.
const maxLines = 20

// findings counts faults, each once for a session.
type findings struct {
	broken [faults]atomic.Int64
	apart  [faults]atomic.Int64 // not promised
	mu     sync.Mutex
	lines  []string
}

func (g *ledger) found(f fault, i uint32, apart bool, what string) {
	l, bit := &g.logins[i], uint32(1)<<f
	if l.counted.Or(bit)&bit != 0 {
		return
	}
	if apart {
		g.apart[f].Add(1)
		return
	}
	g.broken[f].Add(1)
	g.mu.Lock()
	defer g.mu.Unlock()
	if len(g.lines) == maxLines {
		return
	}
	now := g.now()
	line := fmt.Sprintf("%v: session %d, %s; issued %v before", f, i, what, ms(now-l.issued.Load()))
	if killed := g.killed.Load(); killed != 0 {
		line += fmt.Sprintf(", %v after the kill", ms(now-killed))
	}
	g.lines = append(g.lines, line)
}

// verdict is an error where a promise was not kept.
func (g *ledger) verdict() error {
	broken := g.brokenPromises()
	if broken == "" {
		return nil
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	return errors.New(broken + "\n" + strings.Join(g.lines, "\n"))
}

// brokenPromises counts them; "" where all were kept.
func (g *ledger) brokenPromises() string {
	var broken []string
	for f := range faults {
		if n := g.broken[f].Load(); n > 0 {
			broken = append(broken, fmt.Sprintf("%d %v", n, f))
		}
	}
	return strings.Join(broken, ", ")
}
