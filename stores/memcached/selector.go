package memcached

import (
	"errors"
	"fmt"
	"net"

	gomemcache "github.com/bradfitz/gomemcache/memcache"
)

// Selector chooses a server for each key by rendezvous hashing: every server
// has a score for the key, the highest wins. A server that is added takes its
// share from all others, one that is removed leaves its share to them, and no
// other key moves (a moved key is a log-out). It is a gomemcache.ServerSelector
// for clients that the application makes itself:
//
//	selector, err := memcached.NewSelector("10.0.0.1", "10.0.0.2:11212")
//	client := gomemcache.NewFromSelector(selector)
//
// Names are resolved with each new connection. It is safe for concurrent use.
type Selector struct {
	servers []*address
}

var _ gomemcache.ServerSelector = (*Selector)(nil)

// address implements net.Addr. A server is known by its name, not by what the
// name resolves to: the scores, hence the keys' places, follow from it.
type address struct {
	network, name string
	hash          uint64
}

func (a *address) Network() string { return a.network }
func (a *address) String() string  { return a.name }

// NewSelector returns a Selector for servers, each host, host:port, [IPv6]:port
// or the absolute path of a Unix socket; the port is 11211 by default. Their
// order does not matter. None, or one listed twice, is an error, which does not
// quote it.
func NewSelector(servers ...string) (*Selector, error) {
	if len(servers) == 0 {
		return nil, errors.New("memcached: name at least one server")
	}
	s := &Selector{}
	seen := map[string]bool{}
	for i, server := range servers {
		a, err := parseServer(server)
		if err == nil && seen[a.name] {
			err = errTwice
		}
		if err != nil {
			return nil, fmt.Errorf("memcached: server %d of %d %w", i+1, len(servers), err)
		}
		seen[a.name] = true
		s.servers = append(s.servers, a)
	}
	return s, nil
}

// PickServer implements gomemcache.ServerSelector. It returns no error.
func (s *Selector) PickServer(key string) (net.Addr, error) {
	return s.servers[s.pick(key)], nil
}

// Each implements gomemcache.ServerSelector.
func (s *Selector) Each(f func(net.Addr) error) error {
	for _, a := range s.servers {
		if err := f(a); err != nil {
			return err
		}
	}
	return nil
}

// pick returns the index of key's server. Servers whose scores are equal are
// told apart by name, so that the order of the list has no say.
func (s *Selector) pick(key string) (best int) {
	if len(s.servers) == 1 {
		return 0
	}
	h, top := hash(key), uint64(0)
	for i, a := range s.servers {
		score := mix(h ^ a.hash)
		if i == 0 || score > top || score == top && a.name < s.servers[best].name {
			best, top = i, score
		}
	}
	return best
}

// hash is FNV-1a, then mixed. Changing it would move nearly all keys.
func hash(s string) uint64 {
	h := uint64(0xcbf29ce484222325)
	for i := range len(s) {
		h = (h ^ uint64(s[i])) * 0x100000001b3
	}
	return mix(h)
}

// mix is the finalizer of SplitMix64: every bit of x decides on every bit of
// the result.
func mix(x uint64) uint64 {
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

func newAddress(network, name string) *address {
	return &address{network: network, name: name, hash: hash(name)}
}
