package demo

import (
	"cmp"
	"context"
	"net"
	"net/http"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/wxsession/wxsession/core"
	"github.com/wxsession/wxsession/core/wxtest"
)

// Server runs an example.
type Server struct {
	prefix string
	sim    *wxtest.Server // nil: the real WeChat
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
		s.sim = wxtest.NewServer()
		cfg.AppID, cfg.Secret, cfg.APIBase = s.sim.AppID, core.NewSecret(s.sim.Secret), s.sim.URL
	}
	return s
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
	l, err := net.Listen("tcp", s.listenAddr(os.Getenv("ADDR")))
	if err != nil {
		return err
	}
	srv := &http.Server{
		Handler:           s.withDevtools(h),
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       40 * time.Second, // a poll of a website login may take 30 s
		IdleTimeout:       2 * time.Minute,
	}
	for _, end := range s.ends {
		srv.RegisterOnShutdown(end)
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
		s.sim.Close()
	}
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
