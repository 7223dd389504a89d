package main

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"os"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/prometheus/otlptranslator"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	otelprometheus "go.opentelemetry.io/otel/exporters/prometheus"
	"go.opentelemetry.io/otel/exporters/stdout/stdouttrace"
	"go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/trace"
)

// telemetry is where metrics and spans go.
type telemetry struct {
	meters  *metric.MeterProvider
	tracers *trace.TracerProvider
	handler http.Handler // of GET /metrics
}

func newTelemetry(ctx context.Context) (*telemetry, error) {
	registry := prometheus.NewRegistry()
	reader, err := otelprometheus.New(
		otelprometheus.WithRegisterer(registry), otelprometheus.WithoutScopeInfo(),
		// Names as every Prometheus and the dashboard know them: dots become underscores,
		// units and _total are added.
		otelprometheus.WithTranslationStrategy(otlptranslator.UnderscoreEscapingWithSuffixes),
	)
	if err != nil {
		return nil, err
	}
	exporter, err := newSpanExporter(ctx)
	if err != nil {
		return nil, err
	}
	return &telemetry{
		meters:  metric.NewMeterProvider(metric.WithReader(reader)),
		tracers: trace.NewTracerProvider(trace.WithBatcher(exporter)),
		handler: promhttp.HandlerFor(registry, promhttp.HandlerOpts{EnableOpenMetrics: true}), // with exemplars
	}, nil
}

func newSpanExporter(ctx context.Context) (trace.SpanExporter, error) {
	if cmp.Or(os.Getenv("OTEL_EXPORTER_OTLP_ENDPOINT"), os.Getenv("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")) != "" {
		return otlptracehttp.New(ctx)
	}
	return stdouttrace.New()
}

// shutdown sends what has not been sent yet.
func (t *telemetry) shutdown() error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	return errors.Join(t.tracers.Shutdown(ctx), t.meters.Shutdown(ctx))
}
