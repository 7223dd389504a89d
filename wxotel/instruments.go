package wxotel

import (
	"errors"

	"go.opentelemetry.io/otel/metric"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/semconv/v1.43.0/dbconv"
)

// instruments are the metrics that are told of each event.
type instruments struct {
	meter metric.Meter

	operations metric.Float64Histogram
	calls      metric.Float64Histogram // to the store
	exchanges  metric.Float64Histogram // with WeChat
	refusals   metric.Int64Counter
	ended      metric.Int64Counter
}

// quick are the bounds of what mostly takes less than a millisecond. Those that
// the semantic conventions propose for databases begin with one: all reads of a
// healthy Redis would be in the first bucket. A View can change them.
func quick() metric.HistogramOption {
	return metric.WithExplicitBucketBoundaries(.0001, .00025, .0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10)
}

// remote are the bounds that the semantic conventions propose for HTTP.
func remote() metric.HistogramOption {
	return metric.WithExplicitBucketBoundaries(.005, .01, .025, .05, .075, .1, .25, .5, .75, 1, 2.5, 5, 7.5, 10)
}

func newInstruments(provider metric.MeterProvider) (instruments, error) {
	i := instruments{meter: provider.Meter(scope, metric.WithSchemaURL(semconv.SchemaURL))}
	var errs [5]error
	i.operations, errs[0] = i.meter.Float64Histogram("wxsession.operation.duration", metric.WithUnit("s"), quick(),
		metric.WithDescription("Duration of logins, authentications and the other operations of a session manager."))
	i.calls, errs[1] = i.meter.Float64Histogram(dbconv.ClientOperationDuration{}.Name(), metric.WithUnit(dbconv.ClientOperationDuration{}.Unit()), quick(),
		metric.WithDescription(dbconv.ClientOperationDuration{}.Description()))
	i.exchanges, errs[2] = i.meter.Float64Histogram("wxsession.wechat.call.duration", metric.WithUnit("s"), remote(),
		metric.WithDescription("Duration of the attempts at calls to WeChat's API."))
	i.refusals, errs[3] = i.meter.Int64Counter("wxsession.refusals", metric.WithUnit("{request}"),
		metric.WithDescription("Requests that were refused."))
	i.ended, errs[4] = i.meter.Int64Counter("wxsession.sessions.ended", metric.WithUnit("{session}"),
		metric.WithDescription("Sessions that were ended before their time."))
	return i, errors.Join(errs[:]...)
}
