package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/wxsession/wxsession/core/wxtest"
	"github.com/wxsession/wxsession/examples/internal/demotest"
	"github.com/wxsession/wxsession/internal/testserver"
)

// stage is the example with everything around it: a WeChat, a Redis behind a
// proxy, a collector of spans.
type stage struct {
	t         *testing.T
	url       string
	wx        *wxtest.Server
	redis     *testserver.Proxy
	collector *collector
	secrets   map[string]string // what must not be exported
}

const code2Session = "/sns/jscode2session"

func newStage(t *testing.T) *stage {
	t.Helper()
	s := &stage{t: t, wx: wxtest.NewServer(), collector: newCollector(t), secrets: map[string]string{}}
	t.Cleanup(s.wx.Close)
	s.redis = testserver.NewProxy(t, testserver.StartRedis(t).Addr)
	s.secrets["the AppSecret"] = s.wx.Secret
	s.url = demotest.Start(t,
		"WX_APPID="+s.wx.AppID, "WX_SECRET="+s.wx.Secret, "WX_API_BASE="+s.wx.URL,
		"WX_STORE=redis://"+s.redis.Addr+"?cache=100", "WX_KEYS="+strings.Repeat("A", 43)+"=",
		"WX_IDLE_TIMEOUT=20s", "WX_MAX_SESSIONS=2", "WX_PHONE_ROUTE=true", "WX_LIMIT_ADDRESS=40/m", "WX_LIMIT_USER=5/m",
		"OTEL_EXPORTER_OTLP_ENDPOINT="+s.collector.url, "OTEL_BSP_SCHEDULE_DELAY=50", "OTEL_SERVICE_NAME=observed")
	return s
}

// want sends a request and checks its status.
func (s *stage) want(status int, method, path, token, body string) string {
	s.t.Helper()
	got, answer := ask(s.t, method, s.url+path, token, body)
	if got != status {
		s.t.Fatalf("%s %s: status %d, want %d; %s", method, path, got, status, answer)
	}
	return answer
}

func (s *stage) loginBody(openID string) string {
	code := s.wx.Code(openID)
	s.secrets["a code of "+openID], s.secrets["the openid "+openID] = code, openID
	return fmt.Sprintf(`{"code":%q,"device":"planted device"}`, code)
}

func (s *stage) login(openID string) string {
	s.t.Helper()
	return s.token(s.want(200, "POST", "/wx/login", "", s.loginBody(openID)))
}

func (s *stage) token(reply string) string {
	s.t.Helper()
	var body struct {
		Token string `json:"3rd_session"`
	}
	if err := json.Unmarshal([]byte(reply), &body); err != nil || body.Token == "" {
		s.t.Fatalf("no token in %s", reply)
	}
	s.secrets[fmt.Sprint("token ", len(s.secrets))] = body.Token
	return body.Token
}

func (s *stage) scrape() scrape {
	s.t.Helper()
	return parse(s.t, s.want(200, "GET", "/metrics", "", ""))
}

// until repeats something until a selector counts.
func (s *stage) until(selector string, do func()) {
	s.t.Helper()
	for end := time.Now().Add(15 * time.Second); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		if do(); s.scrape().sum(s.t, selector) > 0 {
			return
		}
	}
	s.t.Fatalf("%s counts nothing", selector)
}

// everyday is what users do.
func (s *stage) everyday() {
	s.t.Helper()
	alice := s.login("o-planted-alice")
	me := func() { s.want(200, "GET", "/api/me", alice, "") }
	s.until(`wxsession_near_cache_reads_total{wxsession_near_cache_result="hit"}`, me)
	s.until(`wxsession_operation_duration_seconds_count{wxsession_operation="renew"}`, me)
	s.want(200, "GET", "/wx/check?deep=1", alice, "")
	s.want(200, "GET", "/wx/sessions", alice, "")
	s.want(204, "POST", "/wx/logout?all=1", alice, "")
	s.want(401, "GET", "/api/me", alice, "")
	s.want(401, "GET", "/api/me", strings.Repeat("E", 43), "")
	s.want(401, "GET", "/api/me", "", "")
	s.want(200, "GET", "/healthz", "", "")

	bob := s.login("o-planted-bob")
	phone := s.wx.PhoneCode("o-planted-bob", "13580007777")
	s.secrets["a phone number"], s.secrets["a phone code"] = "13580007777", phone
	s.want(200, "POST", "/wx/phone", bob, fmt.Sprintf(`{"code":%q}`, phone))
	s.want(400, "POST", "/wx/phone", bob, `{"code":"junk"}`)
	newer := s.token(s.want(200, "POST", "/wx/rotate", bob, ""))
	s.want(200, "GET", "/api/me", newer, "")
	s.want(401, "POST", "/wx/rotate", bob, "") // as a thief would
	for range 3 {
		s.login("o-planted-carol") // one more than there may be
	}
	s.crowd()
	for _, who := range []string{"alice", "bob", "carol"} {
		s.secrets["the session_key of "+who] = s.wx.SessionKey("o-planted-" + who)
	}
}

