package wxotel

import (
	"strings"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/trace"
)

// Options say where metrics and spans go. The zero value is right for a program
// that sets OpenTelemetry's global providers.
type Options struct {
	// MeterProvider takes the metrics; nil: the global one. That of package
	// metric/noop takes none.
	MeterProvider metric.MeterProvider
	// TracerProvider takes the spans; nil: the global one. That of package
	// trace/noop takes none, and then they cost nothing.
	TracerProvider trace.TracerProvider
	// Store is Config.Store, or the db.system.name of a store of your own, such as
	// postgresql. Of a DSN nothing but the scheme is looked at; "" is memory://.
	Store string
}

func (o Options) meters() metric.MeterProvider {
	if o.MeterProvider == nil {
		return otel.GetMeterProvider()
	}
	return o.MeterProvider
}

func (o Options) tracers() trace.TracerProvider {
	if o.TracerProvider == nil {
		return otel.GetTracerProvider()
	}
	return o.TracerProvider
}

const (
	systemMemory = "memory"
	maxSystem    = 32
)

// system is the db.system.name. What does not look like one may hold a password.
func (o Options) system() string {
	scheme, _, _ := strings.Cut(o.Store, "://")
	base, _, _ := strings.Cut(scheme, "+")
	switch base {
	case "", systemMemory:
		return systemMemory
	case "rediss":
		return "redis"
	}
	isName := func(r rune) bool {
		return 'a' <= r && r <= 'z' || '0' <= r && r <= '9' || r == '.' || r == '_' || r == '-'
	}
	if len(base) > maxSystem || strings.TrimFunc(base, isName) != "" {
		return other
	}
	return base
}
