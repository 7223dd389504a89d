package wxtoken

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// A stranger can make up key ids: they cause one fetch in this time.
	retryKnown = time.Minute
	// Without any keys the service can do nothing, and asks more often.
	retryEmpty = 2 * time.Second
	// Who has not asked for so long does not know what has become of a key.
	stale = 2 * maxCached
)

// remoteKeys are the keys that an issuer publishes. They are fetched when a
// token needs them, by one goroutine at a time, and kept whatever happens to the
// issuer: its outage must not log anybody out.
type remoteKeys struct {
	url    string
	client http.Client
	now    func() time.Time

	set atomic.Pointer[keySet] // nil: none yet

	mu     sync.Mutex
	flight *flight   // the fetch under way; nil: none
	tried  time.Time // when the last one began
	failed error     // why the last one failed
}

type keySet struct {
	keys map[string]publicKey
	due  time.Time // for a newer one
}

// flight is a fetch under way.
type flight struct {
	done  chan struct{} // closed at its end
	stale bool          // what is known of before is too old to go by
}

func newRemoteKeys(url string, client *http.Client, now func() time.Time) *remoteKeys {
	r := &remoteKeys{url: url, now: now}
	if client != nil {
		r.client = *client
	}
	// The redirect's target might be anything, plain http too.
	r.client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return r
}

// find returns the key called kid. For one that it knows nobody waits, even if
// the set is due for renewal; but a service that has slept looks first whether the
// key is still there, and keeps it if there is no answer.
func (r *remoteKeys) find(ctx context.Context, kid string) (publicKey, error) {
	now, set := r.now(), r.set.Load()
	key, known := set.key(kid)
	if known && now.Before(set.due) {
		return key, nil
	}
	f := r.refresh(now, set)
	if known && (f == nil || !f.stale) {
		return key, nil
	}
	if f != nil {
		select {
		case <-f.done:
		case <-ctx.Done():
			return publicKey{}, fmt.Errorf("%w: %w", ErrUnavailable, ctx.Err())
		}
	}
	if key, known = r.set.Load().key(kid); known {
		return key, nil
	}
	return publicKey{}, r.absence()
}

func (s *keySet) key(kid string) (key publicKey, known bool) {
	if s != nil {
		key, known = s.keys[kid]
	}
	return key, known
}

// absence says what it means that a key is not there: after a failure nobody
// knows whether the issuer has it by now.
func (r *remoteKeys) absence() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.failed != nil {
		return fmt.Errorf("%w: %w", ErrUnavailable, r.failed)
	}
	return invalid("its key is not one of the issuer's")
}

// refresh returns the fetch under way, and begins one if the last was long
// enough ago; nil if it was not.
func (r *remoteKeys) refresh(now time.Time, set *keySet) *flight {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.flight != nil {
		return r.flight
	}
	wait := retryKnown
	if set == nil {
		wait = retryEmpty
	}
	since := now.Sub(r.tried)
	if 0 <= since && since < wait { // below 0 the clock was set back
		return nil
	}
	r.tried, r.flight = now, &flight{make(chan struct{}), since >= stale}
	go r.fly(r.flight, now)
	return r.flight
}

// fly fetches for all who wait, and so by nobody's context. It lands even if the
// application's transport ends the goroutine.
func (r *remoteKeys) fly(f *flight, asked time.Time) {
	err := errNoReturn
	defer func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.failed, r.flight = err, nil
		close(f.done)
	}()
	keys, cached, errFetch := r.fetch()
	if err = errFetch; err == nil {
		r.set.Store(&keySet{keys, asked.Add(cached)})
	}
}

var errNoReturn = errors.New("the transport has not returned")
