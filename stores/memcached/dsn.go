package memcached

import (
	"errors"
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/wxsession/wxsession/stores/internal/dsn"
)

const scheme = "memcached://"

// settings is a data source name, taken apart.
type settings struct {
	Options
	maxIdle  int
	selector *Selector
}

// dsnOptions is the table in the documentation of Open.
var dsnOptions = []dsn.Option[settings]{
	{Name: "max_conns", Want: "a number from 1 to 65535", Set: dsn.Number(1, 1<<16-1, func(s *settings, n int) { s.MaxConns = n })},
	{Name: "max_idle", Want: "a number from 1 to 65535", Set: dsn.Number(1, 1<<16-1, func(s *settings, n int) { s.maxIdle = n })},
	{Name: "prefix", Want: fmt.Sprintf("1 to %d bytes of visible ASCII", maxPrefix), Set: func(s *settings, v string) bool {
		s.Prefix = v
		return v != "" && fitForKeys(v)
	}},
	{Name: "timeout", Want: "a duration from 10ms to 1m, such as 500ms", Set: dsn.Duration(10*time.Millisecond, time.Minute, func(s *settings, d time.Duration) { s.Timeout = d })},
}

// The errors of a data source name never quote it: Memcached knows no passwords,
// but somebody may have put one there.
var (
	errScheme = errors.New("memcached: a data source name begins with " + scheme)
	errUser   = errors.New("memcached: a data source name has neither user nor password nor fragment")
)

func parse(text string) (s settings, err error) {
	rest, ok := strings.CutPrefix(text, scheme)
	if !ok {
		return s, errScheme
	}
	if strings.ContainsAny(rest, "@#") {
		return s, errUser
	}
	servers, query, _ := strings.Cut(rest, "?")
	if !strings.HasPrefix(servers, "/") {
		servers = strings.TrimSuffix(servers, "/")
	}
	if s.selector, err = NewSelector(strings.Split(servers, ",")...); err != nil {
		return s, err
	}
	if err := dsn.Parse(&s, query, dsnOptions); err != nil {
		return s, fmt.Errorf("memcached: %w", err)
	}
	if s.Options, err = s.Options.withDefaults(); err == nil && s.maxIdle == 0 {
		s.maxIdle = s.MaxConns
	}
	return s, err
}

var (
	errServer = errors.New("must be host, host:port, [IPv6]:port or the path of a socket")
	errPort   = errors.New("must have a number between 1 and 65535 as its port")
	errTwice  = errors.New("is listed twice")
)

// parseServer gives every spelling of a server the same name.
func parseServer(server string) (*address, error) {
	if strings.HasPrefix(server, "/") && len(server) > 1 {
		return newAddress("unix", server), nil
	}
	host, port, err := splitHostPort(server)
	if err != nil || !validHost(host) {
		return nil, errServer
	}
	if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 {
		return nil, errPort
	}
	return newAddress("tcp", net.JoinHostPort(strings.ToLower(host), strings.TrimLeft(port, "0"))), nil
}

func splitHostPort(server string) (host, port string, err error) {
	if inner, ok := strings.CutPrefix(server, "["); ok && strings.HasSuffix(inner, "]") {
		return strings.TrimSuffix(inner, "]"), "11211", nil
	}
	if !strings.Contains(server, ":") {
		return server, "11211", nil
	}
	return net.SplitHostPort(server)
}

// validHost keeps out what no host name or IP address (with its zone) has.
func validHost(host string) bool {
	return host != "" && !slices.ContainsFunc([]byte(host), func(c byte) bool {
		return c <= ' ' || c >= 0x7f || strings.IndexByte(`/\?,;"'<>[]{}()|&=+*!$^`+"`", c) >= 0
	})
}
