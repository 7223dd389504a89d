package wxotel

import (
	"context"

	"go.opentelemetry.io/otel/trace"
	tracenoop "go.opentelemetry.io/otel/trace/noop"

	"github.com/wxsession/wxsession/core"
)

// scope names the instrumentation.
const scope = "github.com/wxsession/wxsession/wxotel"

// Observer is a core.Observer that makes metrics and spans of what it is told.
// It serves one manager.
type Observer struct {
	instruments
	labels *labeller
	tracer trace.Tracer // nil: no spans
}

// New returns an Observer for Config.Observe. Register gives it the manager as
// soon as there is one. An error is the MeterProvider's.
func New(options Options) (*Observer, error) {
	o := &Observer{labels: newLabeller(options.system())}
	provider := options.tracers()
	if _, none := provider.(tracenoop.TracerProvider); !none {
		o.tracer = newTracer(provider)
	}
	var err error
	o.instruments, err = newInstruments(options.meters())
	return o, err
}

// Begin implements core.Observer.
func (o *Observer) Begin(ctx context.Context, e core.Event) context.Context {
	if o.tracer == nil || e.Kind == core.KindMoment {
		return ctx
	}
	return o.startSpan(ctx, e)
}

// End implements core.Observer.
func (o *Observer) End(ctx context.Context, e core.Event) {
	l := o.labels.of(seriesOf(e))
	switch e.Kind {
	case core.KindOperation:
		o.operations.Record(ctx, e.Duration.Seconds(), l.record...)
	case core.KindStore:
		o.calls.Record(ctx, e.Duration.Seconds(), l.record...)
	case core.KindWeChat:
		o.exchanges.Record(ctx, e.Duration.Seconds(), l.record...)
	case core.KindMoment:
		o.count(ctx, e.Name, 1, l)
		return
	}
	if o.tracer != nil {
		endSpan(ctx, l, e.Code)
	}
}

func (o *Observer) count(ctx context.Context, moment string, n int64, l *labels) {
	switch moment {
	case core.MomentRefused:
		o.refusals.Add(ctx, n, l.add...)
	case core.MomentEnded:
		o.ended.Add(ctx, n, l.add...)
	}
}
