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

// spanKey finds the span that Begin has started. trace.SpanFromContext would find
// the application's where it has started none.
type spanKey struct{}

// startSpan starts none below a span of this process that was sampled out, and
// none for a call to the store that has no span around it: a trace of a single
// read tells nothing.
func (o *Observer) startSpan(ctx context.Context, e core.Event) context.Context {
	around := trace.SpanFromContext(ctx)
	sc := around.SpanContext()
	if !sc.IsValid() && e.Kind == core.KindStore {
		return ctx
	}
	if sc.IsValid() && !sc.IsRemote() && !sc.IsSampled() && !around.IsRecording() {
		return within(ctx, around)
	}
	l := o.labels.of(seriesOf(e)) // as of an event that ends well
	ctx, span := o.tracer.Start(ctx, l.span, l.start...)
	return within(ctx, span)
}

// within notes the span of an event. One that is not recorded need not be noted,
// unless endSpan would take the one around it for that of the event.
func within(ctx context.Context, span trace.Span) context.Context {
	if !span.IsRecording() && ctx.Value(spanKey{}) == nil {
		return ctx
	}
	return context.WithValue(ctx, spanKey{}, span)
}

func endSpan(ctx context.Context, l *labels, code core.Code) {
	span, _ := ctx.Value(spanKey{}).(trace.Span)
	if span == nil || !span.IsRecording() {
		return
	}
	span.SetAttributes(l.outcome...)
	if l.fault {
		span.SetStatus(codes.Error, string(code))
	}
	span.End()
}
