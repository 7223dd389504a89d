package memcached_test

import (
	"net"
	"strings"
	"testing"

	gomemcache "github.com/bradfitz/gomemcache/memcache"

	"github.com/wxsession/wxsession/internal/testserver"
	"github.com/wxsession/wxsession/stores/memcached"
)

func TestNewRejects(t *testing.T) {
	client := gomemcache.New()
	for name, call := range map[string]func() (*memcached.Store, error){
		"a nil client":         func() (*memcached.Store, error) { return memcached.New(nil, memcached.Options{}) },
		"a prefix with spaces": func() (*memcached.Store, error) { return memcached.New(client, memcached.Options{Prefix: "a b"}) },
		"a negative timeout":   func() (*memcached.Store, error) { return memcached.New(client, memcached.Options{Timeout: -1}) },
		"a negative bound":     func() (*memcached.Store, error) { return memcached.New(client, memcached.Options{MaxConns: -1}) },
	} {
		if store, err := call(); err == nil || store != nil {
			t.Errorf("%s: got %v, %v, want an error and no store", name, store, err)
		}
	}
}

func TestPingOfNoServersIsAnError(t *testing.T) {
	store, err := memcached.New(gomemcache.New("no-such-host.invalid"), memcached.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := store.Ping(t.Context()); err == nil {
		t.Error("a client without servers: Ping is content")
	}
}

func TestCloseLeavesTheApplicationsClientAlone(t *testing.T) {
	client := gomemcache.New(testserver.StartMemcached(t).Addr)
	store, err := memcached.New(client, memcached.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := store.Close(); err != nil {
		t.Fatal(err)
	}
	if err := client.Ping(); err != nil {
		t.Errorf("the client after the store's Close: %v", err)
	}
}

// panicking is a selector of the application's with a bug.
type panicking struct{}

func (panicking) PickServer(string) (net.Addr, error) { panic("marker") }
func (panicking) Each(func(net.Addr) error) error     { panic("marker") }

// TestAPanicOfTheApplicationsClientIsAnError: in a goroutine of the store's, where
// nobody else can recover it, it would end the process.
func TestAPanicOfTheApplicationsClientIsAnError(t *testing.T) {
	store, err := memcached.New(gomemcache.NewFromSelector(panicking{}), memcached.Options{MaxConns: 1})
	if err != nil {
		t.Fatal(err)
	}
	for range 2 { // the second needs the slot of the first
		_, err := store.Get(t.Context(), "s:k")
		if err == nil || !strings.Contains(err.Error(), "panic") || strings.Contains(err.Error(), "marker") {
			t.Errorf("got %v, want an error that says so without the panic's value", err)
		}
	}
}
