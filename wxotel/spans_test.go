package wxotel_test

import (
	"context"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"
	"go.opentelemetry.io/otel/trace/noop"

	"github.com/wxsession/wxsession/core"
	"github.com/wxsession/wxsession/wxotel"
)

// traced returns an observer whose spans go to w, as the sampler says.
func (w *world) traced(sampler sdktrace.Sampler) (*wxotel.Observer, trace.Tracer) {
	w.t.Helper()
	w.traces, w.reader = tracetest.NewInMemoryExporter(), sdkmetric.NewManualReader()
	unended := new(unended)
	provider := sdktrace.NewTracerProvider(sdktrace.WithSyncer(w.traces), sdktrace.WithSampler(sampler), sdktrace.WithSpanProcessor(unended))
	w.t.Cleanup(func() {
		if n := unended.Load(); n != 0 {
			w.t.Errorf("%d spans have not ended", n)
		}
	})
	o, err := wxotel.New(wxotel.Options{
		MeterProvider: sdkmetric.NewMeterProvider(sdkmetric.WithReader(w.reader)), TracerProvider: provider,
	})
	w.ok(err)
	return o, provider.Tracer("the application's")
}

// unended counts the spans that have begun and not ended.
type unended struct{ atomic.Int64 }

func (u *unended) OnStart(context.Context, sdktrace.ReadWriteSpan) { u.Add(1) }
func (u *unended) OnEnd(sdktrace.ReadOnlySpan)                     { u.Add(-1) }
func (u *unended) Shutdown(context.Context) error                  { return nil }
func (u *unended) ForceFlush(context.Context) error                { return nil }

// nested does what a manager does at a request that renews.
func nested(ctx context.Context, o core.Observer) {
	outer := core.Event{Kind: core.KindOperation, Name: core.OpAuthenticate}
	inner := core.Event{Kind: core.KindStore, Name: "near", Code: core.CodeStoreUnavailable}
	ctx = o.Begin(ctx, outer)
	o.End(o.Begin(ctx, core.Event{Kind: core.KindStore, Name: "near"}), inner)
	o.End(o.Begin(ctx, core.Event{Kind: core.KindMoment, Name: core.MomentRefused}), core.Event{Kind: core.KindMoment, Name: core.MomentRefused})
	outer.Code = core.CodeStoreUnavailable
	o.End(ctx, outer)
}

func TestSpansAreBelowTheApplications(t *testing.T) {
	w := &world{t: t}
	o, tracer := w.traced(sdktrace.AlwaysSample())
	ctx, span := tracer.Start(t.Context(), "GET /api/me")
	nested(ctx, o)
	span.End()
	wantAll(t, "spans", w.paths(), "GET /api/me internal {}",
		"GET /api/me>wxsession.authenticate internal {error.type=store_unavailable wxsession.operation=authenticate} store_unavailable",
		"GET /api/me>wxsession.authenticate>near internal {db.operation.name=near db.system.name=memory error.type=store_unavailable} store_unavailable")
}

func TestARequestFromElsewhereIsTracedAsTheSamplerSays(t *testing.T) {
	w := &world{t: t}
	for _, c := range []struct {
		sampler sdktrace.Sampler
		flags   trace.TraceFlags
		want    int
	}{
		{sdktrace.ParentBased(sdktrace.NeverSample()), trace.FlagsSampled, 2},
		{sdktrace.ParentBased(sdktrace.AlwaysSample()), 0, 0},
		{sdktrace.AlwaysSample(), 0, 2},
	} {
		o, _ := w.traced(c.sampler)
		remote := trace.NewSpanContext(trace.SpanContextConfig{TraceID: trace.TraceID{1}, SpanID: trace.SpanID{2}, TraceFlags: c.flags, Remote: true})
		nested(trace.ContextWithRemoteSpanContext(t.Context(), remote), o)
		if n := len(w.traces.GetSpans()); n != c.want {
			t.Errorf("%s, flags %v: %d spans, want %d", c.sampler.Description(), c.flags, n, c.want)
		}
	}
}

func TestACallToTheStoreAloneIsNoTrace(t *testing.T) {
	w := &world{t: t}
	o, _ := w.traced(sdktrace.AlwaysSample())
	tell(t, o, core.Event{Kind: core.KindStore, Name: "get"})
	tell(t, o, core.Event{Kind: core.KindWeChat, Name: "/wxa/getpaidunionid"}) // the application's own call
	if spans := w.paths(); len(spans) != 1 || spans[exchange("/wxa/getpaidunionid")] != 1 {
		t.Errorf("the spans: %v", spans)
	}
}

