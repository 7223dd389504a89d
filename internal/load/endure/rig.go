package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/url"
	"time"

	"github.com/wxsession/wxsession/core"
	"github.com/wxsession/wxsession/stores"
)

// rig is the cluster, the managers over it, and what is known of their sessions.
type rig struct {
	options
	cluster  *cluster
	managers []*core.Manager
	closers  []io.Closer
	ledger   *ledger
	progress io.Writer

	requests, logins, updates, logouts, everywhere *kind
	timeline                                       *timeline
	events                                         []event
	began, ended                                   time.Time // of the traffic
	servers, self                                  usage     // of the traffic
	swept                                          swept
	failovers                                      int
}

// Logins beyond so many per second of the run find no place in the ledger, and
// are left off.
const roomPerSecond = 5000

func newRig(ctx context.Context, o options, c *cluster, progress io.Writer) (*rig, error) {
	later := int(o.duration/time.Second) * roomPerSecond
	r := &rig{
		options: o, cluster: c, ledger: newLedger(o.sessions, later, o.waits()), progress: progress,
		requests: newKind("requests"), logins: newKind("logins"), updates: newKind("updates of an attribute"),
		logouts: newKind("log-outs"), everywhere: newKind("log-outs everywhere"),
	}
	for range o.instances {
		m, err := r.open(ctx, o.store)
		if err != nil {
			r.close()
			return nil, err
		}
		r.managers = append(r.managers, m)
	}
	return r, nil
}

func (r *rig) kinds() []*kind {
	return []*kind{r.requests, r.logins, r.updates, r.logouts, r.everywhere}
}

const appID = "wx0123456789abcdef"

// nobody logs in through WeChat here.
type nobody struct{}

func (nobody) Identify(context.Context, core.LoginRequest) (core.Identity, error) {
	return core.Identity{}, errors.New("no code is exchanged here")
}

// open returns a manager with a store of its own.
func (r *rig) open(ctx context.Context, options url.Values) (*core.Manager, error) {
	store, err := stores.Open(ctx, r.cluster.dsn(options))
	if err != nil {
		return nil, fmt.Errorf("in -options: %w", err)
	}
	r.closers = append(r.closers, store)
	return newManager(store)
}

func newManager(store core.Store) (*core.Manager, error) {
	return core.New(core.Config{AppID: appID, IdentityProvider: nobody{}, Logger: slog.New(slog.DiscardHandler)}, store)
}

func (r *rig) close() {
	for _, c := range r.closers {
		_ = c.Close() // their servers end now
	}
}
