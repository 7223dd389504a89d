package doctor

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"time"

	"github.com/wxsession/wxsession/core"
	"github.com/wxsession/wxsession/stores/memcached"
)

// memServer is one Memcached of the list.
type memServer struct {
	addr net.Addr
	only bool              // there is no other
	said map[string]string // version, and what stats says; of stats settings with "settings " before it
}

func (d *Doctor) checkMemcached(ctx context.Context, f findings, store core.Store) {
	selector, options, err := memcached.ParseDSN(d.cfg.Store)
	if err != nil { // Open has taken it just now
		f.fail("store.dsn", err.Error(), "mend "+mendDSN)
		return
	}
	var servers []*memServer
	_ = selector.Each(func(addr net.Addr) error {
		servers = append(servers, &memServer{addr: addr})
		return nil
	})
	if len(servers) > 1 {
		f.ok("store.dsn", "it lists %d servers; all instances have to list the same ones, by the same names", len(servers))
	}
	all, listing := d.newSample(f, options.Prefix), 0
	for _, s := range servers {
		s.only = len(servers) == 1
		if ctx.Err() != nil || !s.enter(ctx, f) {
			continue
		}
		s.check(ctx, f, d)
		s.checkWrites(ctx, f, store, selector, options)
		s.checkLatency(ctx, f, options.Timeout)
		if all != nil && s.checkValues(ctx, f, all, store, selector, max(1, maxSample/len(servers))) {
			listing++
		}
	}
	if listing > 0 {
		all.judge(f)
	}
}

// boundedReader reads answers: whatever listens there must not fill the memory.
func boundedReader(conn net.Conn) *bufio.Reader {
	const most = 64 << 20
	return bufio.NewReader(io.LimitReader(conn, most))
}

// enter asks the server what it is, and reports whether it answers.
func (s *memServer) enter(ctx context.Context, f findings) bool {
	conn, err := connect(ctx, s.addr.Network(), s.addr.String())
	if err != nil {
		s.lost(f, networkProblem(err, s.addr.String(), mendDSN))
		return false
	}
	defer conn.Close()
	s.said = map[string]string{}
	r := boundedReader(conn)
	version, err := s.ask(conn, r, "version")
	if err != nil && version == "" { // it may be a Memcached: it said nothing
		p := networkProblem(err, s.addr.String(), mendDSN)
		if isCut(err) {
			p.do += "; the store speaks neither TLS nor SASL to Memcached"
		}
		s.lost(f, p)
		return false
	}
	if err != nil || !strings.HasPrefix(version, "VERSION ") {
		f.fail("store.connect", "what answers at "+s.addr.String()+" does not speak Memcached's text protocol", "name a Memcached without TLS and SASL, which the store does not speak")
		return false
	}
	s.said["version"] = strings.TrimPrefix(version, "VERSION ")
	f.ok("store.connect", "%s accepts connections", s.addr)
	if errors.Join(s.readStats(conn, r, "stats", ""), s.readStats(conn, r, "stats settings", "settings ")) != nil {
		f.skip("memcached.memory", s.addr.String()+": the server does not tell (stats)", "")
		s.said = map[string]string{"version": s.said["version"]}
	}
	return true
}

// lost says what it means that the server cannot be asked.
func (s *memServer) lost(f findings, p problem) {
	who := "its share of the users gets 503"
	if s.only {
		who = "all users get 503"
	}
	f.fail("store.connect", p.what+": "+who, p.do)
}

func (s *memServer) ask(conn net.Conn, r *bufio.Reader, question string) (string, error) {
	if _, err := fmt.Fprintf(conn, "%s\r\n", question); err != nil {
		return "", err
	}
	line, err := r.ReadString('\n')
	return strings.TrimSpace(line), err
}

var errNoStats = errors.New("no statistics")

// readStats reads lines of STAT name value, up to END.
func (s *memServer) readStats(conn net.Conn, r *bufio.Reader, question, prefix string) error {
	line, err := s.ask(conn, r, question)
	for err == nil && line != "END" {
		rest, found := strings.CutPrefix(line, "STAT ")
		if !found {
			return errNoStats
		}
		name, value, _ := strings.Cut(rest, " ")
		s.said[prefix+name] = value
		line, err = r.ReadString('\n')
		line = strings.TrimSpace(line)
	}
	return err
}

func (s *memServer) number(name string) int64 {
	n, _ := strconv.ParseInt(s.said[name], 10, 64)
	return n
}