func TestWhatIsSampledOutIsStillMeasured(t *testing.T) {
	w := &world{t: t}
	for name, sampler := range map[string]sdktrace.Sampler{"none": sdktrace.NeverSample(), "a sampled-out request's": sdktrace.ParentBased(sdktrace.NeverSample())} {
		o, tracer := w.traced(sampler)
		ctx, span := tracer.Start(t.Context(), "GET /api/me")
		nested(ctx, o)
		nested(t.Context(), o)
		span.End()
		if spans := w.paths(); len(spans) != 0 {
			t.Errorf("%s: spans %v", name, spans)
		}
		if n := w.values()["wxsession.operation.duration{error.type=store_unavailable wxsession.operation=authenticate}"]; n != 2 {
			t.Errorf("%s: %d were measured", name, n)
		}
	}
}

// An application may begin a trace of its own within an operation, in OnLogin say.
// What it does there must not end the operation's span.
func TestAnOperationWithinAnotherTraceDoesNotEndTheSpanAround(t *testing.T) {
	w := &world{t: t}
	o, _ := w.traced(sdktrace.AlwaysSample())
	_, unsampled := (&world{t: t}).traced(sdktrace.NeverSample())
	login := core.Event{Kind: core.KindOperation, Name: core.OpLogin}
	ctx := o.Begin(t.Context(), login)
	within, span := unsampled.Start(ctx, "the application's")
	nested(within, o)
	span.End()
	login.Code = core.CodeLoginDenied
	o.End(ctx, login)
	if spans := w.paths(); len(spans) != 1 || spans["wxsession.login internal {error.type=login_denied wxsession.operation=login}"] != 1 {
		t.Errorf("the spans: %v", spans)
	}
}

func TestASpanOutlivesWhatHasBegunIt(t *testing.T) {
	w := &world{t: t}
	o, _ := w.traced(sdktrace.AlwaysSample())
	login := core.Event{Kind: core.KindOperation, Name: core.OpLogin}
	ctx := o.Begin(t.Context(), login)
	o.End(ctx, login) // the client has gone, the exchange goes on
	nested(ctx, o)
	wantAll(t, "spans", w.paths(), "wxsession.login>wxsession.authenticate>near internal {db.operation.name=near db.system.name=memory error.type=store_unavailable} store_unavailable")
}

func TestExemplarsLeadToTheTrace(t *testing.T) {
	w := &world{t: t}
	o, _ := w.traced(sdktrace.AlwaysSample())
	nested(t.Context(), o)
	traces := map[string]bool{}
	for _, s := range w.traces.GetSpans() {
		traces[s.SpanContext.TraceID().String()] = true
	}
	found := 0
	for _, m := range w.collect().ScopeMetrics[0].Metrics {
		if h, ok := m.Data.(metricdata.Histogram[float64]); ok {
			for _, e := range h.DataPoints[0].Exemplars {
				if found++; !traces[trace.TraceID(e.TraceID).String()] {
					t.Errorf("%s has an exemplar of no trace", m.Name)
				}
			}
		}
	}
	if found != 2 {
		t.Errorf("there are %d exemplars, want one of the operation and one of the call", found)
	}
}

func TestWithoutATracerThereIsNoSpan(t *testing.T) {
	o, err := wxotel.New(wxotel.Options{TracerProvider: noop.NewTracerProvider()})
	if err != nil {
		t.Fatal(err)
	}
	ctx := t.Context()
	if o.Begin(ctx, core.Event{Kind: core.KindOperation, Name: core.OpLogin}) != ctx {
		t.Error("the context has changed")
	}
	nested(ctx, o)
}

func TestTheStoreIsNamedByItsSchemeOnly(t *testing.T) {
	for dsn, want := range map[string]string{
		"": "memory", "memory://?max=10": "memory", "redis://user:hunter2@h:1/0": "redis", "rediss://h": "redis",
		"redis+cluster://a,b": "redis", "redis+sentinel://a/m": "redis", "redis+unix:///s": "redis", "memcached://a,b": "memcached",
		"postgresql": "postgresql", "user:hunter2@h": "other", "hunter2 ": "other", strings.Repeat("a", 33): "other", "Redis": "other",
	} {
		w := &world{t: t, reader: sdkmetric.NewManualReader()}
		o, err := wxotel.New(wxotel.Options{Store: dsn, TracerProvider: noop.NewTracerProvider(), MeterProvider: sdkmetric.NewMeterProvider(sdkmetric.WithReader(w.reader))})
		w.ok(err)
		o.End(t.Context(), core.Event{Kind: core.KindStore, Name: "get", Duration: time.Millisecond})
		if found := w.values(); found["db.client.operation.duration{db.operation.name=get db.system.name="+want+"}"] != 1 {
			t.Errorf("%q: %v, want %s", dsn, found, want)
		}
	}
}
