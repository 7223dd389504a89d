package demo

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/wxsession/wxsession/core"
)

// Server runs an example.
type Server struct {
	prefix string
	sim    *simulation // nil: the real WeChat
	unread bool        // WX_API_BASE is set, and the simulated WeChat is asked
	ends   []func()
}

// NewServer prepares the server of an application with this configuration. If
// it names no app, NewServer starts a simulated WeChat and makes cfg use it.
func NewServer(cfg *core.Config) *Server {
	s := &Server{prefix: cmp.Or(cfg.Prefix, "/wx")}
	if s.prefix == "/" {
		s.prefix = ""
	}
	if cfg.AppID == "" && cfg.Secret.IsZero() && len(cfg.Apps) == 0 {
		s.unread = cfg.APIBase != ""
		s.sim = newSimulation(cfg, s.prefix)
	}
	return s
}

// Watch returns store for core.New. Where WeChat is simulated, the page at / can
// show its calls, and stop it.
func (s *Server) Watch(store core.Store) core.Store {
	if s.sim == nil {
		return store
	}
	return newStoreTap(store, &s.sim.tap, &s.sim.down)
}

// OnShutdown has end called when the server begins to end: for what keeps
// requests waiting.
func (s *Server) OnShutdown(end func()) { s.ends = append(s.ends, end) }

// grace is what requests have to end after SIGTERM. It leaves some of the five
// seconds in which the process has promised to be gone.
const grace = 3 * time.Second

// Run serves h on ADDR (default :8080; port 0 takes a free one) until SIGINT or
// SIGTERM. Requests that run then may end; after that it returns nil. With a
// simulated WeChat anybody can log in as anybody, so it listens on loopback,
// unless ADDR names another host.
func (s *Server) Run(h http.Handler) error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	addr := s.listenAddr(os.Getenv("ADDR"))
	if _, _, err := net.SplitHostPort(addr); err != nil {
		return fmt.Errorf("cannot read ADDR (%w): write it like :8080 or localhost:8080", err)
	}
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return fmt.Errorf("cannot serve at %s (ADDR): %w", addr, err)
	}
	srv, err := s.newHTTPServer(h)
	if err != nil {
		return err
	}
	failed := make(chan error, 1)
	go func() { failed <- srv.Serve(l) }()
	s.greet(os.Stdout, address(l.Addr()))
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	}
	stop() // a second signal ends the process at once
	s.shutdown(srv)
	return nil
}

// newHTTPServer has time-outs beyond the 30 s that a poll of a website login may
// wait.
func (s *Server) newHTTPServer(h http.Handler) (*http.Server, error) {
	srv := &http.Server{
		Handler:           h,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       40 * time.Second,
		IdleTimeout:       2 * time.Minute,
	}
	for _, end := range s.ends {
		srv.RegisterOnShutdown(end)
	}
	if s.sim == nil {
		return srv, nil
	}
	srv.RegisterOnShutdown(s.sim.tap.journal.close)
	var err error
	srv.Handler, err = s.sim.serve(h)
	return srv, err
}

func (s *Server) listenAddr(addr string) string {
	addr = cmp.Or(addr, ":8080")
	if s.sim != nil && strings.HasPrefix(addr, ":") {
		return "localhost" + addr
	}
	return addr
}

func (s *Server) shutdown(srv *http.Server) {
	ctx, cancel := context.WithTimeout(context.Background(), grace)
	defer cancel()
	if err := srv.Shutdown(ctx); err != nil {
		_ = srv.Close() // cuts off what still runs
	}
	if s.sim != nil {
		s.sim.close()
	}
}

// The lines need nothing but a POSIX shell, curl and sed.
const curlLines = `
To log in as alice and call the API, as her mini program would:

code=$(curl -sS "%[1]s/devtools/code?user=alice" | sed 's/.*"code":"\([^"]*\)".*/\1/')
token=$(curl -sS %[1]s%[2]s/login -d "{\"code\":\"$code\"}" | sed 's/.*"3rd_session":"\([^"]*\)".*/\1/')
curl -sS -w '\n' %[1]s/api/me -H "Authorization: Bearer $token"

`

func (s *Server) greet(w io.Writer, url string) {
	if s.sim == nil {
		fmt.Fprintf(w, "listening on %s, the login routes are under %s%s/\n", url, url, s.prefix)
		return
	}
	fmt.Fprintf(w, "listening on %s\n", url)
	fmt.Fprintln(w, "WX_APPID is not set: WeChat is simulated in this process")
	if s.unread {
		fmt.Fprintln(w, "WX_API_BASE is not used: it goes with WX_APPID and WX_SECRET, set them too")
	}
	fmt.Fprintf(w, "Open %s/ in a browser to see what happens.\n", url)
	fmt.Fprintf(w, curlLines, url, s.prefix)
}

// address is how the server is reached from this machine.
func address(a net.Addr) string {
	host, port, err := net.SplitHostPort(a.String())
	if err != nil {
		return "http://" + a.String()
	}
	if ip := net.ParseIP(host); ip.IsUnspecified() {
		host = "localhost"
	}
	return "http://" + net.JoinHostPort(host, port)
}
