// Command observed is a net/http server with mini program logins that can be
// watched: metrics for Prometheus at /metrics, and a trace of each request.
//
//	go run .                                  # in examples/observed
//	curl -sS http://localhost:8080/metrics
//
// Spans are written to stdout, or sent over OTLP/HTTP where
// OTEL_EXPORTER_OTLP_ENDPOINT names a collector. The SDK's own variables work too:
// OTEL_SERVICE_NAME, OTEL_TRACES_SAMPLER and so on. docs/grafana.json is a dashboard
// for what it exposes, docs/alerts.yml has the alerts. All other variables are those
// of the other examples.
//
// A real service serves /metrics where only Prometheus can get it.
package main

import (
	"context"
	"errors"
	"io"
	"log"
	"net/http"

	"go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp"
	"go.opentelemetry.io/otel/metric/noop"

	"github.com/wxsession/wxsession/core"
	"github.com/wxsession/wxsession/examples/internal/demo"
	"github.com/wxsession/wxsession/nethttpwx"
	"github.com/wxsession/wxsession/stores"
	"github.com/wxsession/wxsession/wxotel"
)

func main() {
	if err := run(context.Background()); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context) (err error) {
	cfg, err := core.ConfigFromEnv()
	if err != nil {
		return err
	}
	t, err := newTelemetry(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, t.shutdown()) }()
	observer, err := wxotel.New(wxotel.Options{MeterProvider: t.meters, TracerProvider: t.tracers, Store: cfg.Store})
	if err != nil {
		return err
	}
	cfg.Observe = observer

	server := demo.NewServer(&cfg)
	store, err := stores.Open(ctx, cfg.Store)
	if err != nil {
		return err
	}
	defer store.Close()
	wx, err := core.New(cfg, store)
	if err != nil {
		return err
	}
	if _, err := observer.Register(wx); err != nil {
		return err
	}
	return server.Run(routes(wx, t))
}

func routes(wx *core.Manager, t *telemetry) http.Handler {
	mux := http.NewServeMux()
	auth := nethttpwx.Mount(mux, wx)
	mux.Handle("GET /api/me", auth(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, "you are logged in\n")
	})))
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, r *http.Request) {
		if err := wx.Ping(r.Context()); err != nil {
			nethttpwx.Refuse(w, r, wx, err)
			return
		}
		_, _ = io.WriteString(w, "ok\n")
	})

	outer := http.NewServeMux()
	outer.Handle("GET /metrics", t.handler)
	// The span around each request. Metrics of otelhttp have a label of the Host
	// header, which clients make up.
	outer.Handle("/", otelhttp.NewHandler(mux, "request", otelhttp.WithTracerProvider(t.tracers), otelhttp.WithMeterProvider(noop.NewMeterProvider())))
	return outer
}
