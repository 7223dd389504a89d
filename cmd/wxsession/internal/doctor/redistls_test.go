package doctor_test

import (
	"crypto/x509"
	"strconv"
	"testing"
	"time"

	"github.com/wxsession/wxsession/cmd/wxsession/internal/doctor"
	"github.com/wxsession/wxsession/internal/testserver"
)

// startTLS runs a Redis that speaks nothing but TLS.
func startTLS(t *testing.T, cert, key string, extra ...string) *testserver.Process {
	t.Helper()
	return testserver.Start(t, "redis-server", func(port int, dir string) []string {
		return append([]string{"--port", "0", "--tls-port", strconv.Itoa(port), "--bind", "127.0.0.1", "--dir", dir, "--save", "", "--appendonly", "yes",
			"--maxmemory", "100mb", "--tls-cert-file", cert, "--tls-key-file", key, "--tls-ca-cert-file", cert}, extra...)
	})
}

type tlsCase struct {
	dsn   string
	check string
	s     doctor.Status
	want  []string
}

func TestTLS(t *testing.T) {
	t.Parallel()
	for name, tt := range tlsCases(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			all := visit(t, healthy(t, environment{"WX_STORE": tt.dsn}))
			all.want(t, tt.check, tt.s, tt.want...)
			if tt.s == doctor.Fail {
				all.want(t, "store.write", doctor.Skip)
				return
			}
			all.want(t, "store.write", doctor.OK)
			all.none(t, doctor.Fail)
		})
	}
}

func tlsCases(t *testing.T) map[string]tlsCase {
	t.Helper()
	cert, key := certificate(t, nil)
	good, plain := startTLS(t, cert, key, "--tls-auth-clients", "no"), startGood(t)
	strict := startTLS(t, cert, key, "--tls-auth-clients", "yes")
	expired, expiredKey := certificate(t, func(c *x509.Certificate) { c.NotAfter = time.Now().Add(-time.Minute) })
	early, earlyKey := certificate(t, func(c *x509.Certificate) { c.NotBefore = time.Now().Add(time.Hour) })
	soon, soonKey := certificate(t, func(c *x509.Certificate) { c.NotAfter = time.Now().Add(48 * time.Hour) })
	named, namedKey := certificate(t, func(c *x509.Certificate) { c.IPAddresses, c.DNSNames = nil, []string{"redis.example"} })
	old := startTLS(t, cert, key, "--tls-auth-clients", "no", "--tls-protocols", "TLSv1.1", "--tls-ciphers", "ALL:@SECLEVEL=0")
	proxy := testserver.NewProxy(t, good.Addr)
	proxy.HalfOpen()
	return map[string]tlsCase{
		"well":                     {"rediss://" + good.Addr + "?tls_ca=" + cert, "store.tls", doctor.OK, []string{"TLS 1.3", "valid"}},
		"an unknown authority":     {"rediss://" + good.Addr, "store.tls", doctor.Fail, []string{`issued by itself ("Corporate Proxy")`, "tls_ca"}},
		"not checked":              {"rediss://" + good.Addr + "?insecure_skip_verify=true", "store.tls", doctor.Warn, []string{"whoever sits in between", "tls_ca"}},
		"another name":             {"rediss://" + startTLS(t, named, namedKey, "--tls-auth-clients", "no").Addr + "?tls_ca=" + named, "store.tls", doctor.Fail, []string{"for redis.example, not for 127.0.0.1", "tls_server_name"}},
		"expired":                  {"rediss://" + startTLS(t, expired, expiredKey, "--tls-auth-clients", "no").Addr + "?tls_ca=" + expired, "store.tls", doctor.Fail, []string{"has expired", "renew"}},
		"not yet valid":            {"rediss://" + startTLS(t, early, earlyKey, "--tls-auth-clients", "no").Addr + "?tls_ca=" + early, "store.tls", doctor.Fail, []string{"valid from", "clock"}},
		"expires soon":             {"rediss://" + startTLS(t, soon, soonKey, "--tls-auth-clients", "no").Addr + "?tls_ca=" + soon, "store.tls", doctor.Warn, []string{"ends on", "renew"}},
		"wants a certificate":      {"rediss://" + strict.Addr + "?tls_ca=" + cert, "store.tls", doctor.Fail, []string{"client's certificate", "tls-auth-clients no"}},
		"too old":                  {"rediss://" + old.Addr + "?tls_ca=" + cert, "store.tls", doctor.Fail, []string{"TLS 1.2"}},
		"plain for TLS":            {"redis://" + good.Addr, "store.tls", doctor.Fail, []string{"speaks TLS", "rediss://"}},
		"plain for strict TLS":     {"redis://" + strict.Addr, "store.tls", doctor.Fail, []string{"speaks TLS", "rediss://"}},
		"plain for old TLS":        {"redis://" + old.Addr, "store.tls", doctor.Fail, []string{"speaks TLS", "rediss://"}},
		"TLS for plain":            {"rediss://" + plain.Addr, "store.tls", doctor.Fail, []string{"does not speak TLS", "redis://"}},
		"a server that hangs":      {"rediss://" + proxy.Addr, "store.tls", doctor.Fail, []string{"does not answer", "firewalls"}},
		"TLS for plain, a cluster": {"redis+cluster://" + plain.Addr + "?tls=1", "store.tls", doctor.Fail, []string{"does not speak TLS", "tls=true"}},
	}
}
