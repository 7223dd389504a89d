package wxapi_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/wxsession/wxsession/core/wxapi"
)

// consuming are the calls that use something up at WeChat: a code, a quota, or
// the token or key that was valid before.
var consuming = []string{
	"code2Session", "component code2Session", "getPhoneNumber", "getPluginOpenPId",
	"ResetUserSessionKey", "getAccessToken", "getStableAccessToken",
}

// dyingServer keeps connections open until it is told to die: then it reads one
// more request from each, and resets it without an answer.
type dyingServer struct {
	*httptest.Server
	gate  chan struct{} // holds warm-up requests until all connections are open
	dying atomic.Bool
	warm  atomic.Int32
	seen  atomic.Int32
}

func newDyingServer(t *testing.T) *dyingServer {
	s := &dyingServer{gate: make(chan struct{})}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		if !s.dying.Load() {
			s.warm.Add(1)
			<-s.gate
			return
		}
		s.seen.Add(1)
		conn, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		conn.(*net.TCPConn).SetLinger(0)
		conn.Close()
	}))
	t.Cleanup(s.Close)
	return s
}

// warmUp leaves n idle connections in the pool of hc, and then the server dies.
func (s *dyingServer) warmUp(t *testing.T, hc *http.Client, n int) {
	t.Helper()
	var wg sync.WaitGroup
	for range n {
		wg.Go(func() {
			resp, err := hc.Get(s.URL)
			if err != nil {
				t.Error(err)
				return
			}
			io.Copy(io.Discard, resp.Body)
			resp.Body.Close()
		})
	}
	for s.warm.Load() < int32(n) {
		time.Sleep(time.Millisecond)
	}
	close(s.gate)
	wg.Wait()
	s.dying.Store(true)
}

func pool() *http.Transport { return &http.Transport{MaxIdleConnsPerHost: 100} }

// wrapped is a transport as libraries for tracing and metrics make them.
type wrapped struct{ inner http.RoundTripper }

func (w wrapped) RoundTrip(r *http.Request) (*http.Response, error) {
	return w.inner.RoundTrip(r.Clone(r.Context()))
}

// One call, one request, however many idle connections turn out to be dead.
func TestConsumingCallsArriveOnce(t *testing.T) {
	for name, transport := range map[string]http.RoundTripper{"plain": pool(), "wrapped": wrapped{pool()}} {
		for _, op := range consuming {
			t.Run(name+" "+op, func(t *testing.T) {
				s := newDyingServer(t)
				hc := &http.Client{Transport: transport}
				s.warmUp(t, hc, 30)
				err := callOnce(t, op, wxapi.Config{Bases: []string{s.URL}, HTTPClient: hc})
				wantError(t, err, wxapi.KindUnavailable)
				if n := s.seen.Load(); n != 1 {
					t.Errorf("%d requests arrived: %v", n, err)
				}
			})
		}
	}
}

// callOnce makes one call with planted values.
func callOnce(t *testing.T, op string, cfg wxapi.Config) error {
	t.Helper()
	cfg.AppID, cfg.Secret, cfg.Tokens = "wx1", plantedSecret, fixed(plantedToken)
	if op == "component code2Session" {
		p, err := wxapi.NewComponent(cfg, func(context.Context) (wxapi.Secret, error) { return plantedToken, nil })
		if err != nil {
			t.Fatal(err)
		}
		_, err = p.Code2Session(t.Context(), "wx2", plantedCode)
		return err
	}
	c, err := wxapi.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	_, err = endpoints[op](t.Context(), c)
	return err
}

// unwritable is a connection that broke while it was idle, and of which nobody
// has noticed: its next write fails.
type unwritable struct {
	net.Conn
	broken *atomic.Bool
}

var errUnwritable = errors.New("cannot write")

func (c unwritable) Write(b []byte) (int, error) {
	if c.broken.Load() {
		return 0, errUnwritable
	}
	return c.Conn.Write(b)
}

// What certainly was not sent is sent on another connection.
func TestUnsentRequestsAreSentAgain(t *testing.T) {
	for _, op := range consuming {
		var seen atomic.Int32
		srv := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			io.Copy(io.Discard, r.Body)
			if r.URL.Path != "/" {
				seen.Add(1)
			}
		}))
		defer srv.Close()
		var broken atomic.Bool
		var dialed int
		hc := &http.Client{Transport: &http.Transport{
			DialContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
				conn, err := new(net.Dialer).DialContext(ctx, network, addr)
				if dialed++; dialed == 1 {
					conn = unwritable{conn, &broken}
				}
				return conn, err
			},
		}}
		resp, err := hc.Get(srv.URL)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		broken.Store(true)
		if err = callOnce(t, op, wxapi.Config{Bases: []string{srv.URL}, HTTPClient: hc}); errors.Is(err, errUnwritable) {
			t.Errorf("%s: %v", op, err)
		}
		if n := seen.Load(); n != 1 || dialed != 2 {
			t.Errorf("%s: %d requests on %d connections: %v", op, n, dialed, err)
		}
	}
}

// Whatever guards against repetition does not show on the wire: a GET has no
// body and no word of one.
func TestGuardDoesNotShowOnTheWire(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	got := make(chan string, 1)
	go func() {
		conn, err := l.Accept()
		if err != nil {
			return
		}
		defer conn.Close()
		var all []byte
		for buf := make([]byte, 4096); !strings.HasSuffix(string(all), "\r\n\r\n"); {
			n, err := conn.Read(buf)
			if err != nil {
				break
			}
			all = append(all, buf[:n]...)
		}
		// What comes after the header would be a body.
		conn.SetReadDeadline(time.Now().Add(20 * time.Millisecond))
		rest, _ := io.ReadAll(conn)
		fmt.Fprint(conn, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")
		got <- string(all) + string(rest)
	}()
	callOnce(t, "code2Session", wxapi.Config{Bases: []string{"http://" + l.Addr().String()}})
	want := "GET /sns/jscode2session?appid=wx1&secret=appsecret%2B%2F%3Dplanted&grant_type=authorization_code&js_code=code-planted HTTP/1.1\r\n" +
		"Host: " + l.Addr().String() + "\r\nUser-Agent: Go-http-client/1.1\r\n\r\n"
	if text := <-got; text != want {
		t.Errorf("got  %q\nwant %q", text, want)
	}
}

// An application's client may speak HTTP/2, where the guard is a body of no bytes.
func TestConsumingCallsOverHTTP2(t *testing.T) {
	wx := newWeChat(t)
	var bodies []string
	srv := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b, err := io.ReadAll(r.Body)
		bodies = append(bodies, fmt.Sprint(r.Proto, " ", r.Method, " ", string(b), " ", err))
		r.Body = io.NopCloser(strings.NewReader(string(b)))
		wx.ServeHTTP(w, r)
	}))
	srv.EnableHTTP2 = true
	srv.StartTLS()
	defer srv.Close()
	c := newClient(t, wx, withTokens(&tokens{wx: wx}), func(c *wxapi.Config) {
		c.Bases, c.HTTPClient = []string{srv.URL}, srv.Client()
	})
	if _, err := c.Code2Session(t.Context(), wx.Code("o1")); err != nil {
		t.Error(err)
	}
	code := wx.PhoneCode("o1", "13580006666")
	if _, err := c.PhoneNumber(t.Context(), code, ""); err != nil {
		t.Error(err)
	}
	want := []string{"HTTP/2.0 GET  <nil>", `HTTP/2.0 POST {"code":"` + code + `"} <nil>`}
	if !slices.Equal(bodies, want) {
		t.Errorf("got %q, want %q", bodies, want)
	}
}
