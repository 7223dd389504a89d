package demo

import (
	"sync"
	"time"

	"github.com/wxsession/wxsession/core"
)

// clock is the time of the simulated WeChat and of the sessions. It runs with
// the system's, ahead of it by what it was moved.
type clock struct {
	mu    sync.Mutex
	ahead time.Duration
}

// maxAhead keeps every time that follows from the clock within what records
// and JSON dates can hold.
const maxAhead = 10 * 365 * 24 * time.Hour

func (c *clock) now() time.Time { return time.Now().Add(c.lead()) }

func (c *clock) lead() time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.ahead
}

// advance moves the clock forward. There is no way back: a session that was used
// tomorrow makes no sense today.
func (c *clock) advance(d time.Duration) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if d <= 0 || d > maxAhead-c.ahead {
		return &core.Error{Code: core.CodeBadRequest, Message: "the clock goes forward only, and ten years at most in all"}
	}
	c.ahead += d
	return nil
}
