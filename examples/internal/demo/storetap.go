package demo

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/wxsession/wxsession/core"
)

// storeTap is a store whose calls are told, and that can be stopped.
type storeTap struct {
	core.WrappedStore
	tap  *tap
	down *atomic.Bool
}

var errStopped = errors.New("the store was stopped on the page (POST /devtools/store)")

// newStoreTap keeps what the store can do beyond three verbs: a near cache goes
// on answering.
func newStoreTap(s core.Store, t *tap, down *atomic.Bool) core.Store {
	tapped := storeTap{core.WrappedStore{Store: s}, t, down}
	if near, ok := s.(core.AppendGetter); ok {
		return nearStoreTap{tapped, near}
	}
	return tapped
}

// call makes one call, and tells of it and of its outcome. found is what a read
// has found.
func (s storeTap) call(ctx context.Context, ask func() event, do func() (found []byte, err error)) error {
	x := exchangeOf(ctx)
	if x != nil {
		x.tell(ask())
	}
	began := time.Now()
	var found []byte
	err := errStopped
	if !s.down.Load() {
		found, err = do()
	}
	if x != nil {
		x.tell(event{
			From: storeLane, To: serverLane, Reply: true, Code: storeOutcome(err, found != nil),
			Head: valueHead(found), Body: printable(found), Took: time.Since(began).Microseconds(),
		})
	}
	return err
}

func (s storeTap) asking(verb, key string) event {
	kind, name, _ := strings.Cut(key, ":")
	if kind == "s" || kind == "k" { // a session by its token, a hand-over by its ticket
		s.tap.secrets.learn(tokenHash, name)
	}
	return event{From: serverLane, To: storeLane, Title: verb + " " + key}
}

func (s storeTap) Get(ctx context.Context, key string) (value []byte, err error) {
	err = s.call(ctx, func() event { return s.asking("Get", key) }, func() ([]byte, error) {
		value, err = s.Store.Get(ctx, key)
		return value, err
	})
	return value, err
}

func (s storeTap) Swap(ctx context.Context, key string, old, new []byte, ttl time.Duration) error {
	ask := func() event {
		e := s.asking("Swap", key)
		was := "–"
		if old != nil {
			was = size(old)
		}
		e.Head = []field{{"old", was}, {"new", size(new)}, {"ttl", ttl.Round(time.Millisecond).String()}}
		e.Body = printable(new)
		return e
	}
	return s.call(ctx, ask, func() ([]byte, error) { return nil, s.Store.Swap(ctx, key, old, new, ttl) })
}

func size(value []byte) string { return strconv.Itoa(len(value)) + " B" }

func (s storeTap) Delete(ctx context.Context, key string) error {
	ask := func() event { return s.asking("Delete", key) }
	return s.call(ctx, ask, func() ([]byte, error) { return nil, s.Store.Delete(ctx, key) })
}

// Ping is asked by /healthz.
func (s storeTap) Ping(ctx context.Context) error {
	if s.down.Load() {
		return errStopped
	}
	if p, ok := s.Store.(core.Pinger); ok {
		return p.Ping(ctx)
	}
	if _, err := s.Store.Get(ctx, "s:"); !errors.Is(err, core.ErrNotFound) {
		return err
	}
	return nil
}

// nearStoreTap is a storeTap over one that has AppendGet.
type nearStoreTap struct {
	storeTap
	near core.AppendGetter
}

func (s nearStoreTap) AppendGet(ctx context.Context, dst []byte, key string) ([]byte, error) {
	if exchangeOf(ctx) == nil && !s.down.Load() { // nobody watches: it costs nothing
		return s.near.AppendGet(ctx, dst, key)
	}
	all := dst
	ask := func() event { return s.asking("Get", key) }
	err := s.call(ctx, ask, func() (_ []byte, err error) {
		if all, err = s.near.AppendGet(ctx, dst, key); err != nil {
			return nil, err
		}
		return all[len(dst):], nil
	})
	return all, err
}

func storeOutcome(err error, found bool) string {
	switch {
	case err == nil && found:
		return "found"
	case err == nil:
		return "ok"
	case errors.Is(err, core.ErrNotFound):
		return "not_found"
	case errors.Is(err, core.ErrConflict):
		return "conflict"
	}
	return "failed"
}

// printable shows what can be read in a binary value; a dot stands for a run of
// the rest.
func printable(value []byte) string {
	var text strings.Builder
	dots := false
	for _, b := range value {
		visible := ' ' < b && b < 0x7f
		if visible {
			text.WriteByte(b)
		} else if !dots {
			text.WriteString(" · ")
		}
		dots = !visible
	}
	return text.String()
}

func valueHead(found []byte) []field {
	if found == nil {
		return nil
	}
	return []field{{"value", size(found)}}
}
