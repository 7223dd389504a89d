package faults_test

import (
	"fmt"
	"maps"
	"slices"
	"sync"
	"testing"
	"time"
)

const (
	clients  = 64
	slowest  = 1500 * time.Millisecond // what an answer may take, whatever happens
	recovery = 20 * time.Second
)

// crowd is 64 clients of a site. Each has a session of its own, which it uses
// all the time, and logs in and out as a guest in between.
type crowd struct {
	t    *testing.T
	site site
	stop func()

	mu       sync.Mutex
	members  [clients]member
	forgets  bool                     // the store may come back empty
	longest  map[string]time.Duration // by what was asked for
	late     time.Duration            // by which the machine has woken a client too late
	reproach map[string]int           // what must not happen, and how often it has
}

// member is what a client has and has seen.
type member struct {
	token            string
	lost             int  // sessions that the store has forgotten
	away             bool // its session is on the server that has a fault
	visits, refusals int  // since the last mark
}

func gather(t *testing.T, s site) *crowd {
	t.Helper()
	c := &crowd{t: t, site: s, reproach: map[string]int{}, longest: map[string]time.Duration{}}
	var wg sync.WaitGroup
	for who := range clients {
		token, a := s.login(fmt.Sprint("member-", who))
		if a.status != 200 {
			t.Fatalf("log-in of a member: %d %s", a.status, a.body)
		}
		c.members[who].token = token
	}
	done := make(chan struct{})
	c.stop = sync.OnceFunc(func() { close(done); wg.Wait() })
	t.Cleanup(c.stop)
	for who := range clients {
		wg.Go(func() { c.live(who, done) })
	}
	return c
}

// pause is what a user makes between two requests.
const pause = 10 * time.Millisecond

// live goes on until done.
func (c *crowd) live(who int, done <-chan struct{}) {
	guest := ""
	for n := who; ; n++ {
		switch n % 8 {
		case 0:
			guest = c.logIn(who, n)
		case 4:
			c.logOut(who, guest)
		default:
			c.visit(who)
		}
		slept := time.Now()
		select {
		case <-done:
			return
		case <-time.After(pause):
			c.wokenAfter(time.Since(slept))
		}
	}
}

// wokenAfter measures how busy the machine is with other things.
func (c *crowd) wokenAfter(slept time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.late = max(c.late, slept-pause)
}

func (c *crowd) visit(who int) {
	c.mu.Lock()
	token := c.members[who].token
	c.mu.Unlock()
	a := c.site.me(token)
	if c.judge(who, "a visit", a) && a.status == 200 {
		c.count(who, func(m *member) { m.visits++ })
	}
	if a.status == 401 {
		c.comeBack(who, a)
	}
}

// comeBack logs in anew after a 401, which is the truth only where the store
// has forgotten.
func (c *crowd) comeBack(who int, a answer) {
	c.mu.Lock()
	if !c.forgets || a.member("error") != "invalid_session" {
		c.reproach[fmt.Sprintf("a live session was answered 401 %s", a.member("error"))]++
	}
	c.mu.Unlock()
	if token, a := c.site.login(fmt.Sprint("member-", who)); c.judge(who, "a log-in", a) && a.status == 200 {
		c.count(who, func(m *member) { m.token = token; m.lost++ })
	}
}

// logIn makes every client's guest reach the cap of sessions now and then.
func (c *crowd) logIn(who, n int) string {
	token, a := c.site.login(fmt.Sprint("guest-", who))
	c.judge(who, "a log-in", a)
	return token
}

func (c *crowd) logOut(who int, token string) {
	if token == "" || who%2 == 0 {
		return
	}
	c.judge(who, "a log-out", c.site.logout(token))
}

// judge reports whether the answer is none of an outage.
func (c *crowd) judge(who int, what string, a answer) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.longest[what] = max(c.longest[what], a.took)
	switch {
	case a.isOutage():
		c.members[who].refusals++
		return false
	case a.status != 200 && a.status != 204 && a.status != 401:
		c.reproach[fmt.Sprintf("%s was answered %d %s, Retry-After %q", what, a.status, a.member("error"), a.header.Get("Retry-After"))]++
	}
	return true
}

func (c *crowd) count(who int, add func(*member)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	add(&c.members[who])
}

// mark makes the clients count anew.
func (c *crowd) mark() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for i := range c.members {
		c.members[i].visits, c.members[i].refusals = 0, 0
	}
}

func (c *crowd) mayForget(yes bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.forgets = yes
}

// every reports whether all clients have seen what is asked for.
func (c *crowd) every(seen func(member) bool) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return !slices.ContainsFunc(c.members[:], func(m member) bool { return !seen(m) })
}

func (c *crowd) waitServed() time.Duration {
	c.t.Helper()
	began := time.Now()
	c.mark()
	eventually(c.t, "every client is served", recovery, func() bool {
		return c.every(func(m member) bool { return m.visits >= 3 })
	})
	return time.Since(began)
}

// waitRefused also waits long enough for connections to be given up.
func (c *crowd) waitRefused() {
	c.t.Helper()
	began := time.Now()
	c.mark()
	eventually(c.t, "every client is refused", recovery, func() bool {
		return time.Since(began) >= time.Second && c.every(func(m member) bool { return m.refusals >= 2 })
	})
}

// waitAnyRefused is for faults that heal by themselves before all have noticed.
func (c *crowd) waitAnyRefused() {
	c.t.Helper()
	c.mark()
	eventually(c.t, "a client is refused", recovery, func() bool {
		return !c.every(func(m member) bool { return m.refusals == 0 })
	})
}

func (c *crowd) lost() (n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, m := range c.members {
		n += m.lost
	}
	return n
}

// verdict says what must not have happened since the last time, and how long
// the slowest answer took. A machine that is late in waking the clients is as
// late in waking the servers.
func (c *crowd) verdict(t *testing.T) (longest time.Duration) {
	t.Helper()
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, what := range slices.Sorted(maps.Keys(c.reproach)) {
		t.Errorf("%s (%d times)", what, c.reproach[what])
	}
	for what, took := range c.longest {
		longest = max(longest, took)
		if took > slowest+2*c.late {
			t.Errorf("%s took %v; want at most %v, and twice the %v by which the machine was late", what, took, slowest, c.late)
		}
	}
	clear(c.reproach)
	clear(c.longest)
	c.late = 0
	return longest.Round(time.Millisecond)
}
