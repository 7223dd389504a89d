package wxotel

import (
	"net/http"

	"go.opentelemetry.io/otel/attribute"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"

	"github.com/wxsession/wxsession/core"
)

// The attributes for which there is no semantic convention.
const (
	keyOperation  = attribute.Key("wxsession.operation")
	keyReason     = attribute.Key("wxsession.reason")
	keyErrCode    = attribute.Key("wxsession.wechat.errcode")
	keyNearResult = attribute.Key("wxsession.near_cache.result")
	keyUpstream   = attribute.Key("wxsession.upstream")
	keyAppID      = attribute.Key("wxsession.appid")
)

// series is what the labels of a measurement are made of.
type series struct {
	kind   core.EventKind
	name   string
	code   core.Code
	reason core.Reason
	number int // an errcode or a status
}

func seriesOf(e core.Event) series {
	s := series{e.Kind, e.Name, e.Code, e.Reason, e.ErrCode}
	switch {
	case e.Kind == core.KindMoment && e.Name == core.MomentRefused:
		s.number = e.Status
	case e.Kind != core.KindWeChat:
		s.number = 0
	}
	return s
}

// fold replaces what is in no vocabulary.
func (v *vocabularies) fold(s series) series {
	s.code, s.reason = v.codes.fold(s.code), v.reasons.fold(s.reason)
	switch s.kind {
	case core.KindOperation:
		s.name = v.operations.fold(s.name)
	case core.KindStore:
		s.name = v.verbs.fold(s.name)
	case core.KindWeChat:
		s.name = v.endpoints.fold(s.name)
		if s.number != 0 && !v.errcodes[s.number] {
			s.number = otherErrCode
		}
	case core.KindMoment:
		switch s.name {
		case core.MomentRefused:
			s.number = status(s.number)
		case core.MomentEnded:
		default:
			return series{}
		}
	default: // of a core that is newer
		return series{}
	}
	return s
}

// subject are the attributes that are known when an event begins.
func (s series) subject(system string) []attribute.KeyValue {
	switch s.kind {
	case core.KindOperation:
		return []attribute.KeyValue{keyOperation.String(s.name)}
	case core.KindStore:
		return []attribute.KeyValue{semconv.DBSystemNameKey.String(system), semconv.DBOperationName(s.name)}
	case core.KindWeChat:
		return []attribute.KeyValue{semconv.URLTemplate(s.name)}
	}
	return nil
}

// outcome are those that its end adds. That a store has no value, or another one
// than expected, is an answer and no error.
func (s series) outcome() (kv []attribute.KeyValue) {
	switch {
	case s.code == "":
	case s.kind == core.KindStore && (s.code == core.CodeNotFound || s.code == core.CodeConflict):
		kv = append(kv, semconv.DBResponseStatusCode(string(s.code)))
	default:
		kv = append(kv, semconv.ErrorTypeKey.String(string(s.code)))
	}
	if s.reason != "" {
		kv = append(kv, keyReason.String(string(s.reason)))
	}
	switch {
	case s.kind == core.KindWeChat && s.number != 0:
		kv = append(kv, keyErrCode.String(errcode(s.number)))
	case s.kind == core.KindMoment && s.number != 0:
		kv = append(kv, semconv.HTTPResponseStatusCode(s.number))
	}
	return kv
}

// isFault tells what an operator should look at from what clients do wrong, and
// from what the application has decided.
func (s series) isFault() bool {
	if s.code == "" || s.code == other || s.reason == core.ReasonCanceled {
		return false
	}
	return s.code.Status() >= http.StatusInternalServerError
}

// spanName is that of the semantic conventions for databases and for HTTP, as far
// as what they take is known here.
func (s series) spanName() string {
	if s.kind == core.KindOperation {
		return "wxsession." + s.name
	}
	return s.name
}