// crowd sends requests of one session at the same time. Once a renewal is due, one
// of them writes it, and another one loses the compare-and-swap.
func (s *stage) crowd() {
	s.t.Helper()
	token := s.login("o-planted-dave")
	s.until(`db_client_operation_duration_seconds_count{db_operation_name="swap", db_response_status_code="conflict"}`, func() { s.together(token) })
}

// together sends some requests at the same time, whatever comes of them.
func (s *stage) together(token string) {
	var requests sync.WaitGroup
	for range 10 {
		requests.Go(func() { s.visit(s.t.Context(), token) })
	}
	requests.Wait()
}

// troubles is what goes wrong. The breakers stay open.
func (s *stage) troubles() {
	s.t.Helper()
	for errcode, status := range map[int]int{40029: 400, 45011: 429, 40125: 500} {
		s.fail(wxtest.Fault{ErrCode: errcode}, 6)
		for range 6 {
			s.want(status, "POST", "/wx/login", "", s.loginBody("o-planted-alice"))
		}
		s.wx.Heal()
	}
	token := s.login("o-planted-erin")
	for status := 0; status != 429; {
		status, _ = get(s.t, s.url+"/wx/check?deep=1", token)
	}
	s.fail(wxtest.Fault{Status: 502}, wxtest.Always)
	s.until(`wxsession_breaker_open{wxsession_upstream="wechat"}`, func() {
		s.want(503, "POST", "/wx/login", "", s.loginBody("o-planted-alice"))
	})
	s.redis.HalfOpen()
	s.until(`wxsession_refusals_total{error_type="store_unavailable", wxsession_reason="canceled"}`, s.leave)
	s.until(`wxsession_breaker_open{wxsession_upstream="store"}`, func() { s.together(strings.Repeat("I", 43)) })
	s.want(503, "GET", "/api/me", strings.Repeat("I", 43), "")
	for status := 0; status != 429; {
		status, _ = ask(s.t, "POST", s.url+"/wx/login", "", `{"code":"junk"}`)
	}
}

// leave does not wait for the answer.
func (s *stage) leave() {
	ctx, cancel := context.WithTimeout(s.t.Context(), 20*time.Millisecond)
	defer cancel()
	s.visit(ctx, strings.Repeat("M", 43))
}

// visit sends a request, whatever comes of it.
func (s *stage) visit(ctx context.Context, token string) {
	req, err := http.NewRequestWithContext(ctx, "GET", s.url+"/api/me", nil)
	if err != nil {
		s.t.Error(err)
		return
	}
	req.Header.Set("Authorization", "Bearer "+token)
	if res, err := http.DefaultClient.Do(req); err == nil {
		res.Body.Close()
	}
}

func (s *stage) fail(f wxtest.Fault, times int) {
	s.t.Helper()
	if err := s.wx.Fail(code2Session, f, times); err != nil {
		s.t.Fatal(err)
	}
}

// collector takes spans over OTLP.
type collector struct {
	url string
	mu  sync.Mutex
	got bytes.Buffer
}

func newCollector(t *testing.T) *collector {
	t.Helper()
	c := new(collector)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c.mu.Lock()
		defer c.mu.Unlock()
		if r.URL.Path == "/v1/traces" && r.Header.Get("Content-Encoding") == "" {
			_, _ = io.Copy(&c.got, r.Body)
		}
		w.Header().Set("Content-Type", "application/x-protobuf")
	}))
	t.Cleanup(server.Close)
	c.url = server.URL
	return c
}

// text is all that has arrived. Texts stand in the clear in it.
func (c *collector) text() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.got.String()
}
