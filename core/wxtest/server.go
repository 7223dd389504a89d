package wxtest

import (
	"log"
	"net/http"
	"net/http/httptest"
	"sync"
	"time"
)

// Options adjust a Server. The zero value is WeChat as it usually behaves.
type Options struct {
	// AppID and Secret of the default app; empty means made-up constants.
	AppID, Secret string

	// Now is the server's clock; nil means time.Now. Advance moves either.
	Now func() time.Time

	// UnionIDs binds all apps to one Open Platform account: logins give a
	// unionid, the same one in every app for a name passed to App.OpenID.
	UnionIDs bool

	// KeyLifetime is how long a session_key lives unused: 0 means 72 h. WeChat
	// does not publish its own figure.
	KeyLifetime time.Duration

	// KeyMinAge is the age below which a login keeps the session_key: 0 means
	// 5 minutes, a negative one that every login issues a new key. WeChat does
	// not publish its own figure.
	KeyMinAge time.Duration

	// Errorf learns of mistakes in the use of the server, such as a misspelt path
	// in Fail: pass the test's t.Errorf. Nil means log.Printf.
	Errorf func(format string, args ...any)

	// SecretFirst checks the secret before the code. Which one WeChat checks
	// first is not known; a test may want both.
	SecretFirst bool

	// FailuresConsume lets a refused presentation use the code up, as some have
	// observed at WeChat.
	FailuresConsume bool

	// Whitelist, if not empty, holds the IP addresses and prefixes (CIDR) that
	// may fetch access tokens; others get 40164. WeChat checks it there only.
	Whitelist []string
}

// Server is a WeChat in this process. Its methods are safe for concurrent use;
// its fields are for reading.
type Server struct {
	*App // the default app

	URL string // base of the API, such as http://127.0.0.1:41234

	opts Options
	http *httptest.Server
	done chan struct{} // closed by Close: ends what hangs
	once sync.Once

	mu        sync.Mutex
	offset    time.Duration // added to the clock by Advance
	apps      map[string]*App
	platforms map[string]*platform
	names     map[string]string // openid → name, for unionids
	codes     codes
	tokens    map[string]*token
	// messages holds the hashes of encrypted phone numbers.
	messages map[string]time.Time
	plans    map[string][]*plan
	calls    map[string]int
	log      []Request
}

// NewServer starts a Server on a free loopback port. It takes at most one
// Options, and panics if it cannot listen, as httptest.NewServer does.
func NewServer(opts ...Options) *Server {
	s := &Server{
		done:      make(chan struct{}),
		apps:      map[string]*App{},
		platforms: map[string]*platform{},
		names:     map[string]string{},
		tokens:    map[string]*token{},
		messages:  map[string]time.Time{},
		plans:     map[string][]*plan{},
		calls:     map[string]int{},
	}
	if len(opts) > 0 {
		s.opts = opts[0]
	}
	s.opts.setDefaults()
	s.App = s.AddApp(s.opts.AppID, s.opts.Secret)
	s.http = httptest.NewServer(s)
	s.URL = s.http.URL
	return s
}

func (o *Options) setDefaults() {
	if o.AppID == "" {
		o.AppID = "wx0123456789abcdef"
	}
	if o.Secret == "" {
		o.Secret = "5ec2e75ec2e75ec2e75ec2e75ec2e75e"
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Errorf == nil {
		o.Errorf = log.Printf
	}
	if o.KeyLifetime == 0 {
		o.KeyLifetime = 72 * time.Hour
	}
	if o.KeyMinAge == 0 {
		o.KeyMinAge = 5 * time.Minute
	}
}

// Close ends the requests that hang, then stops the server. It may be called twice.
func (s *Server) Close() {
	s.once.Do(func() {
		close(s.done)
		s.http.Close()
	})
}

// Advance moves the server's clock forward, so that codes, keys and tokens age.
func (s *Server) Advance(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.offset += d
}

// now needs s.mu.
func (s *Server) now() time.Time { return s.opts.Now().Add(s.offset) }

// ServeHTTP answers as api.weixin.qq.com would, so that a Server can be mounted
// elsewhere too: behind TLS, or in a program of its own.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	rq := read(r)
	f := s.arrive(rq)
	if !s.hold(r.Context(), f) || f.Reset {
		s.record(rq, 0)
		abort(w)
		return
	}
	rp := s.answer(rq, f)
	s.record(rq, rp.errcode)
	if f.LoseReply {
		abort(w)
		return
	}
	rp.write(w)
}

// answer lets the request take effect, unless the fault says otherwise.
func (s *Server) answer(rq *request, f Fault) *reply {
	s.mu.Lock()
	defer s.mu.Unlock()
	e := endpoints[rq.path]
	rp := &reply{sns: e.sns, hinted: e.hinted, fault: f, now: s.now()}
	switch {
	case f.ErrCode != 0 && f.ErrMsg != "":
		rp.refuseAs(f.ErrCode, f.ErrMsg)
	case f.ErrCode != 0:
		rp.refuse(f.ErrCode)
	case f.Status == 0:
		s.serve(e, rq, rp)
	}
	return rp
}
