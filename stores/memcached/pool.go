package memcached

import (
	"context"
	"errors"
	"sync"
	"time"
)

// pool is the backend of Open: the servers, each with its own connections, so
// that one that hangs takes nothing away from the others.
type pool struct {
	selector *Selector
	servers  []*server // in the selector's order
}

func newPool(set settings) *pool {
	p := &pool{selector: set.selector}
	for _, a := range set.selector.servers {
		p.servers = append(p.servers, &server{
			addr: a, where: " server " + a.name,
			timeout: set.Timeout, maxIdle: set.maxIdle, slots: make(slots, set.MaxConns),
		})
	}
	return p
}

func (p *pool) run(ctx context.Context, key string, once bool, op operation) error {
	return p.servers[p.selector.pick(key)].run(ctx, key, once, op)
}

func (p *pool) ping(ctx context.Context) error {
	errs := make([]error, len(p.servers))
	var wg sync.WaitGroup
	for i, s := range p.servers {
		wg.Go(func() { errs[i] = s.run(ctx, "", false, ping) })
	}
	wg.Wait()
	return errors.Join(errs...)
}

func (p *pool) close() {
	for _, s := range p.servers {
		s.close()
	}
}

// server keeps the connections to one server. The one used last is used next, so
// that no more connections stay warm than the load needs.
type server struct {
	addr    *address
	where   string // in errors
	timeout time.Duration
	maxIdle int
	slots   slots

	mu     sync.Mutex
	idle   []*clientConn
	closed bool
}

// run executes op in the caller's goroutine: the connection knows when
// to give up.
func (s *server) run(ctx context.Context, key string, once bool, op operation) error {
	deadline := earlier(ctx, time.Now().Add(s.timeout))
	err := s.slots.acquire(ctx, deadline)
	if err == nil {
		err = s.runOnConn(ctx, deadline, key, once, op)
		s.slots.release()
	}
	return outcome(ctx, s.where, err)
}

func (s *server) runOnConn(ctx context.Context, deadline time.Time, key string, once bool, op operation) error {
	c, err := s.take()
	if err != nil {
		return err
	}
	c.begin(ctx, deadline)
	if once {
		c.replaceDead()
	}
	err = op(c.client, key)
	if c.end() {
		s.give(c)
	}
	return err
}

func (s *server) take() (*clientConn, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil, errClosed
	}
	last := len(s.idle) - 1
	if last < 0 {
		return newClientConn(s.addr), nil
	}
	c := s.idle[last]
	s.idle[last] = nil
	s.idle = s.idle[:last]
	return c, nil
}

func (s *server) give(c *clientConn) {
	s.mu.Lock()
	keep := !s.closed && len(s.idle) < s.maxIdle
	if keep {
		s.idle = append(s.idle, c)
	}
	s.mu.Unlock()
	if !keep {
		c.close()
	}
}

func (s *server) close() {
	s.mu.Lock()
	idle := s.idle
	s.idle, s.closed = nil, true
	s.mu.Unlock()
	for _, c := range idle {
		c.close()
	}
}
