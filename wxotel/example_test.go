package wxotel_test

import (
	"context"
	"fmt"
	"log"

	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"

	"github.com/wxsession/wxsession/core"
	"github.com/wxsession/wxsession/core/wxtest"
	"github.com/wxsession/wxsession/stores"
	"github.com/wxsession/wxsession/wxotel"
)

func Example() {
	weChat := wxtest.NewServer()
	defer weChat.Close()
	cfg := core.Config{AppID: weChat.AppID, Secret: core.NewSecret(weChat.Secret), APIBase: weChat.URL}

	// A reader that is asked by hand; a program has an exporter here.
	reader := sdkmetric.NewManualReader()
	observer, err := wxotel.New(wxotel.Options{
		MeterProvider: sdkmetric.NewMeterProvider(sdkmetric.WithReader(reader)),
		Store:         cfg.Store,
	})
	if err != nil {
		log.Fatal(err)
	}
	cfg.Observe = observer

	ctx := context.Background()
	store, err := stores.Open(ctx, cfg.Store)
	if err != nil {
		log.Fatal(err)
	}
	defer store.Close()
	wx, err := core.New(cfg, store)
	if err != nil {
		log.Fatal(err)
	}
	if _, err := observer.Register(wx); err != nil {
		log.Fatal(err)
	}

	_, _, _ = wx.Login(ctx, core.LoginRequest{Code: weChat.Code("o-alice")})
	_, _, _ = wx.Login(ctx, core.LoginRequest{Code: "made-up"})

	var collected metricdata.ResourceMetrics
	if err := reader.Collect(ctx, &collected); err != nil {
		log.Fatal(err)
	}
	for _, m := range collected.ScopeMetrics[0].Metrics {
		if h, ok := m.Data.(metricdata.Histogram[float64]); ok && m.Name == "wxsession.operation.duration" {
			for _, p := range h.DataPoints {
				operation, _ := p.Attributes.Value("wxsession.operation")
				code, _ := p.Attributes.Value("error.type")
				fmt.Printf("%d × %s %q\n", p.Count, operation.AsString(), code.AsString())
			}
		}
	}
	// Unordered output:
	// 1 × login ""
	// 1 × login "invalid_code"
}
