package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"math/big"
	"strings"
	"testing"
	"time"
)

// TestACertificateDoesNotSteerTheTerminal: whoever answers in the store's place
// chooses the names in it.
func TestACertificateDoesNotSteerTheTerminal(t *testing.T) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	tmpl := &x509.Certificate{
		SerialNumber: big.NewInt(1), DNSNames: []string{"\x1b]0;PWNED\x07.example"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, tmpl, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	l, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() { _ = c.(*tls.Conn).Handshake(); c.Close() }()
		}
	}()
	addr := strings.Replace(l.Addr().String(), "127.0.0.1", "localhost", 1)
	service(t, map[string]string{"WX_STORE": "rediss://" + addr + "?timeout=2s"})
	r := run(t, "sessions", "list", "--openid", "o-alice").want(t, exitFailed, "PWNED", "looks closer")
	if strings.ContainsAny(r.out+r.err, "\x1b\x07") {
		t.Errorf("the terminal gets %q", r.err)
	}
}
