package doctor

import (
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"syscall"
	"time"
)

// tlsWords is what to do about a certificate, which differs by whose it is.
type tlsWords struct {
	host      string // whom the client asked for
	authority string // it was issued by somebody unknown
	name      string // it is for another name
	plain     string // what answers does not speak TLS
}

// tlsProblem says in words why a TLS handshake failed; false if err speaks of
// something else.
func tlsProblem(err error, w tlsWords, now time.Time) (problem, bool) {
	var certificate *tls.CertificateVerificationError
	var record tls.RecordHeaderError
	switch {
	case errors.As(err, &certificate):
		return certificateProblem(certificate, w, now), true
	case errors.As(err, &record), errors.Is(err, http.ErrSchemeMismatch):
		return problem{"what answers at " + w.host + " does not speak TLS", w.plain}, true
	case strings.Contains(err.Error(), "certificate required"), strings.Contains(err.Error(), "bad certificate"):
		return wantsCertificate(w.host), true
	case strings.Contains(err.Error(), "protocol version"):
		return problem{w.host + " speaks no TLS newer than 1.1", "let the server speak TLS 1.2 or 1.3"}, true
	case isAlert(err):
		return problem{w.host + " refuses the TLS handshake", "see the server's log"}, true
	}
	return problem{}, false
}

func wantsCertificate(host string) problem {
	return problem{host + " wants a client's certificate", "let the server do without (Redis: tls-auth-clients no): clients are told apart by their password"}
}

func certificateProblem(err *tls.CertificateVerificationError, w tlsWords, now time.Time) problem {
	var unknown x509.UnknownAuthorityError
	var name x509.HostnameError
	leaf := &x509.Certificate{}
	if len(err.UnverifiedCertificates) > 0 {
		leaf = err.UnverifiedCertificates[0]
	}
	switch {
	case errors.As(err.Err, &unknown):
		return problem{fmt.Sprintf("the certificate of %s was issued by %s, whom this machine does not trust", w.host, issuer(leaf)), w.authority}
	case errors.As(err.Err, &name):
		return problem{fmt.Sprintf("the certificate is for %s, not for %s", names(leaf), w.host), w.name}
	case now.After(leaf.NotAfter):
		return problem{fmt.Sprintf("the certificate of %s has expired on %s", w.host, leaf.NotAfter.UTC().Format(time.DateOnly)), "renew it, or set this machine's clock, if that is wrong"}
	case now.Before(leaf.NotBefore):
		return problem{fmt.Sprintf("the certificate of %s is valid from %s only", w.host, leaf.NotBefore.UTC().Format(time.DateTime)), "set this machine's clock"}
	}
	return problem{"the certificate of " + w.host + " is not valid: " + err.Err.Error(), "have another one issued"}
}

// issuer names who has signed a certificate. The text is the certificate's own.
func issuer(c *x509.Certificate) string {
	if c.Issuer.String() == c.Subject.String() {
		return "itself (" + shortName(c.Issuer) + ")"
	}
	return shortName(c.Issuer)
}

func shortName(n pkix.Name) string {
	text := n.CommonName
	if len(n.Organization) > 0 && n.Organization[0] != text {
		text = strings.TrimSpace(n.Organization[0] + " " + text)
	}
	if text == "" {
		return "an authority without a name"
	}
	return fmt.Sprintf("%q", bounded(text, 80))
}

func names(c *x509.Certificate) string {
	all := c.DNSNames
	for _, ip := range c.IPAddresses {
		all = append(all[:len(all):len(all)], ip.String())
	}
	if len(all) == 0 {
		return "no name at all (subject " + shortName(c.Subject) + ")"
	}
	return bounded(strings.Join(all, ", "), 120)
}

func bounded(s string, n int) string {
	if len(s) <= n {
		return s
	}
	return strings.ToValidUTF8(s[:n], "") + "…"
}

// soon is how long before its end a certificate is worth a warning.
const soon = 14 * 24 * time.Hour

// expiresSoon returns the certificate of a chain that ends first, if that is soon.
func expiresSoon(state tls.ConnectionState, now time.Time) (time.Time, bool) {
	if len(state.PeerCertificates) == 0 {
		return time.Time{}, false
	}
	end := state.PeerCertificates[0].NotAfter
	return end, end.Sub(now) < soon
}

// isAlert reports whether the other side has refused in TLS.
func isAlert(err error) bool {
	var op *net.OpError
	return errors.As(err, &op) && op.Op == "remote error"
}

// isCut reports whether the other side ended the connection.
func isCut(err error) bool {
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE)
}
