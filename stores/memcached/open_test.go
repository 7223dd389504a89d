package memcached_test

import (
	"net"
	"strings"
	"testing"
	"time"

	"github.com/wxsession/wxsession/stores/memcached"
)

func TestParseDSN(t *testing.T) {
	selector, options, err := memcached.ParseDSN("memcached://A,b:1?timeout=2s&prefix=shop:")
	if err != nil {
		t.Fatal(err)
	}
	var servers []string
	if err := selector.Each(func(a net.Addr) error { servers = append(servers, a.Network()+" "+a.String()); return nil }); err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(servers, ", "); got != "tcp a:11211, tcp b:1" || options.Timeout != 2*time.Second || options.Prefix != "shop:" {
		t.Errorf("%s with %+v", got, options)
	}
	if _, _, err := memcached.ParseDSN("memcached://user:Hunter2@h"); err == nil || strings.Contains(err.Error(), "Hunter2") {
		t.Errorf("a malformed DSN: %v", err)
	}
}
