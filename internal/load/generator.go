package main

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"
)

// generator drives the servers.
type generator struct {
	options
	client   *client
	tokens   []atomic.Pointer[string] // by user
	requests *kind
	logins   *kind
	junk     *kind
	lines    []line // that it takes
}

func newGenerator(o options) (*generator, error) {
	g := &generator{
		options: o, client: newClient(o), tokens: make([]atomic.Pointer[string], o.users),
		requests: newKind("requests", o.rate), logins: newKind("logins", o.loginRate),
		junk: newKind("junk", o.junkRate),
	}
	for i := 0; i < o.junkLines && o.junkRate > 0; i++ {
		l, err := newJunkLine(o, o.urls[i%len(o.urls)], fmt.Sprintf("junk-%d", i))
		if err != nil {
			return nil, err
		}
		g.lines = append(g.lines, l)
	}
	return g, nil
}

// kinds are those that were wanted.
func (g *generator) kinds() []*kind {
	var wanted []*kind
	for _, k := range []*kind{g.requests, g.logins, g.junk} {
		if k.rate > 0 {
			wanted = append(wanted, k)
		}
	}
	return wanted
}

// server is the one that a user's n-th request goes to.
func (g *generator) server(user int, n int64) string {
	if g.roam {
		return g.urls[n%int64(len(g.urls))]
	}
	return g.urls[user%len(g.urls)]
}

// code asks for a login code for the user.
func (g *generator) code(ctx context.Context, user int, server string) (string, error) {
	return g.client.code(ctx, server, fmt.Sprintf("load-%d", user))
}

func (g *generator) logIn(ctx context.Context, user int, server, code string) error {
	token, err := g.client.login(ctx, server, code)
	if err == nil {
		g.tokens[user].Store(&token)
	}
	return err
}

// setupWorkers log the users in, one after the other each.
const setupWorkers = 16

// logInAll prepares the run. It is no measurement: nothing is due at a time. Junk
// alone needs no users.
func (g *generator) logInAll(ctx context.Context, progress io.Writer) error {
	if g.rate+g.loginRate == 0 {
		return nil
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	start := time.Now()
	var next atomic.Int64
	var wg sync.WaitGroup
	for range min(setupWorkers, g.users) {
		wg.Go(func() {
			for n := next.Add(1) - 1; n < int64(g.users) && ctx.Err() == nil; n = next.Add(1) - 1 {
				if err := g.enrol(ctx, int(n)); err != nil {
					cancel(fmt.Errorf("cannot log in before the run: %w", err))
				}
			}
		})
	}
	wg.Wait()
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	took := time.Since(start)
	fmt.Fprintf(progress, "logged in %d users in %v, %.0f/s\n", g.users, took.Round(time.Millisecond), float64(g.users)/took.Seconds())
	return nil
}

func (g *generator) enrol(ctx context.Context, user int) error {
	server := g.server(user, int64(user))
	code, err := g.code(ctx, user, server)
	if err != nil {
		return fmt.Errorf("no login code (a server that is not simulated needs -codes): %w", err)
	}
	return g.logIn(ctx, user, server, code)
}

// drain is how much longer than planned a run may take: servers that cannot
// keep up leave more and more that is due and not sent.
const drain = 10 * time.Second

// drive returns when all that was due has been answered, or ctx has ended, or
// the time is up.
func (g *generator) drive(ctx context.Context, progress io.Writer) {
	start := time.Now().Add(50 * time.Millisecond) // the workers are ready by then
	ctx, cancel := context.WithDeadline(ctx, start.Add(g.duration+drain))
	defer cancel()
	codes := g.fetchCodes(ctx)
	requests := newSchedule(start, g.rate, g.duration)
	logins := newSchedule(start, g.loginRate, g.duration)
	junk := newSchedule(start, g.junkRate, g.duration)
	stop := g.report(progress, start)
	var wg sync.WaitGroup
	for range g.workers {
		wg.Go(func() { g.sendRequests(ctx, requests) })
	}
	for range max(1, g.workers/8) {
		wg.Go(func() { g.sendLogins(ctx, logins, codes) })
	}
	wg.Go(func() { newStranger(g.junk, g.lines).run(ctx, junk) })
	wg.Wait()
	stop()
	g.requests.end(start, requests)
	g.logins.end(start, logins)
	g.junk.end(start, junk)
}

func (g *generator) sendRequests(ctx context.Context, s *schedule) {
	for {
		n, due, ok := s.take()
		if !ok || !await(ctx, due) {
			return
		}
		g.requests.sent(due)
		user := rand.IntN(g.users)
		err := g.client.me(ctx, g.server(user, n), *g.tokens[user].Load())
		if ctx.Err() != nil {
			return // cut off by the end of the run
		}
		g.requests.done(due, err)
	}
}

func (g *generator) sendLogin(ctx context.Context, due time.Time, t ticket) {
	g.logins.sent(due)
	if t.err == nil {
		t.err = g.logIn(ctx, t.user, t.server, t.code)
	}
	if ctx.Err() == nil {
		g.logins.done(due, t.err)
	}
}

const errCode = failure("no login code")

// ticket is a user about to log in.
type ticket struct {
	user   int
	server string
	code   string
	err    error
}

func (g *generator) sendLogins(ctx context.Context, s *schedule, codes <-chan ticket) {
	for {
		_, due, ok := s.take()
		if !ok || !awaitClosely(ctx, due) {
			return
		}
		select {
		case <-ctx.Done():
			return
		case t := <-codes:
			g.sendLogin(ctx, due, t)
		}
	}
}

// fetchCodes keeps some codes in stock, one for each login that is due, so that
// a login's latency is that of the login alone.
func (g *generator) fetchCodes(ctx context.Context) <-chan ticket {
	stock := make(chan ticket, 64)
	left := int64(g.loginRate * g.duration.Seconds())
	var taken atomic.Int64
	for range 4 {
		go func() {
			for n := taken.Add(1) - 1; n < left; n = taken.Add(1) - 1 {
				select {
				case stock <- g.ticket(ctx, n):
				case <-ctx.Done():
					return
				}
			}
		}()
	}
	return stock
}

func (g *generator) ticket(ctx context.Context, n int64) ticket {
	user := rand.IntN(g.users)
	server := g.server(user, n)
	code, err := g.code(ctx, user, server)
	if err != nil {
		err = errCode
	}
	return ticket{user, server, code, err}
}
