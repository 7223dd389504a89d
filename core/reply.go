package core

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"math"
	"strconv"
)

// Reply is what an adapter writes, as it is.
type Reply struct {
	Status int
	// Header fields replace those of the same name, but for Set-Cookie, which may
	// come more than once and is added.
	Header []HeaderField
	Body   []byte // JSON, mostly; empty with status 204
	// Err is the failure that the reply reports, for frameworks that have an
	// error path of their own; nil if it reports none.
	Err *Error
	// Session is the one that a login or a rotation has made, for Config.Reply; nil
	// of others.
	Session *Session
}

// HeaderField is one header of a Reply.
type HeaderField struct{ Name, Value string }

// NewReply encodes body as JSON, with status 200; nil gives 204. A body that
// does not encode gives 500.
func NewReply(body any) Reply {
	if body == nil {
		return newReply(204)
	}
	text, err := encodeJSON(body)
	if err != nil {
		return errorReply(&Error{Code: CodeMisconfigured, Message: "the reply could not be encoded", cause: err})
	}
	return jsonReply(200, text)
}

// newReply has room for the fields that a refusal has.
func newReply(status int) Reply {
	return Reply{Status: status, Header: append(make([]HeaderField, 0, 3), HeaderField{"Cache-Control", "no-store"})}
}

func jsonReply(status int, text []byte) Reply {
	r := newReply(status)
	r.Header = append(r.Header, HeaderField{"Content-Type", "application/json; charset=utf-8"})
	r.Body = text
	return r
}

// errorReply does not go through encodeJSON, which would read and copy the text
// once more: strangers can have as many of these as they like.
func errorReply(e *Error) Reply {
	text, _ := e.MarshalJSON() // strings and numbers
	r := jsonReply(e.Status(), text)
	r.Err = e
	return r
}

// encodeJSON leaves "&" and "<" as they are: nothing here is HTML, and who cuts a
// URL out of a reply gets one that works.
func encodeJSON(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	err := e.Encode(v)
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), err
}

// Refuse turns an error of the manager, or one of NewError, into the reply that
// reports it, and logs what an operator should see. Every other error counts as a
// store's failure.
func (m *Manager) Refuse(ctx context.Context, req Request, err error) Reply {
	e := asError(err)
	m.report(ctx, e)
	m.warnOfProxy(ctx, &req, e)
	m.note(ctx, Event{Name: MomentRefused, Code: e.Code, ErrCode: e.ErrCode, Status: e.Status(), Reason: reasonOf(e)})
	r := errorReply(e)
	if f := m.waferFailure(err, e, &req); f != nil {
		r.Body = NewReply(f).Body
	}
	if r.Status == 401 {
		challenge := "Bearer"
		if token, _ := m.headerToken(&req); token != "" || m.cookies.token(&req) != "" {
			challenge = `Bearer error="invalid_token"`
		}
		r.Header = append(r.Header, HeaderField{"WWW-Authenticate", challenge})
	}
	if e.cookie {
		r.Header = append(r.Header, m.NewCookie("", "", 0))
	}
	if e.RetryAfter > 0 {
		seconds := int(math.Ceil(e.RetryAfter.Seconds()))
		r.Header = append(r.Header, HeaderField{"Retry-After", strconv.Itoa(seconds)})
	}
	return m.reshape(ctx, req, r)
}

// reshape lets the application change a reply. If it panics the reply stays.
func (m *Manager) reshape(ctx context.Context, req Request, r Reply) (shaped Reply) {
	if m.cfg.Reply == nil {
		return r
	}
	shaped = r
	var err error
	defer m.recoverPanic(ctx, "Config.Reply panicked", &err)
	return m.cfg.Reply(ctx, req, r)
}

// report logs what needs an operator. A client's mistakes do not.
func (m *Manager) report(ctx context.Context, e *Error) {
	switch e.Code {
	case CodeMisconfigured:
		m.log.limited(ctx, slog.LevelError, "this backend is misconfigured: set right what `wxsession doctor` reports", e)
	case CodeStoreUnavailable:
		m.log.silentStore(ctx, e)
	case CodeWeChatUnavailable:
		m.log.failure(ctx, "WeChat does not answer: see what `wxsession doctor` reports", e)
	case CodeAppUnavailable:
		m.log.limited(ctx, slog.LevelError, "the application failed at a login", e)
	case CodeRateLimited:
		if e.ErrCode != 0 {
			m.log.limited(ctx, slog.LevelWarn, "a quota of WeChat is used up", e)
		}
	case CodeInvalidSession:
		if e.cause != nil {
			m.log.limited(ctx, slog.LevelWarn, "a stored session counts as absent", e)
		}
	}
}
