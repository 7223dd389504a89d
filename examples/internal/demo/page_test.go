package demo

import (
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/wxsession/wxsession/core"
)

func TestThePageHasEverythingInIt(t *testing.T) {
	w := newWorld(t)
	r := w.send("GET", "/", "")
	if r.status != 200 || r.header.Get("Content-Type") != "text/html; charset=utf-8" {
		t.Fatalf("the page is answered %d, %s", r.status, r.header.Get("Content-Type"))
	}
	if r := w.send("HEAD", "/", ""); r.status != 200 {
		t.Errorf("HEAD of the page is answered %d", r.status)
	}
	for _, forbidden := range []string{
		`(?i)<[^>]*\s(src|href|action|data)\s*=\s*["']?(https?:)?//`, // from elsewhere
		`(?i)<link[^>]*stylesheet`, `(?i)<script[^>]*\ssrc`, `@import`, `url\(`,
		`(?i)<[a-z][^>]*\son[a-z]+\s*=`, // inline handlers
		`(?i)<[a-z][^>]*\sstyle\s*=`,
		`innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function`,
		`/\* (style|module|client|script) \*/`, // a place that was not filled
	} {
		if found := regexp.MustCompile(forbidden).FindString(r.body); found != "" {
			t.Errorf("the page has %q in it", found)
		}
	}
}

func TestThePolicyLetsRunWhatIsInThePageAndNothingElse(t *testing.T) {
	w := newWorld(t)
	r := w.send("GET", "/", "")
	policy := r.header.Get("Content-Security-Policy")
	inline := regexp.MustCompile(`(?s)<(script|style)[^>]*>(.*?)</(script|style)>`).FindAllStringSubmatch(r.body, -1)
	if len(inline) != 4 {
		t.Fatalf("the page has %d scripts and styles, want 4", len(inline))
	}
	allowed := 0
	for _, part := range inline {
		directive := regexp.MustCompile(part[1] + "-src [^;]*").FindString(policy)
		if !strings.Contains(directive, digest(part[2])) {
			t.Errorf("the policy %s has no digest of the %s that begins with %.40q", policy, part[1], part[2])
		}
	}
	allowed = strings.Count(policy, "'sha256-")
	if allowed != len(inline) || strings.Contains(policy, "unsafe") || strings.Contains(policy, "*") || strings.Contains(policy, "http") {
		t.Errorf("the policy lets in more than is there: %s", policy)
	}
	for _, directive := range []string{"default-src 'none'", "connect-src 'self'", "base-uri 'none'", "form-action 'none'", "frame-ancestors 'self'", "require-trusted-types-for 'script'"} {
		if !strings.Contains(policy, directive) {
			t.Errorf("the policy lacks %s", directive)
		}
	}
	for name, want := range map[string]string{
		"Cache-Control": "no-store", "Referrer-Policy": "no-referrer", "X-Content-Type-Options": "nosniff", "Cross-Origin-Opener-Policy": "same-origin",
	} {
		if got := r.header.Get(name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
}

func TestThePageHasTheClientOfTheMiniProgram(t *testing.T) {
	client, err := os.ReadFile("../../../client/wxsession.js")
	if err != nil {
		t.Fatal(err)
	}
	copied, err := os.ReadFile("page/wxsession.js")
	if err != nil {
		t.Fatal(err)
	}
	if string(copied) != string(client) {
		t.Error("page/wxsession.js is not client/wxsession.js: copy it")
	}
	w := newWorld(t)
	if r := w.send("GET", "/", ""); !strings.Contains(r.body, "<script>"+string(client)+"</script>") {
		t.Error("the page has not the client as it is")
	}
	if found := regexp.MustCompile(`(?i)</script|<!--`).FindString(string(client)); found != "" {
		t.Errorf("the client cannot stand in a page: it has %s in it", found)
	}
}

// With an appid, secrets that pass are real ones.
func TestWithAnAppIDThereIsNoPageAndNothingBehindIt(t *testing.T) {
	cfg := core.Config{AppID: "wx1", Secret: core.NewSecret("s"), Logger: slog.New(slog.DiscardHandler)}
	s := NewServer(&cfg)
	store := bare{}
	if s.sim != nil || cfg.HTTPClient != nil || cfg.Now != nil || cfg.APIBase != "" {
		t.Errorf("the configuration was changed: %+v", cfg)
	}
	if s.Watch(store) != core.Store(store) {
		t.Error("the store is watched")
	}
	app := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if exchangeOf(r.Context()) != nil || r.Header.Get(pageHeader) == "" {
			t.Error("the request is recorded")
		}
		w.WriteHeader(http.StatusNotFound)
		_, _ = io.WriteString(w, "the application's")
	})
	srv, err := s.newHTTPServer(app)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range [][2]string{
		{"GET", "/"}, {"GET", "/?view=site"}, {"GET", "/devtools/state"}, {"GET", "/devtools/events"}, {"GET", "/devtools/code"},
		{"GET", "/devtools/encrypt"}, {"POST", "/devtools/encrypt"}, {"GET", "/devtools/phonecode"},
		{"POST", "/devtools/clock"}, {"POST", "/devtools/store"}, {"POST", "/devtools/wechat"},
	} {
		rec := httptest.NewRecorder()
		r := httptest.NewRequest(c[0], c[1], nil)
		r.Header.Set(pageHeader, "a b")
		srv.Handler.ServeHTTP(rec, r)
		if rec.Code != 404 || rec.Body.String() != "the application's" {
			t.Errorf("%s %s is answered %d %s", c[0], c[1], rec.Code, rec.Body)
		}
	}
}
