package main

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"

	"github.com/alexedwards/scs/v2/memstore"
)

// socketRounds is how often each service gets a second of load, in turn.
const socketRounds = 9

// service is a handler behind a socket, as it is in life. This process serves, on
// one core; wrk, Redis and memcached share another.
type service struct {
	what  string
	limit float64
	pair  pair
	plain bool // the route without a session

	url, script string
}

// load is what one service was seen to do in one round.
type load struct{ cpu, perSecond float64 } // ns of this process per request; requests per second

func overSockets(b *bench) ([]Row, error) {
	b.elsewhere = true
	services, err := b.services()
	if err != nil {
		return nil, err
	}
	for i := range services {
		if err := b.listen(&services[i]); err != nil {
			return nil, err
		}
	}
	seen := make([][]load, len(services))
	n := socketRounds
	if b.quick {
		n = 1
	}
	for round := range n {
		for j := range services {
			i := (round + j) % len(services)
			l, err := b.wrk(services[i])
			if err != nil {
				return nil, fmt.Errorf("%s: %w", services[i].what, err)
			}
			seen[i] = append(seen[i], l)
		}
	}
	rows := []Row{forInformation("18", services[0].what, 1, figures(seen[0]))}
	for i, s := range services[1:] {
		ratios := make([]float64, n)
		for round := range ratios {
			ratios[round] = seen[i+1][round].cpu / seen[0][round].cpu
		}
		rows = append(rows, atMost("18", "the same: "+s.what, median(ratios), s.limit, figures(seen[i+1])))
	}
	return rows, nil
}

func figures(all []load) string {
	var cpu, perSecond []float64
	for _, l := range all {
		cpu, perSecond = append(cpu, l.cpu), append(perSecond, l.perSecond)
	}
	return fmt.Sprintf("%s, %.0f requests/s", duration(median(cpu)), median(perSecond))
}

// services begins with the one that the others are measured by.
func (b *bench) services() ([]service, error) {
	m, tokens, err := b.inMemory(users)
	if err != nil {
		return nil, err
	}
	jwt, err := onGinJWT(b.ctx)
	if err != nil {
		return nil, err
	}
	scs := scsManager(memstore.New())
	theirs, err := scsLogin(b.ctx, scs, users)
	if err != nil {
		return nil, err
	}
	all := []service{
		{what: "over sockets, 64 connections: CPU of the service's process (its store's server not counted) for a request to a bare gin handler", pair: oursOnGin(m, tokens), plain: true},
		{what: "gin, memory store", limit: 1.10, pair: oursOnGin(m, tokens)},
		{what: "gin, memory store, `With`", limit: 1.10, pair: withOnGin(m, tokens)},
	}
	redis, err := b.redis()
	if err != nil {
		return nil, err
	}
	memcached, err := b.memcached()
	if err != nil {
		return nil, err
	}
	for _, o := range []struct {
		what, dsn string
		limit     float64
	}{
		{"gin, near cache", "redis://" + redis + "?prefix=near:&cache=100000", 1.15},
		{"gin, Redis", "redis://" + redis, 1.5},
		{"gin, Redis, flush_delay=20us", "redis://" + redis + "?prefix=delay:&flush_delay=20us", 1.5},
		{"gin, Memcached", "memcached://" + memcached, 0},
	} {
		pair, err := b.oursOver(o.dsn)
		if err != nil {
			return nil, err
		}
		all = append(all, service{what: o.what, limit: o.limit, pair: pair})
	}
	return append(all,
		service{what: "gin-jwt (HS256)", pair: jwt},
		service{what: "net/http, scs memstore with idle expiry", pair: onSCS(scs, theirs)}), nil
}

func (b *bench) oursOver(dsn string) (pair, error) {
	m, err := b.open(dsn)
	if err != nil {
		return pair{}, err
	}
	tokens, err := b.login(m, users)
	return oursOnGin(m, tokens), err
}

// listen serves s, and writes the script that has wrk send the requests of its
// users in turn.
func (b *bench) listen(s *service) error {
	r := s.pair.routes[1]
	if s.plain {
		r = s.pair.routes[0]
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	server := &http.Server{Handler: r.handler}
	b.atEnd(func() { _ = server.Close() })
	go func() { _ = server.Serve(l) }()
	dir, err := os.MkdirTemp("", "peerbench-")
	if err != nil {
		return err
	}
	b.atEnd(func() { _ = os.RemoveAll(dir) })
	s.url, s.script = "http://"+l.Addr().String()+r.path, filepath.Join(dir, "wrk.lua")
	return os.WriteFile(s.script, []byte(r.lua()), 0o600)
}

// lua makes the requests before the load begins.
func (t route) lua() string {
	var s strings.Builder
	s.WriteString("local values, requests, i = {\n")
	for _, value := range t.values {
		fmt.Fprintf(&s, "%q,\n", value)
	}
	fmt.Fprintf(&s, `}, {}, 0
function init()
	for j, value in ipairs(values) do
		requests[j] = wrk.format("GET", wrk.path, {[%q] = value})
	end
end
function request()
	i = i %% #requests + 1
	return requests[i]
end
`, t.header)
	return s.String()
}

var (
	wrkTotal = regexp.MustCompile(`(\d+) requests in `)
	wrkRate  = regexp.MustCompile(`Requests/sec: +([\d.]+)`)
)

// wrk loads s for a second.
func (b *bench) wrk(s service) (load, error) {
	before, err := cpuTime()
	if err != nil {
		return load{}, err
	}
	out, err := b.command("wrk", "-t1", "-c"+strconv.Itoa(parallel), "-d1s", "-s", s.script, s.url).Output()
	if err != nil {
		return load{}, err
	}
	after, err := cpuTime()
	if err != nil {
		return load{}, err
	}
	total, rate := wrkTotal.FindSubmatch(out), wrkRate.FindSubmatch(out)
	if total == nil || rate == nil || strings.Contains(string(out), "Non-2xx") || strings.Contains(string(out), "Socket errors") {
		return load{}, errors.New("wrk says:\n" + string(out))
	}
	n, _ := strconv.ParseFloat(string(total[1]), 64)
	perSecond, _ := strconv.ParseFloat(string(rate[1]), 64)
	return load{cpu: (after - before) / n, perSecond: perSecond}, nil
}

// cpuTime is what this process has used so far, in nanoseconds.
func cpuTime() (float64, error) {
	var used syscall.Rusage
	err := syscall.Getrusage(syscall.RUSAGE_SELF, &used)
	return float64(used.Utime.Nano() + used.Stime.Nano()), err
}
