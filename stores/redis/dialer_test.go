package redis

import (
	"net"
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
