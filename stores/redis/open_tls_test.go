package redis_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/wxsession/wxsession/internal/testserver"
	"github.com/wxsession/wxsession/stores/storetest"
)

func TestConformsOverTLS(t *testing.T) {
	t.Parallel()
	server, cert := startTLS(t)
	storetest.Run(t, harness(withOption("rediss://"+server.Addr, "tls_ca", cert)))

	for dsn, want := range map[string]string{
		"rediss://" + server.Addr: "x509",
		withOption("rediss://"+server.Addr+"?tls_server_name=other.example", "tls_ca", cert): "other.example",
		"rediss://" + server.Addr + "?insecure_skip_verify=true":                             "",
	} {
		// Beside the other tests a handshake may take longer than a default call,
		// and then the reason would be the time.
		err := open(t, withOption(dsn, "timeout", "10s")).Delete(t.Context(), "s:k")
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v; want an error with %q", dsn, err, want)
		}
	}
}

// startTLS runs a server that speaks nothing but TLS, with a certificate that
// only those know who are told.
func startTLS(t *testing.T) (server *testserver.Process, certFile string) {
	t.Helper()
	cert, key := certificate(t)
	return testserver.Start(t, "redis-server", func(port int, dir string) []string {
		return []string{"--port", "0", "--tls-port", strconv.Itoa(port), "--bind", "127.0.0.1", "--dir", dir, "--save", "",
			"--tls-cert-file", cert, "--tls-key-file", key, "--tls-ca-cert-file", cert, "--tls-auth-clients", "no"}
	}), cert
}

// certificate makes one that signs itself, for 127.0.0.1.
func certificate(t *testing.T) (certFile, keyFile string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	c := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, c, c, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return writePEM(t, "CERTIFICATE", der), writePEM(t, "PRIVATE KEY", keyDER)
}

func writePEM(t *testing.T, kind string, der []byte) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "pem")
	if err := os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}
