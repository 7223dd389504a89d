package redis

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"math/bits"
	"net"
	"os"
	"time"

	"github.com/redis/rueidis"
)

// Open returns the Store that dsn describes; the package's documentation has
// the table. It does not connect: the server may be down when the process
// starts. An error means that the DSN is wrong, and does not quote it. The
// Store outlives ctx and must be closed.
func Open(ctx context.Context, dsn string) (*Store, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	set, err := parse(dsn)
	if err != nil {
		return nil, err
	}
	secure, err := set.tlsConfig()
	if err != nil {
		return nil, err
	}
	b := newBreakers(set.topology)
	if set.cache == 0 {
		return newStore(set.lazyClient(secure, nil, b), set.Options, b), nil
	}
	near := newNearCache(set)
	s := newStore(set.lazyClient(secure, near, b), set.Options, b)
	if set.WaitReplicas > 0 {
		// Connections that come and go, as those that wait do, would each empty the cache.
		s.replicas.client = set.lazyClient(secure, nil, b)
	}
	s.near, s.stop = near, near.beat(s.client.get)
	return s, nil
}

// lazyClient makes a client whose connections are the feeds of near, if there is one.
func (s *settings) lazyClient(secure *tls.Config, near *nearCache, b breakers) *lazyClient {
	own := *s
	d := &dialer{network: s.network, busy: b.busy, opened: func(string) func() { return func() {} }}
	if near == nil {
		own.cache = 0
	} else {
		d.opened = near.feeds.opened
	}
	o := own.clientOption(d, secure)
	if near != nil {
		near.subscribe(&o)
	}
	return &lazyClient{dial: func() (rueidis.Client, error) { return own.connect(o) }}
}

func (s *settings) clientOption(d *dialer, secure *tls.Config) rueidis.ClientOption {
	// ConnWriteTimeout and the dialer's KeepAlive make rueidis ping a connection
	// that has been quiet for a second, and drop it when no answer comes.
	nd := net.Dialer{Timeout: s.Timeout, KeepAlive: time.Second}
	if secure != nil {
		nd.Timeout -= s.Timeout / 4 // leaves time to find out why there was no handshake
	}
	return rueidis.ClientOption{
		InitAddress:         s.addrs,
		Username:            s.user,
		Password:            s.password,
		SelectDB:            s.db,
		TLSConfig:           secure,
		DialCtxFn:           d.dial,
		Dialer:              nd,
		ConnWriteTimeout:    s.Timeout,
		ReadBufferEachConn:  s.buffer,
		WriteBufferEachConn: s.buffer,
		BlockingPoolSize:    maxWaiting,
		BlockingPoolCleanup: time.Minute,
		PipelineMultiplex:   s.multiplex(),
		MaxFlushDelay:       s.flushDelay,
		DisableRetry:        true, // its retries know no bound; see call.get
		DisableCache:        true,
		ClientSetInfo:       rueidis.DisableClientSetInfo,
		ForceSingleClient:   s.topology == single,
		ClusterOption:       rueidis.ClusterOption{ShardsRefreshInterval: 5 * time.Second, MaxMovedRedirections: 5},
		Sentinel: rueidis.SentinelOption{
			MasterSet:               s.master,
			Username:                s.sentinelUser,
			Password:                s.sentinelPass,
			Dialer:                  nd,
			TLSConfig:               secure,
			TopologyRefreshInterval: time.Second,
		},
	}
}

// multiplex is the binary logarithm of the number of connections. 0 would leave
// that to rueidis; less means one.
func (s *settings) multiplex() int {
	if s.conns <= 1 {
		return -1
	}
	return bits.Len(uint(s.conns)) - 1
}

func (s *settings) tlsConfig() (*tls.Config, error) {
	if !s.tls {
		return nil, nil
	}
	c := &tls.Config{MinVersion: tls.VersionTLS12, ServerName: s.serverName, InsecureSkipVerify: s.skipVerify}
	if s.ca == "" {
		return c, nil
	}
	pem, err := os.ReadFile(s.ca)
	if err != nil {
		return nil, errors.New("redis: the file of tls_ca cannot be read")
	}
	c.RootCAs = x509.NewCertPool()
	if !c.RootCAs.AppendCertsFromPEM(pem) {
		return nil, errors.New("redis: the file of tls_ca holds no PEM certificate")
	}
	return c, nil
}
