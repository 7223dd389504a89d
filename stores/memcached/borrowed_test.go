package memcached_test

import (
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
