package redis

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"strings"
	"time"

	"github.com/redis/rueidis"
)

// setupError is a mistake in the DSN, or in the server's configuration, that was
// found when the first connection was made.
type setupError string

func (e setupError) Error() string { return string(e) }

const (
	errNoPassword  = setupError("the server has no password set, so that everybody may use it: remove the password from the DSN, or set requirepass on the server")
	errNoTracking  = setupError("the near cache needs Redis 6 or newer over RESP3, with CLIENT TRACKING, CLIENT CACHING and PTTL allowed; old servers, some proxies and some ACLs lack them: leave cache out of the DSN, or mend that")
	errPlainServer = setupError("the server does not speak TLS on this port: use redis:// in place of rediss://, without tls=true, or name the server's TLS port")
	errTLSServer   = setupError("the server speaks TLS on this port: use rediss:// in place of redis://, or tls=true")
)

// connect makes the client, and looks for what would otherwise show late, or
// never.
func (s *settings) connect(o rueidis.ClientOption) (rueidis.Client, error) {
	client, err := rueidis.NewClient(o)
	if err == nil {
		err = s.inspect(client)
	}
	if err == nil {
		return client, nil
	}
	if client != nil {
		client.Close()
	}
	return nil, s.explain(err)
}

// inspect asks the server what it has agreed to.
func (s *settings) inspect(client rueidis.Client) error {
	ctx, cancel := context.WithTimeout(context.Background(), s.Timeout)
	defer cancel()
	if err := s.inspectPassword(ctx, client); err != nil {
		return err
	}
	return s.inspectTracking(ctx, client)
}

// inspectPassword finds out whether the server has one: to HELLO, a server
// without a password takes any. Only AUTH with nothing but a password tells.
func (s *settings) inspectPassword(ctx context.Context, client rueidis.Client) error {
	if s.password == "" || s.user != "" && s.user != "default" {
		return nil
	}
	reply, refused := rueidis.IsRedisErr(client.Do(ctx, client.B().Auth().Password(s.password).Build()).Error())
	if refused && strings.HasPrefix(reply.Error(), "AUTH <password> called without any password") {
		return errNoPassword
	}
	return nil
}

// inspectTracking finds out whether the server will announce changes. Where it
// would not, every read would be tried in vain. On a cluster the one node that is
// asked may be down, while the others serve.
func (s *settings) inspectTracking(ctx context.Context, client rueidis.Client) error {
	if s.cache == 0 {
		return nil
	}
	b := client.B()
	r := client.DoMulti(ctx, b.Pttl().Key(s.Prefix+cachedKind).Build(), b.ClientCaching().Yes().Build(), b.Ping().Build())
	pttl, caching := r[0].Error(), r[1].Error()
	if _, refused := rueidis.IsRedisErr(caching); refused {
		return errNoTracking
	}
	if reply, refused := rueidis.IsRedisErr(pttl); refused && strings.HasPrefix(reply.Error(), "NOPERM") {
		return errNoTracking
	}
	switch {
	case s.topology == cluster:
		return nil
	case pttl != nil: // not joined with the other: only a reply of its own is known for one, and not quoted
		return pttl
	}
	return caching
}

// explain tells apart what rueidis reports alike: a server that speaks TLS, or
// does not, and one that is out of reach.
func (s *settings) explain(err error) error {
	var record tls.RecordHeaderError
	switch {
	case errors.Is(err, rueidis.ErrNoCache):
		return errNoTracking
	case s.network != "tcp":
		return err
	case s.tls && (isSilence(err) || isBroken(err) || errors.As(err, &record)):
		if s.answersInPlain() {
			return errPlainServer
		}
	case !s.tls && (isBroken(err) || strings.Contains(err.Error(), tlsAlert)):
		if s.speaksTLS() {
			return errTLSServer
		}
	}
	return err
}

// tlsAlert is how rueidis takes the first byte of a TLS alert.
const tlsAlert = "unknown message type: 21"

func (s *settings) answersInPlain() bool {
	conn, err := s.probe()
	if err != nil {
		return false
	}
	defer conn.Close()
	var reply [1]byte
	if _, err := io.WriteString(conn, "*1\r\n$4\r\nPING\r\n"); err != nil {
		return false
	}
	_, err = io.ReadFull(conn, reply[:])
	return err == nil && (reply[0] == '+' || reply[0] == '-')
}

// speaksTLS checks no certificate, and sends nothing: it only asks whether there
// would be one.
func (s *settings) speaksTLS() bool {
	conn, err := s.probe()
	if err != nil {
		return false
	}
	defer conn.Close()
	err = tls.Client(conn, &tls.Config{InsecureSkipVerify: true}).Handshake()
	var alert tls.AlertError
	return err == nil || errors.As(err, &alert)
}

// probe opens a connection for a moment.
func (s *settings) probe() (net.Conn, error) {
	moment := s.Timeout / 4
	conn, err := net.DialTimeout(s.network, s.addrs[0], moment)
	if err == nil {
		err = conn.SetDeadline(time.Now().Add(moment))
	}
	return conn, err
}
