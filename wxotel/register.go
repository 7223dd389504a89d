package wxotel

import (
	"context"
	"errors"

	"go.opentelemetry.io/otel/metric"

	"github.com/wxsession/wxsession/core"
)

// Register adds what is read from the manager whenever metrics are collected:
// entries, the near cache, breakers. The Registration ends that. The counters begin
// at zero here: else a monitoring system does not see their first increase, and a
// token's theft may be the only one.
//
//	cfg.Observe = observer
//	wx, err := core.New(cfg, store)
//	_, err = observer.Register(wx)
func (o *Observer) Register(m *core.Manager) (metric.Registration, error) {
	entries, err1 := o.meter.Int64ObservableUpDownCounter("wxsession.store.entries", metric.WithUnit("{entry}"),
		metric.WithDescription("Values that the store holds in this process: in memory, or in its near cache."))
	reads, err2 := o.meter.Int64ObservableCounter("wxsession.near_cache.reads", metric.WithUnit("{read}"),
		metric.WithDescription("Reads that the near cache could answer (hit), and could not (miss)."))
	breakers, err3 := o.meter.Int64ObservableGauge("wxsession.breaker.open", metric.WithUnit("{breaker}"),
		metric.WithDescription("Whether the store, or WeChat for the logins of an app, is not asked for a moment, as it has been silent: 1, else 0."))
	if err := errors.Join(err1, err2, err3); err != nil {
		return nil, err
	}
	o.begin()
	hit, miss := metric.WithAttributes(keyNearResult.String("hit")), metric.WithAttributes(keyNearResult.String("miss"))
	ofStore := metric.WithAttributes(keyUpstream.String("store"))
	return o.meter.RegisterCallback(func(_ context.Context, to metric.Observer) error {
		stats := m.Stats()
		to.ObserveInt64(entries, stats.Entries)
		to.ObserveInt64(reads, int64(stats.NearHits), hit)
		to.ObserveInt64(reads, int64(stats.NearMisses), miss)
		to.ObserveInt64(breakers, flag(stats.BreakerOpen), ofStore)
		for appID, open := range m.Breakers() {
			to.ObserveInt64(breakers, flag(open), metric.WithAttributes(keyUpstream.String("wechat"), keyAppID.String(appID)))
		}
		return nil
	}, entries, reads, breakers)
}

func flag(set bool) int64 {
	if set {
		return 1
	}
	return 0
}

// begin makes the series of the counters that are to be expected.
func (o *Observer) begin() {
	refused := func(code core.Code, reasons ...core.Reason) {
		for _, why := range append(reasons, "") {
			o.countNone(series{kind: core.KindMoment, name: core.MomentRefused, code: code, reason: why, number: code.Status()})
		}
	}
	for code := range o.labels.words.codes {
		switch code {
		case "":
		case core.CodeRateLimited:
			refused(code, core.ReasonAddress, core.ReasonUser, core.ReasonExchanges)
		case core.CodeWeChatUnavailable:
			refused(code, core.ReasonBreaker)
		default:
			refused(code)
		}
	}
	for _, why := range endReasons() {
		o.countNone(series{kind: core.KindMoment, name: core.MomentEnded, reason: why})
	}
}

func (o *Observer) countNone(s series) { o.count(context.Background(), s.name, 0, o.labels.of(s)) }