// smallItem is a size of items that a user's record could reach.
const smallItem = 64 << 10

func (s *memServer) check(_ context.Context, f findings, d *Doctor) {
	where := s.addr.String() + ": "
	if s.said["settings cas_enabled"] == "no" {
		f.fail("memcached.version", where+"compare-and-swap is off", "start it without -C")
	} else {
		f.ok("memcached.version", "%sMemcached %s", where, s.said["version"])
	}
	if len(s.said) == 1 {
		return
	}
	s.checkMemory(f, where)
	if limit := s.number("settings item_size_max"); limit > 0 && limit < smallItem {
		f.warn("memcached.items", fmt.Sprintf("%sitems may have %s at most: the record of a user with many sessions, or much in a session's attributes, does not fit", where, size(limit)), "start it with -I 1m")
	} else {
		f.ok("memcached.items", "%sitems may have %s", where, size(limit))
	}
	if now := s.number("time"); now > 0 {
		// Whole seconds, of a clock that ticks once a second.
		s.checkClock(f, time.Unix(now, 0).Add(time.Second/2).Sub(d.now()), d.lifetime())
	}
}

func (s *memServer) checkMemory(f findings, where string) {
	const more = "raise -m; a session that is evicted is a log-out, a user's record that is evicted leaves sessions that nobody can list or end"
	limit, used, evictions := s.number("limit_maxbytes"), s.number("bytes"), s.number("evictions")
	conns, most := s.number("curr_connections"), s.number("max_connections")
	switch {
	case evictions > 0:
		f.warn("memcached.memory", fmt.Sprintf("%sit has evicted %s since its start, with %s", where, plural(int(evictions), "value"), size(limit)), more)
	case limit > 0 && used > limit/10*8:
		f.warn("memcached.memory", fmt.Sprintf("%s%s of %s are used", where, size(used), size(limit)), more)
	case most > 0 && conns > most/10*8:
		f.warn("memcached.memory", fmt.Sprintf("%s%d of %d connections are in use", where, conns, most), "raise -c, or lower max_conns in "+mendDSN)
	default:
		f.ok("memcached.memory", "%s%s of %s are used, nothing was evicted", where, size(used), size(limit))
	}
}

// dated is the ttl from which on Memcached goes by its own host's clock, for which
// the store allows an hour.
const (
	dated     = 30 * 24 * time.Hour
	dateSlack = time.Hour
)

func (s *memServer) checkClock(f findings, ahead, lifetime time.Duration) {
	whose := "that of " + s.addr.String()
	if lifetime >= dated && ahead > dateSlack {
		f.fail("store.clock", fmt.Sprintf("this machine's clock is %v behind %s, which forgets values of more than 30 days too early then", round(ahead), whose), "keep the clocks by NTP")
		return
	}
	judgeClock(f, "store.clock", whose, ahead, time.Second)
}

// checkWrites goes by the service's own client, with a key that this server has.
func (s *memServer) checkWrites(ctx context.Context, f findings, store core.Store, selector *memcached.Selector, o memcached.Options) {
	key := newKey()
	for range 10_000 { // the selector asks nobody
		if at, err := selector.PickServer(o.Prefix + key); err != nil || at == s.addr {
			break
		}
		key = newKey()
	}
	if err := tryVerbs(ctx, store, key); err != nil {
		p := storeProblem(err, "see the server's log")
		f.fail("store.write", p.what, p.do)
		return
	}
	f.ok("store.write", "%s: a value was written, compared and swapped, read back and removed", s.addr)
}

func (s *memServer) checkLatency(ctx context.Context, f findings, timeout time.Duration) {
	conn, err := connect(ctx, s.addr.Network(), s.addr.String())
	if err != nil {
		f.fail("store.latency", s.addr.String()+" has ceased to answer", "see its log")
		return
	}
	defer conn.Close()
	r := boundedReader(conn)
	l, err := measure(ctx, func(ctx context.Context) error {
		if err := errors.Join(ctx.Err(), conn.SetDeadline(time.Now().Add(patience))); err != nil {
			return err
		}
		_, err := s.ask(conn, r, "version")
		return err
	})
	if err != nil {
		f.fail("store.latency", s.addr.String()+" has ceased to answer", "see its log")
		return
	}
	judgeLatency(f, s.addr.String()+": ", l, timeout)
}
