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

	"github.com/wxsession/wxsession/core"
)

// Open returns the Store that dsn describes; the package's documentation has
// the table. It does not connect: the server may be down when the process
// starts. An error means that the DSN is wrong, and does not quote it. The
// Store is a *Store; it outlives ctx and must be closed.
func Open(ctx context.Context, dsn string) (core.Store, error) {
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
	near := newNearCache(set.cache)
	dial := &dialer{network: set.network, opening: near.flush}
	option := set.clientOption(dial, secure)
	near.track(&option, set.Options.prefix())
	s := newStore(&link{dial: func() (rueidis.Client, error) { return rueidis.NewClient(option) }}, set.Options)
	if near != nil {
		s.near, s.stop = near, near.beat(s.Ping)
	}
	return s, nil
}

func (s *settings) clientOption(d *dialer, secure *tls.Config) rueidis.ClientOption {
	// ConnWriteTimeout and the dialer's KeepAlive make rueidis ping a connection
	// that has been quiet for a second, and drop it when no answer comes.
	nd := net.Dialer{Timeout: s.timeout(), KeepAlive: time.Second}
	return rueidis.ClientOption{
		InitAddress:         s.addrs,
		Username:            s.user,
		Password:            s.password,
		SelectDB:            s.db,
		TLSConfig:           secure,
		DialCtxFn:           d.dial,
		Dialer:              nd,
		ConnWriteTimeout:    s.timeout(),
		ReadBufferEachConn:  s.buffer,
		WriteBufferEachConn: s.buffer,
		BlockingPoolSize:    maxWaiting,
		BlockingPoolCleanup: time.Minute,
		PipelineMultiplex:   s.multiplex(),
		MaxFlushDelay:       s.flushDelay,
		DisableRetry:        true, // its retries know no bound; see Store.read
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
