package redis

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/wxsession/wxsession/stores/internal/dsn"
)

// settings is a DSN, taken apart.
type settings struct {
	Options
	topology topology
	network  string // tcp or unix
	addrs    []string
	master   string // of Sentinel
	user     string
	password string
	db       int

	conns      int // 0: one
	buffer     int
	flushDelay time.Duration
	cache      int

	tls          bool
	plain        bool // tls=false
	ca           string
	serverName   string
	skipVerify   bool
	sentinelUser string
	sentinelPass string
}

type topology int

const (
	single topology = iota
	cluster
	sentinel
)

// The errors of a DSN never quote it: a password that was not percent-encoded
// may stand anywhere in it.
var (
	errScheme = errors.New("redis: the DSN must begin with redis://, rediss://, redis+unix://, redis+cluster:// or redis+sentinel://")
	errEncode = fmt.Errorf("redis: %w", dsn.ErrMalformed)
	errHost   = errors.New("redis: the DSN must name host, host:port, or [IPv6]:port")
	errPort   = errors.New("redis: the DSN's port must be a number from 1 to 65535")
	errPath   = errors.New("redis: the DSN's path must be a database number, from 0 up")
)

// parse takes a DSN apart; see the table in the package's documentation. It
// does not use url.Parse, which knows no lists of hosts and quotes its input.
func parse(text string) (*settings, error) {
	s := &settings{network: "tcp", buffer: defaultBuffer}
	scheme, rest, _ := strings.Cut(text, "://")
	switch scheme {
	case "redis":
	case "rediss":
		s.tls = true
	case "redis+unix":
		s.network = "unix"
	case "redis+cluster":
		s.topology = cluster
	case "redis+sentinel":
		s.topology = sentinel
	default:
		return nil, errScheme
	}
	if err := s.parseRest(rest); err != nil {
		return nil, err
	}
	return s, nil
}

func (s *settings) parseRest(rest string) error {
	if strings.Contains(rest, "#") {
		return errEncode
	}
	rest, query, _ := strings.Cut(rest, "?")
	authority, path := rest, ""
	if i := strings.IndexByte(rest, '/'); i >= 0 {
		authority, path = rest[:i], rest[i+1:]
	}
	if strings.Contains(path, "@") || strings.Contains(query, "@") {
		return errEncode
	}
	hosts := authority
	if i := strings.LastIndexByte(authority, '@'); i >= 0 {
		hosts = authority[i+1:]
		if err := s.parseUser(authority[:i]); err != nil {
			return err
		}
	}
	if err := errors.Join(s.parseHosts(hosts), s.parsePath(path)); err != nil {
		return err
	}
	if err := dsn.Parse(s, query, dsnOptions); err != nil {
		return fmt.Errorf("redis: %w", err)
	}
	if err := s.check(); err != nil {
		return err
	}
	var err error
	s.Options, err = s.Options.withDefaults()
	return err
}

func (s *settings) parseUser(info string) error {
	user, password, _ := strings.Cut(info, ":")
	var err1, err2 error
	s.user, err1 = url.PathUnescape(user)
	s.password, err2 = url.PathUnescape(password)
	if err1 != nil || err2 != nil || strings.Contains(info, "@") || strings.ContainsFunc(info, blank) {
		return errEncode
	}
	return nil
}

func (s *settings) parseHosts(hosts string) error {
	if s.network == "unix" {
		if hosts != "" {
			return errors.New("redis: the DSN of a Unix socket is redis+unix:///path/of/the/socket?db=0")
		}
		return nil
	}
	list := strings.Split(hosts, ",")
	if s.topology == single && len(list) > 1 {
		return errors.New("redis: several hosts need redis+cluster:// or redis+sentinel://")
	}
	for _, h := range list {
		addr, err := withPort(h, s.defaultPort())
		if err != nil {
			return err
		}
		s.addrs = append(s.addrs, addr)
	}
	return nil
}

func (s *settings) defaultPort() string {
	if s.topology == sentinel {
		return "26379"
	}
	return "6379"
}

// withPort completes host, host:port, [IPv6] or [IPv6]:port.
func withPort(hostport, port string) (addr string, err error) {
	host := hostport
	if h, p, err := net.SplitHostPort(hostport); err == nil {
		host, port = h, p
	} else if inner, found := strings.CutPrefix(hostport, "["); found {
		var closed bool
		if host, closed = strings.CutSuffix(inner, "]"); !closed {
			return "", errHost
		}
	}
	ip := strings.HasPrefix(hostport, "[")
	if host == "" || strings.ContainsAny(host, "[]%") || strings.ContainsFunc(host, blank) ||
		ip != strings.Contains(host, ":") || ip && net.ParseIP(host) == nil {
		return "", errHost
	}
	if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 {
		return "", errPort
	}
	return net.JoinHostPort(host, port), nil
}

// blank reports whether r is white space or a control character, which somebody has
// pasted, or a .env file has left behind.
func blank(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) }

// parsePath reads the socket's path, the master's name, and the database.
func (s *settings) parsePath(path string) error {
	if s.network == "unix" {
		if path == "" {
			return errors.New("redis: the DSN names no socket: redis+unix:///path/of/the/socket")
		}
		s.addrs = []string{"/" + path}
		return nil
	}
	if s.topology == sentinel {
		if s.master, path, _ = strings.Cut(path, "/"); s.master == "" {
			return errors.New("redis: the DSN names no master: redis+sentinel://host,host/master")
		}
	}
	if path == "" {
		return nil
	}
	db, err := strconv.ParseUint(path, 10, 31)
	if err != nil {
		return errPath
	}
	s.db = int(db)
	return nil
}

// check refuses what cannot go together.
func (s *settings) check() error {
	switch {
	case s.tls && s.plain:
		return errors.New("redis: rediss:// is TLS, which tls=false contradicts: leave one of them out")
	case s.topology == cluster && s.db != 0:
		return errors.New("redis: a cluster has database 0 only")
	case s.network == "unix" && s.tls:
		return errors.New("redis: TLS over a Unix socket is not supported")
	case !s.tls && (s.ca != "" || s.serverName != "" || s.skipVerify):
		return errors.New("redis: the options of TLS need rediss:// or tls=true")
	case s.topology != sentinel && s.sentinelUser+s.sentinelPass != "":
		return errors.New("redis: sentinel_user and sentinel_password need redis+sentinel://")
	case s.cache > 0 && s.conns > 1:
		return errors.New("redis: the near cache works over one connection to each server; leave out conns or cache")
	}
	return nil
}
