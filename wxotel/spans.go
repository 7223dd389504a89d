package wxotel

import (
	"context"

	"go.opentelemetry.io/otel/codes"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"

	"github.com/wxsession/wxsession/core"
)

func newTracer(provider trace.TracerProvider) trace.Tracer {
	return provider.Tracer(scope, trace.WithSchemaURL(semconv.SchemaURL))
}

// startSpan starts none below a span of this process that was sampled out, and
// none for a call to the store that has no span around it: a trace of a single
// read tells nothing.
func (o *Observer) startSpan(ctx context.Context, e core.Event) context.Context {
	around := trace.SpanFromContext(ctx)
	sc := around.SpanContext()
	local := sc.IsValid() && !sc.IsRemote()
	if local && !sc.IsSampled() && !around.IsRecording() || !sc.IsValid() && e.Kind == core.KindStore {
		return ctx
	}
	l := o.labels.of(seriesOf(e)) // as of an event that ends well
	ctx, _ = o.tracer.Start(ctx, l.span, l.start...)
	return ctx
}

// endSpan ends the span that startSpan has started. Where that has started none,
// the one around is none that is recorded, and nothing happens.
func endSpan(ctx context.Context, l *labels, code core.Code) {
	span := trace.SpanFromContext(ctx)
	if !span.IsRecording() {
		return
	}
	span.SetAttributes(l.outcome...)
	if l.fault {
		span.SetStatus(codes.Error, string(code))
	}
	span.End()
}
