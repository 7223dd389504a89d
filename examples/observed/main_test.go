package main

import (
	"strings"
	"testing"
	"time"

	"github.com/wxsession/wxsession/examples/internal/demotest"
)

func TestMain(m *testing.M) { demotest.Main(m, main) }

func TestWhatIsWatchedIsExposed(t *testing.T) {
	s := newStage(t)
	s.everyday()
	s.troubles()
	exposed := s.scrape()
	t.Run("the dashboard's queries", func(t *testing.T) { checkDashboard(t, exposed) })
	t.Run("the alerts", func(t *testing.T) { checkAlerts(t, exposed) })
	t.Run("nothing else of ours is exposed than what is documented", func(t *testing.T) { checkNames(t, exposed) })
	t.Run("spans arrive, and nothing holds a secret", s.checkExported)
}

// checkExported looks for secrets in all that has left the example.
func (s *stage) checkExported(t *testing.T) {
	names := []string{"wxsession.login", "wxsession.authenticate", "wxsession.renew", "wxsession.revoke", "near", "swap", code2Session, "GET /api/me"}
	for end := time.Now().Add(10 * time.Second); ; time.Sleep(50 * time.Millisecond) {
		missing := ""
		for _, name := range names {
			if !strings.Contains(s.collector.text(), name) {
				missing = name
			}
		}
		if missing == "" {
			break
		}
		if time.Now().After(end) {
			t.Fatalf("there is no span %s", missing)
		}
	}
	_, metrics := get(t, s.url+"/metrics", "")
	for what, secret := range s.secrets {
		for where, text := range map[string]string{"a metric": metrics, "a span": s.collector.text()} {
			if strings.Contains(text, secret) {
				t.Errorf("%s is in %s", what, where)
			}
		}
	}
	if len(s.secrets) < 15 || strings.Contains(metrics, "127.0.0.1") {
		t.Errorf("there are %d secrets, or an address is a label:\n%s", len(s.secrets), metrics)
	}
}

// With nothing set, the example brings its own WeChat, and spans go to stdout.
func TestTheExampleRunsWithNothingSet(t *testing.T) {
	url := demotest.Start(t)
	if status, _ := get(t, url+"/api/me", ""); status != 401 {
		t.Errorf("status %d", status)
	}
	_, metrics := get(t, url+"/metrics", "")
	if n := parse(t, metrics).sum(t, `wxsession_refusals_total{error_type="no_session", http_response_status_code="401"}`); n != 1 {
		t.Errorf("%v refusals were counted", n)
	}
}

// checkNames compares what is exposed with the table in wxotel's documentation.
func checkNames(t *testing.T, s scrape) {
	want := map[string]bool{"target_info": true}
	for _, name := range []string{"wxsession_operation_duration_seconds", "db_client_operation_duration_seconds", "wxsession_wechat_call_duration_seconds"} {
		for _, suffix := range []string{"_count", "_sum", "_bucket"} {
			want[name+suffix] = true
		}
	}
	for _, name := range []string{"wxsession_refusals_total", "wxsession_sessions_ended_total", "wxsession_store_entries", "wxsession_near_cache_reads_total", "wxsession_breaker_open"} {
		want[name] = true
	}
	for name := range s {
		if !want[name] {
			t.Errorf("%s is exposed", name)
		}
		delete(want, name)
	}
	for name := range want {
		t.Errorf("%s is not exposed", name)
	}
}
