package wxotel_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.opentelemetry.io/otel/attribute"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"github.com/wxsession/wxsession/core"
	"github.com/wxsession/wxsession/core/wxtest"
	"github.com/wxsession/wxsession/stores/memory"
	"github.com/wxsession/wxsession/wxotel"
)

// world is a manager that is observed, with everything around it.
type world struct {
	*core.Manager
	t      *testing.T
	wx     *wxtest.Server
	store  *store
	now    func() time.Time
	pass   func(time.Duration)
	reader *sdkmetric.ManualReader
	traces *tracetest.InMemoryExporter
}

func newWorld(t *testing.T, change func(*core.Config)) *world {
	t.Helper()
	var mu sync.Mutex
	now := time.Unix(1_700_000_000, 0)
	w := &world{t: t, reader: sdkmetric.NewManualReader(), traces: tracetest.NewInMemoryExporter()}
	w.now = func() time.Time { mu.Lock(); defer mu.Unlock(); return now }
	w.pass = func(d time.Duration) { mu.Lock(); defer mu.Unlock(); now = now.Add(d) }
	w.wx = wxtest.NewServer(wxtest.Options{Now: w.now})
	t.Cleanup(w.wx.Close)
	mem, err := memory.New(memory.Options{Now: w.now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { mem.Close() })
	w.store = &store{WrappedStore: core.WrappedStore{Store: mem}}
	o, err := wxotel.New(wxotel.Options{
		MeterProvider:  sdkmetric.NewMeterProvider(sdkmetric.WithReader(w.reader)),
		TracerProvider: sdktrace.NewTracerProvider(sdktrace.WithSyncer(w.traces)),
		Store:          "redis://",
	})
	if err != nil {
		t.Fatal(err)
	}
	cfg := core.Config{
		AppID: w.wx.AppID, Secret: core.NewSecret(w.wx.Secret), APIBase: w.wx.URL, Now: w.now, Observe: o,
		PhoneRoute: true, Logger: slog.New(slog.DiscardHandler),
	}
	if change != nil {
		change(&cfg)
	}
	if w.Manager, err = core.New(cfg, w.store); err != nil {
		t.Fatal(err)
	}
	registered, err := o.Register(w.Manager)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = registered.Unregister() })
	return w
}

func (w *world) login(openID string) (string, *core.Session) {
	w.t.Helper()
	token, s, err := w.Login(w.t.Context(), core.LoginRequest{Code: w.wx.Code(openID)})
	w.ok(err)
	return token, s
}

func (w *world) ok(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// store can be down, loses a race on demand, and says of itself what it is told to.
type store struct {
	core.WrappedStore
	mu     sync.Mutex
	down   error
	beaten bool
	stats  core.StoreStats
}

func (s *store) set(change func()) { s.mu.Lock(); defer s.mu.Unlock(); change() }

func (s *store) Get(ctx context.Context, key string) ([]byte, error) {
	if err := s.failure(); err != nil {
		return nil, err
	}
	return s.Store.Get(ctx, key)
}

func (s *store) AppendGet(ctx context.Context, dst []byte, key string) ([]byte, error) {
	v, err := s.Get(ctx, key)
	return append(dst, v...), err
}

func (s *store) Swap(ctx context.Context, key string, old, new []byte, ttl time.Duration) error {
	if err := s.failure(); err != nil {
		return err
	}
	s.mu.Lock()
	beaten := s.beaten && old != nil
	s.beaten = s.beaten && !beaten
	s.mu.Unlock()
	if beaten {
		return core.ErrConflict
	}
	return s.Store.Swap(ctx, key, old, new, ttl)
}

func (s *store) Delete(ctx context.Context, key string) error {
	if err := s.failure(); err != nil {
		return err
	}
	return s.Store.Delete(ctx, key)
}

func (s *store) failure() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.down
}

func (s *store) Stats() core.StoreStats {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.stats
}

func (w *world) collect() metricdata.ResourceMetrics {
	w.t.Helper()
	var rm metricdata.ResourceMetrics
	w.ok(w.reader.Collect(context.Background(), &rm))
	return rm
}

// values returns every series as name{key=value …}, with its count or value.
func (w *world) values() map[string]int64 {
	w.t.Helper()
	found := map[string]int64{}
	for _, scope := range w.collect().ScopeMetrics {
		for _, m := range scope.Metrics {
			switch data := m.Data.(type) {
			case metricdata.Histogram[float64]:
				for _, p := range data.DataPoints {
					found[seriesName(m.Name, p.Attributes)] = int64(p.Count)
				}
			case metricdata.Sum[int64]:
				for _, p := range data.DataPoints {
					found[seriesName(m.Name, p.Attributes)] = p.Value
				}
			case metricdata.Gauge[int64]:
				for _, p := range data.DataPoints {
					found[seriesName(m.Name, p.Attributes)] = p.Value
				}
			default:
				w.t.Fatalf("%s is a %T", m.Name, data)
			}
		}
	}
	return found
}

func seriesName(name string, set attribute.Set) string {
	var labels []string
	for _, kv := range set.ToSlice() {
		labels = append(labels, fmt.Sprintf("%s=%s", kv.Key, kv.Value.String()))
	}
	return name + "{" + strings.Join(labels, " ") + "}"
}

// paths returns the spans since the last time, each with those above it: its own
// kind, its attributes and its status at the end.
func (w *world) paths() map[string]int {
	w.t.Helper()
	spans := w.traces.GetSpans()
	w.traces.Reset()
	byID := map[string]tracetest.SpanStub{}
	for _, s := range spans {
		byID[s.SpanContext.SpanID().String()] = s
	}
	found := map[string]int{}
	for _, s := range spans {
		path := s.Name
		for up, ok := byID[s.Parent.SpanID().String()]; ok; up, ok = byID[up.Parent.SpanID().String()] {
			path = up.Name + ">" + path
		}
		set := attribute.NewSet(s.Attributes...)
		found[strings.TrimSpace(fmt.Sprintf("%s %s %s %s", path, s.SpanKind, seriesName("", set), s.Status.Description))]++
	}
	return found
}

// wantAll checks that found has counted every one of the names, and tells what it has.
func wantAll[V int | int64](t *testing.T, what string, found map[string]V, names ...string) {
	t.Helper()
	for _, name := range names {
		if found[name] == 0 {
			t.Errorf("%s: there is no\n\t%s\nbut\n\t%s", what, name, strings.Join(slices.Sorted(maps.Keys(found)), "\n\t"))
		}
	}
}

// exported is everything that has left the process, as text.
func (w *world) exported() string {
	w.t.Helper()
	rm := w.collect()
	text, err := json.Marshal(rm)
	w.ok(err)
	spans := w.traces.GetSpans()
	more, err := json.Marshal(spans)
	w.ok(err)
	return fmt.Sprintf("%s\n%s\n%+v\n%+v", text, more, rm, spans)
}
