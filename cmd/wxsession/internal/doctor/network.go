package doctor

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"os"
	"syscall"
	"time"
)

// connect opens a connection, to see whether that can be done.
func connect(ctx context.Context, network, addr string) (net.Conn, error) {
	ctx, cancel := within(ctx, patience)
	defer cancel()
	conn, err := new(net.Dialer).DialContext(ctx, network, addr)
	if err == nil {
		err = conn.SetDeadline(time.Now().Add(patience))
	}
	return conn, err
}

// problem is what is wrong, and what to do.
type problem struct{ what, do string }

// networkProblem says in words why addr cannot be reached. where names what
// holds the address.
func networkProblem(err error, addr, where string) problem {
	var dns *net.DNSError
	switch {
	case errors.As(err, &dns) && dns.IsNotFound:
		return problem{"the name in " + addr + " does not resolve", "mend the host in " + where + ", or this machine's DNS"}
	case errors.As(err, &dns):
		return problem{"the DNS does not tell where " + addr + " is", "see to this machine's DNS (/etc/resolv.conf)"}
	case errors.Is(err, syscall.ECONNREFUSED):
		return problem{"nothing listens at " + addr, "start the server, or mend host and port in " + where}
	case isTimeout(err):
		return problem{addr + " does not answer", "see whether its host is up, and let firewalls and security groups pass this machine"}
	case errors.Is(err, syscall.EHOSTUNREACH), errors.Is(err, syscall.ENETUNREACH):
		return problem{"there is no route to " + addr, "see to this machine's network, or mend the host in " + where}
	case errors.Is(err, os.ErrNotExist):
		return problem{"there is no socket " + addr, "start the server, or mend the path in " + where}
	case errors.Is(err, os.ErrPermission):
		return problem{"this user may not use the socket " + addr, "give it the right to write to the socket"}
	case isCut(err):
		return problem{addr + " accepts connections and ends them", "see the server's log: it may want TLS, or trust other addresses only"}
	}
	return problem{addr + " cannot be reached", "see to the network between here and there"}
}

func isTimeout(err error) bool {
	var n net.Error
	return errors.Is(err, context.DeadlineExceeded) || errors.Is(err, os.ErrDeadlineExceeded) || errors.As(err, &n) && n.Timeout()
}

// handshake speaks TLS over an open connection, then says first and waits for a
// reply: a server that wants a client's certificate refuses only what comes after
// the handshake.
func handshake(conn net.Conn, cfg *tls.Config, host, first string) (tls.ConnectionState, error) {
	own := cfg.Clone()
	if own.ServerName == "" {
		own.ServerName = host
	}
	secure := tls.Client(conn, own)
	if err := secure.Handshake(); err != nil {
		return secure.ConnectionState(), err
	}
	_, err := fmt.Fprint(secure, first)
	if err == nil {
		_, err = secure.Read(make([]byte, 1))
	}
	return secure.ConnectionState(), err
}
