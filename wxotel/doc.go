// Package wxotel makes OpenTelemetry metrics and spans of what a session manager
// does:
//
//	observer, err := wxotel.New(wxotel.Options{Store: cfg.Store})
//	cfg.Observe = observer
//	wx, err := core.New(cfg, store)
//	_, err = observer.Register(wx)
//
// It uses OpenTelemetry's API only. Where metrics and spans go is the program's
// choice; examples/observed serves them to Prometheus and sends spans over OTLP.
//
// # Metrics
//
//	wxsession.operation.duration    histogram, s   operations by wxsession.operation and error.type
//	db.client.operation.duration    histogram, s   calls to the store by db.operation.name, db.response.status_code, error.type
//	wxsession.wechat.call.duration  histogram, s   attempts at calls to WeChat by url.template, error.type, wxsession.wechat.errcode
//	wxsession.refusals              counter        refused requests by error.type and http.response.status_code
//	wxsession.sessions.ended        counter        sessions that ended before their time by wxsession.reason
//	wxsession.store.entries         gauge          values in the memory store, or in a near cache
//	wxsession.near_cache.reads      counter        by wxsession.near_cache.result: hit, miss
//	wxsession.breaker.open          gauge, 0 or 1  by wxsession.upstream (store, wechat) and wxsession.appid
//
// A histogram counts, too: logins are those of operation login, failed ones have an
// error.type. Operations are login, authenticate, check, renew, update, rotate,
// revoke, sessions, ticket, redeem, decrypt, phone and session_key. Calls to the
// store are get, swap, delete, and near: the read by which requests are
// authenticated, which a near cache may answer.
//
// error.type is one of core's codes. It is absent where all went well. A failure
// may have a wxsession.reason: canceled (the caller went away), breaker (WeChat is
// not asked for a moment), or the limit that refused: address, user, exchanges. A
// session ends by logout, device, everywhere, cap, theft or hand_over.
//
// # Spans
//
// An operation is a span wxsession.<operation>, below the request's own if its
// context has one. Calls are spans below it, named after the verb, or after the path
// of WeChat's endpoint. Attributes are those of the metrics. The status is Error
// where an operator should look: codes with an HTTP status of 500 and above, unless
// the caller went away. Where a request is sampled out, no span is begun; the
// metrics count it all the same.
//
// # What is not exported
//
// No label and no attribute holds an openid, a token, a code, a session_key, an
// address, a path parameter or the text of an error. All values are from closed
// lists; what is in none of them, such as an application's own code
// (core.NewError) or an errcode that wxapi does not know, is "other". So the number
// of series is bounded whatever clients send.
//
// # Semantic conventions
//
// Names and units are those of OpenTelemetry's semantic conventions (1.43) where
// these have one that fits. Not taken were:
//
//   - http.client.request.duration for calls to WeChat. It demands the method, the
//     server's address and the status, which say little of an API whose failures
//     come as errcode with status 200; and otelhttp's transport in
//     Config.HTTPClient counts under that name.
//   - The buckets proposed for db.client.operation.duration, the first of which ends
//     at 1 ms. Here they begin at 0.1 ms. A View changes them.
//   - error.type for a missing value and for a lost compare-and-swap: these are
//     answers, told by db.response.status_code not_found and conflict.
package wxotel
