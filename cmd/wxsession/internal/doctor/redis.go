package doctor

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/wxsession/wxsession/core"
	"github.com/wxsession/wxsession/stores/redis"
)

// redisVisit is one visit to Redis or Valkey.
type redisVisit struct {
	d       *doctor
	f       findings
	target  *redis.Target // more patient than the DSN says
	timeout time.Duration // as the DSN says
	store   core.Store    // the service's own
	nodes   []*node       // that take writes: the server, Sentinel's master, the cluster's masters
}

func (d *doctor) checkRedis(ctx context.Context, f findings, store core.Store) {
	target, err := redis.ParseDSN(d.cfg.Store)
	if err != nil { // Open has taken it just now
		f.fail("store.dsn", err.Error(), "mend "+mendDSN)
		return
	}
	v := &redisVisit{d: d, f: f, target: target, timeout: target.Timeout, store: store}
	target.Timeout = max(target.Timeout, patience)
	defer v.leave()
	up := v.connect(ctx)
	if len(up) == 0 || !v.findNodes(ctx, up) {
		f.skip("store.write", "without a server that can be used there is nothing more to look at", "")
		return
	}
	v.warmUp(ctx)
	for _, step := range []func(context.Context){
		v.checkVersion, v.checkRights, v.checkMemory, v.checkEviction, v.checkPersistence, v.checkReplicas,
		v.checkWrites, v.checkCache, v.checkLatency, v.checkClock, v.checkValues,
	} {
		if ctx.Err() == nil {
			step(ctx)
		}
	}
}

// warmUp has the store make its connection, which may take longer than a call.
func (v *redisVisit) warmUp(ctx context.Context) {
	p, ok := v.store.(core.Pinger)
	for range 5 {
		if !ok || p.Ping(ctx) == nil {
			return
		}
	}
}

func (v *redisVisit) leave() {
	for _, n := range v.nodes {
		n.client.Close()
	}
}

// connect returns those of the DSN's addresses that can be talked to.
func (v *redisVisit) connect(ctx context.Context) (up []string) {
	tell := v.f.fail
	for _, addr := range v.target.Addrs {
		conn, err := connect(ctx, v.target.Network, addr)
		if err != nil {
			if len(v.target.Addrs) > 1 {
				tell = v.f.warn // the others may do
			}
			p := networkProblem(err, addr, mendDSN)
			tell("store.connect", p.what, p.do)
			continue
		}
		if v.checkTLS(ctx, conn, addr) {
			up = append(up, addr)
		}
		conn.Close()
	}
	switch {
	case len(up) == 1:
		v.f.ok("store.connect", "%s accepts connections", up[0])
	case len(up) > 1:
		v.f.ok("store.connect", "%d of the %d addresses accept connections", len(up), len(v.target.Addrs))
	case len(v.target.Addrs) > 1:
		v.f.fail("store.connect", "none of the addresses can be used", "start the servers, or mend "+mendDSN)
	}
	return up
}

// checkTLS reports whether the server speaks what the DSN says.
func (v *redisVisit) checkTLS(ctx context.Context, conn net.Conn, addr string) bool {
	if v.target.Network != "tcp" {
		return true
	}
	if v.target.TLS == nil {
		return v.checkPlain(ctx, conn, addr)
	}
	host, _, _ := net.SplitHostPort(addr)
	state, err := handshake(conn, v.target.TLS, host, ping)
	if err != nil {
		p := v.tlsProblem(ctx, err, addr)
		if state.HandshakeComplete && isCut(err) { // its word of why may be lost
			p = wantsCertificate(addr)
		}
		v.f.fail("store.tls", p.what, p.do)
		return false
	}
	if v.target.TLS.InsecureSkipVerify {
		v.f.warn("store.tls", "the certificate is not checked (insecure_skip_verify): whoever sits in between reads and writes sessions", "name the authority that issued it with tls_ca=/path/of/ca.pem")
	} else if end, near := expiresSoon(state, v.d.now()); near {
		v.f.warn("store.tls", fmt.Sprintf("the certificate of %s ends on %s", addr, end.UTC().Format(time.DateOnly)), "renew it before")
	} else {
		v.f.ok("store.tls", "%s speaks %s, and its certificate is valid", addr, tls.VersionName(state.Version))
	}
	return true
}

func (v *redisVisit) tlsProblem(ctx context.Context, err error, addr string) problem {
	words := tlsWords{
		host:      addr,
		authority: "name that authority's certificate with tls_ca=/path/of/ca.pem in " + mendDSN,
		name:      "say the certificate's name with tls_server_name=… in " + mendDSN + ", or have one issued for this host",
		plain:     "use redis:// in place of rediss:// (or leave out tls=true), or name the server's TLS port",
	}
	if p, ok := tlsProblem(err, words, v.d.now()); ok {
		return p
	}
	// A server that speaks none waits for the end of a command, or hangs up. So do others.
	if conn, dialled := connect(ctx, v.target.Network, addr); dialled == nil {
		defer conn.Close()
		if answersPing(conn) == nil {
			return problem{addr + " does not speak TLS", words.plain}
		}
	}
	return networkProblem(err, addr, mendDSN)
}

// checkPlain finds servers that speak TLS where the DSN asks for none.
func (v *redisVisit) checkPlain(ctx context.Context, conn net.Conn, addr string) bool {
	err := answersPing(conn)
	if err == nil {
		return true
	}
	if again, dialled := connect(ctx, v.target.Network, addr); dialled == nil {
		defer again.Close()
		if state, err := handshake(again, &tls.Config{InsecureSkipVerify: true}, addr, ping); err == nil && state.HandshakeComplete {
			v.f.fail("store.tls", addr+" speaks TLS, and the DSN asks for none", "use rediss:// in place of redis://, or tls=true")
			return false
		}
	}
	p := networkProblem(err, addr, mendDSN)
	if errors.Is(err, errNoRedis) {
		p = problem{"what answers at " + addr + " is no Redis", "mend the port in " + mendDSN}
	}
	v.f.fail("store.connect", p.what, p.do)
	return false
}

const ping = "*1\r\n$4\r\nPING\r\n"

var errNoRedis = errors.New("no Redis")

// answersPing returns nil for a server that answers in plain, an error too: it may
// want a password first.
func answersPing(conn net.Conn) error {
	first := make([]byte, 1)
	_, err := fmt.Fprint(conn, ping)
	if err == nil {
		_, err = conn.Read(first)
	}
	if err == nil && first[0] != '+' && first[0] != '-' {
		return errNoRedis
	}
	return err
}
