package redis

import (
	"net"
	"runtime"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

func TestDialerLeavesDeadAddressesAloneForAMoment(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		opened := 0
		d := &dialer{network: "no such network", opened: func(string) func() { opened++; return func() {} }}
		try := func() {
			t.Helper()
			if _, err := d.dial(t.Context(), "h:1", &net.Dialer{}, nil); err == nil {
				t.Fatal("dial succeeded")
			}
		}
		try()
		try()
		if opened != 1 {
			t.Errorf("%d attempts at once; want 1", opened)
		}
		if _, err := d.dial(t.Context(), "other:1", &net.Dialer{}, nil); err == nil || opened != 2 {
			t.Errorf("another address: %v after %d attempts; want its own", err, opened)
		}
		time.Sleep(redial)
		try()
		if opened != 3 {
			t.Errorf("%d attempts after the pause; want 3", opened)
		}
	})
}

// noteConn notes whether others ran before it was written to.
type noteConn struct {
	net.Conn
	write func()
}

func (c noteConn) Write(b []byte) (int, error) {
	c.write()
	return len(b), nil
}

// Now and then the scheduler comes back at once, or preempts: most of many tries count.
func TestOthersRunBeforeTheWriteOfABusyStore(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	const tries = 200
	b := newBreakers(cluster)
	for calls := range 3 {
		first := 0
		for range tries {
			var ran, before atomic.Bool
			conn := &watchedConn{Conn: noteConn{write: func() { before.Store(ran.Load()) }}, busy: b.busy}
			go ran.Store(true)
			if n, err := conn.Write([]byte("GET")); n != 3 || err != nil {
				t.Fatalf("%d calls under way: wrote %d bytes, %v", calls, n, err)
			}
			if before.Load() {
				first++
			}
		}
		if first > tries/2 != (calls > 1) {
			t.Errorf("%d calls under way: others ran before %d of %d writes", calls, first, tries)
		}
		if _, err := b[calls].enter(t.Context(), time.Now()); err != nil {
			t.Fatal(err)
		}
	}
}
