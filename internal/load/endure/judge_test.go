package main

import (
	"context"
	"errors"
	"io"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/wxsession/wxsession/core"
	"github.com/wxsession/wxsession/stores/memory"
)

// fickle is a store that forgets users' records or fails, when told to.
type fickle struct {
	core.Store
	mu    sync.Mutex
	users []string
	down  bool
}

func (f *fickle) Swap(ctx context.Context, key string, old, new []byte, ttl time.Duration) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.down {
		return errors.New("connection refused")
	}
	if strings.HasPrefix(key, "u:") {
		f.users = append(f.users, key)
	}
	return f.Store.Swap(ctx, key, old, new, ttl)
}

// forget loses the records of all users, and no session.
func (f *fickle) forget(t *testing.T) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.users) == 0 {
		t.Fatal("no user's record was stored under a key as this test expects it")
	}
	for _, key := range f.users {
		if err := f.Delete(t.Context(), key); err != nil {
			t.Fatal(err)
		}
	}
}

func (f *fickle) setDown(down bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.down = down
}

const inMemory = 100 // sessions

// newMemoryRig has a filled ledger of an hour ago, and no cluster.
func newMemoryRig(t *testing.T) (*rig, *core.Manager, *fickle) {
	t.Helper()
	t.Parallel()
	backing, err := memory.New(memory.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = backing.Close() })
	store := &fickle{Store: backing}
	m, err := newManager(store)
	if err != nil {
		t.Fatal(err)
	}
	r := &rig{
		options: options{sessions: inMemory, workers: 4, sweep: 1000, duration: time.Minute},
		ledger:  newLedger(inMemory, 50, true), managers: []*core.Manager{m}, progress: io.Discard,
		requests: newKind("requests"), logins: newKind("logins"), updates: newKind("updates"),
		logouts: newKind("log-outs"), everywhere: newKind("everywhere"), timeline: newTimeline(time.Now(), time.Minute),
	}
	r.ledger.start = time.Now().Add(-time.Hour)
	for i := range uint32(inMemory) {
		if err := r.fillOne(t.Context(), i); err != nil {
			t.Fatal(err)
		}
	}
	return r, m, store
}

func (r *rig) wantFound(t *testing.T, f fault, broken, apart int64) {
	t.Helper()
	if b, a := r.ledger.broken[f].Load(), r.ledger.apart[f].Load(); b != broken || a != apart {
		t.Errorf("%v: %d, and %d that were not promised; want %d and %d", f, b, a, broken, apart)
	}
	if err := r.ledger.verdict(); (err != nil) != (broken > 0) || err != nil && !strings.Contains(err.Error(), f.String()) {
		t.Errorf("the verdict is %v", err)
	}
}

func TestALossIsFound(t *testing.T) {
	r, m, _ := newMemoryRig(t)
	l := &r.ledger.logins[7]
	if err := m.Logout(t.Context(), l.text()); err != nil { // behind the ledger's back
		t.Fatal(err)
	}
	for range 2 { // which is one loss
		if o := r.request(t.Context(), m, 7); o != refused {
			t.Errorf("the outcome is %v", o)
		}
	}
	r.wantFound(t, lost, 1, 0)
}

func TestALossJustBeforeTheKillIsCountedApart(t *testing.T) {
	for _, tt := range []struct {
		name   string
		issued uint32
		apart  bool
	}{
		{"2.9 s before", 100_000, true}, {"3.1 s before", 99_800, false},
		{"acknowledged 1.9 s after", 104_800, true}, {"acknowledged 2.1 s after", 105_000, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			g := newLedger(inMemory, 0, true)
			g.logins[7].issued.Store(tt.issued)
			g.killed.Store(102_900)
			g.judge(7, g.logins[7].before(g.now()), nil, &core.Error{Code: core.CodeInvalidSession})
			if apart := g.apart[lost].Load() == 1; apart != tt.apart || g.broken[lost].Load() == 1 == tt.apart {
				t.Errorf("counted apart: %v", apart)
			}
		})
	}
}

