package memcached

import (
	"context"
	"errors"
	"fmt"
	"time"

	gomemcache "github.com/bradfitz/gomemcache/memcache"
)

// New returns a Store on a client that the application has already. Its
// servers should be chosen by a [Selector]; its MaxIdleConns should match
// Options.MaxConns; its own Timeout, at most that of the Options, governs how
// long a call that nobody waits for any longer may linger.
//
// A gomemcache client knows no contexts, so every call runs in a goroutine,
// which is left behind when its time is up; there are Options.MaxConns of them
// at most. Nor does the client let its connections be looked at: after a
// restart of the server the first write may fail. [Open] has neither flaw.
func New(client *gomemcache.Client, o Options) (*Store, error) {
	if client == nil {
		return nil, errors.New("memcached: the client must not be nil")
	}
	o, err := o.withDefaults()
	if err != nil {
		return nil, err
	}
	b := &borrowed{client: client, timeout: o.Timeout, slots: make(slots, o.MaxConns), pingKey: o.Prefix + "ping"}
	return &Store{options: o, backend: b}, nil
}

// borrowed is the backend of New: the application's client.
type borrowed struct {
	client  *gomemcache.Client
	timeout time.Duration
	slots   slots
	pingKey string
}

func (s *borrowed) run(ctx context.Context, key string, _ bool, op operation) error {
	return outcome(ctx, "", s.runInTime(ctx, key, op))
}

func (s *borrowed) runInTime(parent context.Context, key string, op operation) error {
	deadline := time.Now().Add(s.timeout)
	if err := s.slots.acquire(parent, earlier(parent, deadline)); err != nil {
		return err
	}
	ctx, cancel := context.WithDeadline(parent, deadline)
	defer cancel()
	result := make(chan error, 1)
	go func() {
		defer s.slots.release()
		result <- s.attempt(key, op)
	}()
	select {
	case err := <-result:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (s *borrowed) attempt(key string, op operation) error {
	err := recovering(func() error { return op(s.client, key) })
	if connectionDied(err) || errors.Is(err, errPanic) {
		_ = recovering(s.client.Close) // other idle connections have died with it, or one is out of step
	}
	return err
}

// recovering makes an error of a panic in the application's code, such as a
// selector of its own: nobody else can recover it in a goroutine of ours. The
// panic's value may hold anything, and is not shown.
func recovering(call func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("%w, with a value of type %T", errPanic, p)
		}
	}()
	return call()
}

// ping asks for a key first, because gomemcache's Ping is content with no
// servers at all.
func (s *borrowed) ping(ctx context.Context) error {
	return s.run(ctx, s.pingKey, false, func(c *gomemcache.Client, key string) error {
		if _, err := fetch(c, key); err != nil && err != gomemcache.ErrCacheMiss {
			return err
		}
		return ping(c, key)
	})
}

func (s *borrowed) close() {}

// ping asks for the version of each of c's servers.
func ping(c *gomemcache.Client, _ string) error {
	err := c.Ping()
	if connectionDied(err) {
		_ = c.Close()
		err = c.Ping()
	}
	return err
}
