package core

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// keeper keeps one session: a manager does, and custodian does.
type keeper interface {
	authenticate(token string) error
	rotate(token string) (string, error)
	check(token string) error
	sessions() int // that are listed
	logoutUser() error
	pass(d time.Duration)
	grace() time.Duration
	// fail lets the n-th call of the store in the next operation fail.
	fail(n int, f fault)
	branch() (back func())
}

// custody knows, of every token of a session, what may become of it by the rule:
// a rotation leaves the old token as it was. The first use of the new one begins
// the old one's grace period. Who rotates the old one from then on ends the
// session. Nothing else ends it, and no number of rotations that came to nothing.
type custody struct {
	now    time.Duration
	tokens []heldToken
	ended  bool
	// loose: somebody has come with a token of which the rule says nothing, or who
	// was to end the session met a failure. All that is known then is that the
	// session does not go on twice.
	loose bool
	trace []string
}

type heldToken struct {
	text string
	standing
	until time.Duration // from then on it is dead; 0: there is no such time
}

type standing int

const (
	anchor  standing = iota // the newest that was used
	pending                 // made by a rotation, and not used yet
	fading                  // its successor was used
	open                    // may live or not
)

// verdict tells what must hold of the i-th token.
func (c *custody) verdict(i int) (live, dead bool) {
	t := c.tokens[i]
	over := c.ended || t.until != 0 && c.now >= t.until
	if t.standing == pending && i != c.newest() {
		return false, over // it may have made room
	}
	return !over && t.standing != open, over
}

// newest is the pending token that was made last; -1: there is none.
func (c *custody) newest() int {
	for i := len(c.tokens) - 1; i >= 0; i-- {
		if c.tokens[i].standing == pending {
			return i
		}
	}
	return -1
}

// used notes that the i-th token, anchor or pending, was served.
func (c *custody) used(i int, grace time.Duration) {
	becomes := c.tokens[i].standing == pending
	for n := range c.tokens {
		t := &c.tokens[n]
		switch {
		case n == i:
		case t.standing == anchor:
			t.standing, t.until = fading, c.now+grace
		case t.standing == pending && becomes:
			t.standing, t.until = open, c.now+grace
		case t.standing == open && t.until == 0:
			t.until = c.now + grace
		}
	}
	c.tokens[i].standing = anchor
}

// unsure notes that an operation with the i-th token, anchor or pending, came to
// an error: it may have been done or not. What was used before may be fading.
func (c *custody) unsure(i int) {
	if c.tokens[i].standing != pending {
		return
	}
	for n := range c.tokens {
		if t := &c.tokens[n]; n != i && (t.standing == anchor || t.standing == pending) {
			t.standing = open
		}
	}
	c.tokens[i].standing = anchor
}

// use comes with the i-th token.
func (c *custody) use(k keeper, i int) error {
	live, dead := c.verdict(i)
	switch err := k.authenticate(c.tokens[i].text); {
	case !live && !dead:
		c.loose = true
	case live && CodeOf(err) == StoreUnavailable && errors.Is(err, errInjected):
		c.unsure(i)
	case live && err != nil:
		return fmt.Errorf("a request with token %d is refused: %w", i, err)
	case dead && err == nil:
		return fmt.Errorf("a request with token %d is served, it should be dead", i)
	case live && c.tokens[i].standing != fading:
		c.used(i, k.grace())
	}
	return nil
}

// rotate comes with the i-th token, and returns which one it gets; -1: none.
func (c *custody) rotate(k keeper, i int) (int, error) {
	live, dead := c.verdict(i)
	text, err := k.rotate(c.tokens[i].text)
	switch {
	case !live && !dead:
		c.loose = true
	case live && CodeOf(err) == StoreUnavailable && errors.Is(err, errInjected):
		c.loose = c.tokens[i].standing == fading // the session has ended, or not yet
		c.unsure(i)
	case dead && err == nil:
		return -1, fmt.Errorf("token %d was rotated, it should be dead", i)
	case dead:
	case c.tokens[i].standing == fading:
		c.ended = true
		if CodeOf(err) != SessionRevoked {
			return -1, fmt.Errorf("token %d was rotated, whose successor is in use: %v; want %s", i, err, SessionRevoked)
		}
	case err != nil:
		return -1, fmt.Errorf("token %d cannot be rotated: %w", i, err)
	default:
		c.used(i, k.grace())
		c.tokens = append(c.tokens, heldToken{text: text, standing: pending})
		return len(c.tokens) - 1, nil
	}
	return -1, nil
}

func (c *custody) pass(k keeper, d time.Duration) {
	k.pass(d)
	c.now += d
}

// compare asks after every token, which is no use of it.
func (c *custody) compare(k keeper) error {
	if c.loose {
		return nil
	}
	for i, t := range c.tokens {
		live, dead := c.verdict(i)
		err := k.check(t.text)
		switch {
		case CodeOf(err) == StoreUnavailable:
			return err
		case live && err != nil:
			return fmt.Errorf("token %d is dead: %w", i, err)
		case dead && err == nil:
			return fmt.Errorf("token %d lives, it should be dead", i)
		case c.ended && t.standing == anchor && CodeOf(err) != SessionRevoked:
			return fmt.Errorf("token %d hears %v, want %s", i, err, SessionRevoked)
		}
	}
	want := 1
	if c.ended {
		want = 0
	}
	if n := k.sessions(); n != want {
		return fmt.Errorf("%d sessions are listed, want %d", n, want)
	}
	return nil
}

// settle checks what must hold in the end whatever happened: the session does
// not go on twice, and a log-out everywhere ends it.
func (c *custody) settle(k keeper) error {
	defer k.branch()()
	for range 2 {
		for _, t := range c.tokens {
			_ = k.authenticate(t.text)
		}
		k.pass(k.grace())
	}
	lives := func(t heldToken) bool { return k.check(t.text) == nil }
	left := slices.DeleteFunc(slices.Clone(c.tokens), func(t heldToken) bool { return !lives(t) })
	if len(left) > 1 {
		return fmt.Errorf("the session goes on under %d tokens", len(left))
	}
	if len(left) == 0 && !c.ended && !c.loose {
		return errors.New("nobody has ended the session, and it is dead")
	}
	if err := k.logoutUser(); err != nil {
		return err
	}
	if slices.ContainsFunc(c.tokens, lives) {
		return errors.New("a token outlives a log-out everywhere")
	}
	return nil
}

func (c *custody) clone() *custody {
	copied := *c
	copied.tokens, copied.trace = slices.Clone(c.tokens), slices.Clone(c.trace)
	return &copied
}

func (c *custody) logf(format string, args ...any) {
	c.trace = append(c.trace, fmt.Sprintf("  "+format, args...))
}

func (c *custody) explain(err error) error {
	return fmt.Errorf("%w\n%s", err, strings.Join(c.trace, "\n"))
}