func TestASurvivorIsFound(t *testing.T) {
	for _, tt := range []struct {
		name          string
		ago           uint32 // its log-out
		killed        bool   // a master, at that time
		waits         bool
		broken, apart int64
	}{
		{"within the near cache's second", 1000, false, true, 0, 0},
		{"after 1.6 s", 1600, false, true, 1, 0},
		{"replicas had acknowledged the log-out", 5000, true, true, 1, 0},
		{"replicas had not", 5000, true, false, 0, 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r, m, _ := newMemoryRig(t)
			g := r.ledger
			l, at := &g.logins[7], g.now()-tt.ago
			g.waits = tt.waits
			l.issued.Store(1)
			l.beginEnding(at)
			l.end(at) // and nobody has told the store
			if tt.killed {
				g.killed.Store(at)
			}
			if o := r.request(t.Context(), m, 7); o != served {
				t.Errorf("the outcome is %v", o)
			}
			r.wantFound(t, survived, tt.broken, tt.apart)
		})
	}
}

func TestALostUpdateIsFound(t *testing.T) {
	r, m, _ := newMemoryRig(t)
	w := &writer{rig: r}
	for range 2 {
		if o := w.update(t.Context(), 7); o != served {
			t.Fatalf("the outcome is %v", o)
		}
	}
	l := &r.ledger.logins[7]
	if value, _ := l.acknowledged(); value != 2 {
		t.Fatalf("the ledger has %d, want 2", value)
	}
	l.wrote(2, r.ledger.now()-5000)
	r.request(t.Context(), m, 7)
	r.wantFound(t, wentBack, 0, 0)
	l.wrote(3, r.ledger.now()-1000)
	r.request(t.Context(), m, 7)
	r.wantFound(t, wentBack, 0, 0)
	l.wrote(3, r.ledger.now()-1600)
	r.request(t.Context(), m, 7)
	r.wantFound(t, wentBack, 1, 0)
}

func TestASessionThatNoListHasIsFound(t *testing.T) {
	r, m, store := newMemoryRig(t)
	if err := r.compare(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	r.wantFound(t, unlisted, 0, 0)
	if n := r.swept.lists.Load(); n != inMemory || r.swept.alive != inMemory {
		t.Errorf("%d lists of %d users were read, want all", n, r.swept.alive)
	}
	store.forget(t)
	if err := r.compare(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	r.wantFound(t, unlisted, inMemory, 0)
}

func TestLossAndSurvivorAreFoundAfterwards(t *testing.T) {
	r, m, _ := newMemoryRig(t)
	if err := m.Logout(t.Context(), r.ledger.logins[7].text()); err != nil {
		t.Fatal(err)
	}
	l := &r.ledger.logins[8]
	l.beginEnding(r.ledger.now())
	l.end(r.ledger.now())
	if err := r.compare(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	if r.ledger.broken[lost].Load() != 1 || r.ledger.broken[survived].Load() != 1 {
		t.Errorf("the verdict is %v, want a loss and a survivor", r.ledger.verdict())
	}
}

func TestWhatIsNoFaultIsNotFound(t *testing.T) {
	r, m, _ := newMemoryRig(t)
	w := &writer{rig: r}
	if o := w.logout(t.Context(), 7); o != served {
		t.Fatalf("the outcome is %v", o)
	}
	if o := r.request(t.Context(), m, 7); o != refused || r.requests.refused.Load() != 1 {
		t.Errorf("the outcome is %v, %d were counted", o, r.requests.refused.Load())
	}
	if o := r.request(t.Context(), m, 8); o != served {
		t.Errorf("the outcome is %v", o)
	}
	o := r.ledger.judge(9, known{}, nil, &core.Error{Code: core.CodeStoreUnavailable})
	if err := r.ledger.verdict(); o != outage || err != nil {
		t.Errorf("an outage is %v, the verdict %v", o, err)
	}
	r.ledger.judge(9, known{}, nil, errors.New("no answer of ours"))
	r.wantFound(t, odd, 1, 0)
}
