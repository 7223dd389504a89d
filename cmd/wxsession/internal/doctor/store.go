package doctor

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/wxsession/wxsession/core"
	"github.com/wxsession/wxsession/stores"
)

// mendDSN is where to look when a server cannot be used as the DSN says.
const mendDSN = "WX_STORE"

// local reports whether values never leave the process.
func (d *doctor) local() bool {
	scheme, _, _ := strings.Cut(d.cfg.Store, "://")
	return d.cfg.Store == "" || scheme == "memory"
}

func (d *doctor) checkStore(ctx context.Context, f findings) {
	store, err := stores.Open(ctx, d.cfg.Store)
	if err != nil {
		for _, text := range lines(err) {
			f.fail("store.dsn", text, "mend "+mendDSN)
		}
		return
	}
	defer store.Close()
	if d.local() {
		f.warn("store.dsn", "sessions live in one process, and end with it", "set WX_STORE to redis:// or memcached:// where there are several, or where a restart should not log everybody out")
		return
	}
	scheme, _, _ := strings.Cut(d.cfg.Store, "://")
	f.ok("store.dsn", "it is well formed (%s)", scheme)
	if scheme == "memcached" {
		d.checkMemcached(ctx, f, store)
		return
	}
	d.checkRedis(ctx, f, store)
}

// keyLife is how long a key of ours stays if we do not come to remove it.
const keyLife = 10 * time.Second

// newKey returns a key that nobody else has, of the kind that packages on top of
// core use.
func newKey() string { return ourKeys + rand.Text() }

const ourKeys = "x:doctor-"

// tryVerbs does with a key of its own what a service does all day.
func tryVerbs(ctx context.Context, s core.Store, key string) error {
	first, second := []byte("doctor"), []byte("doctor\x00again")
	defer func() { // whatever fails, and also when the time is up
		left, cancel := within(context.WithoutCancel(ctx), time.Second)
		defer cancel()
		_ = s.Delete(left, key)
	}()
	if err := s.Swap(ctx, key, nil, first, keyLife); err != nil {
		return fmt.Errorf("cannot create a value: %w", err)
	}
	if err := wantValue(ctx, s, key, first); err != nil {
		return err
	}
	if err := s.Swap(ctx, key, first, second, keyLife); err != nil {
		return fmt.Errorf("cannot compare and swap: %w", err)
	}
	if err := s.Swap(ctx, key, first, first, keyLife); !errors.Is(err, core.ErrConflict) {
		return fmt.Errorf("a swap against a value that is there no more should conflict: %w", orNothing(err))
	}
	if err := wantValue(ctx, s, key, second); err != nil {
		return err
	}
	if err := s.Delete(ctx, key); err != nil {
		return fmt.Errorf("cannot delete: %w", err)
	}
	if _, err := s.Get(ctx, key); !errors.Is(err, core.ErrNotFound) {
		return fmt.Errorf("a value that was deleted should be gone: %w", orNothing(err))
	}
	return nil
}

func wantValue(ctx context.Context, s core.Store, key string, want []byte) error {
	got, err := s.Get(ctx, key)
	switch {
	case errors.Is(err, core.ErrNotFound):
		return errors.New("a value that was just stored is gone")
	case err != nil:
		return fmt.Errorf("cannot read: %w", err)
	case !bytes.Equal(got, want):
		return errors.New("a value was read back that is not the one that was stored")
	}
	return nil
}

var errNothing = errors.New("it went well")

func orNothing(err error) error {
	if err == nil {
		return errNothing
	}
	return err
}

// storeProblem takes the error of a store apart: they say what is wrong, then
// after a colon what to do.
func storeProblem(err error, do string) problem {
	text := strings.TrimPrefix(err.Error(), "redis: ")
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		return problem{"no answer in time", do}
	case strings.Contains(text, "the server refused: "):
		what, remedy, found := strings.Cut(text, "refused: ")
		code, remedy2, _ := strings.Cut(remedy, ": ")
		if found && remedy2 != "" {
			return problem{what + "refused: " + code, remedy2}
		}
	}
	if i := strings.LastIndex(text, ": "); i >= 0 && isAdvice(text[i+2:]) {
		return problem{text[:i], text[i+2:]}
	}
	return problem{text, do}
}

// isAdvice knows how the remedies begin that the stores' errors end with.
func isAdvice(text string) bool {
	for _, verb := range []string{"use ", "remove ", "leave ", "raise ", "start "} {
		if strings.HasPrefix(text, verb) {
			return true
		}
	}
	return false
}

// latencies is how long a question took, asked again and again.
type latencies struct{ median, worst time.Duration }

const pings = 20

func measure(ctx context.Context, ping func(context.Context) error) (latencies, error) {
	var all []time.Duration
	for range pings {
		start := time.Now()
		if err := ping(ctx); err != nil {
			return latencies{}, err
		}
		all = append(all, time.Since(start))
	}
	slices.Sort(all)
	return latencies{all[len(all)/2], all[len(all)-1]}, nil
}

// judgeLatency compares round trips with the bound that the DSN sets to a call.
func judgeLatency(f findings, where string, l latencies, timeout time.Duration) {
	text := fmt.Sprintf("%sa round trip takes %v, %v at the worst of %d, and may take %v", where, round(l.median), round(l.worst), pings, timeout)
	const do = "bring service and store closer together, or raise timeout in WX_STORE"
	switch {
	case l.median > timeout/2:
		f.fail("store.latency", text, do)
	case l.worst > timeout/2, l.median > timeout/8:
		f.warn("store.latency", text, do)
	default:
		f.ok("store.latency", "%s", text)
	}
}

// Clocks that differ by less than clockNoise cannot be told from the time that
// the question took; beyond clockWrong certificates and lifetimes go wrong.
const (
	clockNoise = time.Second
	clockWrong = time.Minute
)

// judgeClock compares this machine's clock with another. uncertain is how well
// that is known.
func judgeClock(f findings, name, whose string, ahead, uncertain time.Duration) {
	text := fmt.Sprintf("this machine's clock is %v behind %s", round(ahead), whose)
	if ahead < 0 {
		text = fmt.Sprintf("this machine's clock is %v ahead of %s", round(-ahead), whose)
	}
	const do = "keep the clocks by NTP: sessions end by the clock of each instance"
	switch off := ahead.Abs(); {
	case off > clockWrong+uncertain:
		f.fail(name, text, do)
	case off > clockNoise+uncertain:
		f.warn(name, text, do)
	default:
		f.ok(name, "this machine's clock agrees with %s", whose)
	}
}
