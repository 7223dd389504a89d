package wxotel_test

import (
	"context"
	"fmt"
	"log/slog"
	"testing"

	"go.opentelemetry.io/otel/sdk/metric"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
	"go.opentelemetry.io/otel/trace/noop"

	"github.com/wxsession/wxsession/core"
	"github.com/wxsession/wxsession/stores/memory"
	"github.com/wxsession/wxsession/wxotel"
)

// discard is an exporter that keeps nothing.
type discard struct{}

func (discard) ExportSpans(context.Context, []sdktrace.ReadOnlySpan) error { return nil }
func (discard) Shutdown(context.Context) error                             { return nil }

// nothing is an Observer: what the seam itself costs.
type nothing struct{}

func (nothing) Begin(ctx context.Context, _ core.Event) context.Context { return ctx }
func (nothing) End(context.Context, core.Event)                         {}

func newObserver(tb testing.TB, provider trace.TracerProvider) *wxotel.Observer {
	tb.Helper()
	o, err := wxotel.New(wxotel.Options{
		MeterProvider:  metric.NewMeterProvider(metric.WithReader(metric.NewManualReader())),
		TracerProvider: provider,
	})
	if err != nil {
		tb.Fatal(err)
	}
	return o
}

func sampled(tb testing.TB, sampler sdktrace.Sampler) *sdktrace.TracerProvider {
	p := sdktrace.NewTracerProvider(sdktrace.WithSampler(sampler), sdktrace.WithBatcher(discard{}))
	tb.Cleanup(func() { _ = p.Shutdown(context.Background()) })
	return p
}

// named is an IdentityProvider that takes the code for the openid.
type named struct{}

func (named) Identify(_ context.Context, r core.LoginRequest) (core.Identity, error) {
	return core.Identity{OpenID: r.Code}, nil
}

// loggedIn returns a manager on the memory store, with sessions.
func loggedIn(tb testing.TB, o core.Observer) (*core.Manager, []string) {
	tb.Helper()
	store, err := memory.New(memory.Options{})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { store.Close() })
	m, err := core.New(core.Config{AppID: "wx4f4bc4dec97d474b", IdentityProvider: named{}, Observe: o, Logger: slog.New(slog.DiscardHandler)}, store)
	if err != nil {
		tb.Fatal(err)
	}
	tokens := make([]string, 1000)
	for i := range tokens {
		if tokens[i], _, err = m.Login(tb.Context(), core.LoginRequest{Code: fmt.Sprintf("o%027d", i)}); err != nil {
			tb.Fatal(err)
		}
	}
	return m, tokens
}

func TestMeasuringAllocatesNothing(t *testing.T) {
	unsampled := sampled(t, sdktrace.NeverSample())
	below, span := unsampled.Tracer("").Start(t.Context(), "GET /api/me")
	defer span.End()
	for name, c := range map[string]struct {
		o   core.Observer
		ctx context.Context
	}{
		"without spans":          {newObserver(t, noop.NewTracerProvider()), t.Context()},
		"in a sampled-out trace": {newObserver(t, unsampled), below},
	} {
		nested(c.ctx, c.o)
		if n := testing.AllocsPerRun(100, func() { nested(c.ctx, c.o) }); n != 0 {
			t.Errorf("%s: %v allocations", name, n)
		}
	}
}

// BenchmarkAuthenticate is one request's authentication, in memory.
func BenchmarkAuthenticate(b *testing.B) {
	never, always := sampled(b, sdktrace.NeverSample()), sampled(b, sdktrace.AlwaysSample())
	plain := context.Background()
	below, span := never.Tracer("").Start(plain, "GET /api/me")
	defer span.End()
	under, around := always.Tracer("").Start(plain, "GET /api/me")
	defer around.End()
	for _, c := range []struct {
		name string
		o    core.Observer
		ctx  context.Context
	}{
		{"no observer", nil, plain},
		{"an observer that does nothing", nothing{}, plain},
		{"metrics", newObserver(b, noop.NewTracerProvider()), plain},
		{"metrics, no SDK for spans", newObserver(b, nil), plain},
		{"metrics, spans of a request that is sampled out", newObserver(b, never), below},
		{"metrics, spans sampled out here", newObserver(b, never), plain},
		{"metrics, spans", newObserver(b, always), under},
	} {
		b.Run(c.name, func(b *testing.B) {
			m, tokens := loggedIn(b, c.o)
			b.ReportAllocs()
			i := 0
			for b.Loop() {
				if _, err := m.Authenticate(c.ctx, tokens[i]); err != nil {
					b.Fatal(err)
				}
				if i++; i == len(tokens) {
					i = 0
				}
			}
		})
	}
}
