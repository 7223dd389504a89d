package nethttpwx_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/wxsession/wxsession/core"
	"github.com/wxsession/wxsession/core/wxtest"
	"github.com/wxsession/wxsession/nethttpwx"
	"github.com/wxsession/wxsession/stores/memory"
)

// refused returns the login route and a request to it that the limit of an
// address refuses.
func refused(tb testing.TB) (http.Handler, *http.Request) {
	tb.Helper()
	store, err := memory.New(memory.Options{})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = store.Close() })
	sim := wxtest.NewServer()
	tb.Cleanup(sim.Close)
	wx, err := core.New(core.Config{
		AppID: sim.AppID, Secret: core.NewSecret(sim.Secret), APIBase: sim.URL, LimitAddress: core.Rate{N: 1, Per: time.Hour},
	}, store)
	if err != nil {
		tb.Fatal(err)
	}
	mux := http.NewServeMux()
	nethttpwx.Mount(mux, wx)
	for range 2 {
		mux.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("POST", "/wx/login", strings.NewReader("{}")))
	}
	return mux, httptest.NewRequest("POST", "/wx/login", untouchable{})
}

// untouchable is a body that nobody may read.
type untouchable struct{}

func (untouchable) Read([]byte) (int, error) { panic("the body of a refused request is read") }

// rawWriter keeps nothing but the header.
type rawWriter struct {
	header http.Header
	status int
}

func (w *rawWriter) Header() http.Header         { return w.header }
func (w *rawWriter) WriteHeader(status int)      { w.status = status }
func (w *rawWriter) Write(b []byte) (int, error) { return len(b), nil }

// TestCostOfARefusal: strangers can have as many as they like, so that each costs
// little, and nothing for its body.
func TestCostOfARefusal(t *testing.T) {
	h, r := refused(t)
	w := &rawWriter{header: http.Header{}}
	got := testing.AllocsPerRun(100, func() {
		clear(w.header)
		h.ServeHTTP(w, r)
	})
	if got > 11+lostByRace {
		t.Errorf("a refusal allocates %v times, want %d", got, 11+lostByRace)
	}
	if w.status != http.StatusTooManyRequests || w.header.Get("Retry-After") != "3600" {
		t.Errorf("status %d, Retry-After %q", w.status, w.header.Get("Retry-After"))
	}
}

func BenchmarkRefusal(b *testing.B) {
	h, r := refused(b)
	w := &rawWriter{header: http.Header{}}
	b.ReportAllocs()
	for b.Loop() {
		clear(w.header)
		h.ServeHTTP(w, r)
	}
	if w.status != http.StatusTooManyRequests {
		b.Errorf("status %d", w.status)
	}
}
