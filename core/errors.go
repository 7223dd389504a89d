package core

import (
	"errors"
	"log/slog"
	"net/http"
	"strconv"
	"time"
)

// Code is the machine-readable cause of a failure, as it stands in the
// "error" member of a reply. Those of this package are a closed set; an
// application adds its own with NewError.
type Code string

const (
	// CodeBadRequest: malformed JSON, a missing or malformed field, attributes over the bound.
	CodeBadRequest Code = "bad_request"
	// CodeRequestTooLarge: the body is over 64 KiB.
	CodeRequestTooLarge Code = "request_too_large"
	// CodeNotFound: this user has no such session.
	CodeNotFound Code = "not_found"
	// CodeInvalidCode: WeChat does not accept the code (40029). Call wx.login again.
	CodeInvalidCode Code = "invalid_code"
	// CodeCodeUsed: the code was exchanged before (40163). Call wx.login again.
	CodeCodeUsed Code = "code_used"
	// CodeInvalidSignature: rawData does not fit its signature, or encryptedData
	// does not decrypt. Deliberately one code for every cause.
	CodeInvalidSignature Code = "invalid_signature"
	// CodeUserBlocked: WeChat blocks this user as high-risk (40226).
	CodeUserBlocked Code = "user_blocked"
	// CodeLoginDenied: Config.OnLogin refused; see Deny.
	CodeLoginDenied Code = "login_denied"
	// CodeAppUnavailable: Config.OnLogin failed, or panicked. Its error is in the log.
	CodeAppUnavailable Code = "app_unavailable"
	// CodeRateLimited: WeChat's quota (45011, 45009) or a limit of ours.
	CodeRateLimited Code = "rate_limited"
	// CodeWeChatUnavailable: WeChat did not answer, or not sensibly. The session, if
	// there is one, lives on.
	CodeWeChatUnavailable Code = "wechat_unavailable"
	// CodeMisconfigured: WeChat refuses the app's id, secret or address. The reply
	// says no more; errcode and rid are in the log.
	CodeMisconfigured Code = "misconfigured"
	// CodeNoSession: the request carries no token, or something that cannot be one.
	CodeNoSession Code = "no_session"
	// CodeInvalidSession: the token is unknown or has expired. Call wx.login again.
	CodeInvalidSession Code = "invalid_session"
	// CodeSessionRevoked: the session was ended by another device, by log-out
	// everywhere, by the cap, by an administrator, or because an older token of it
	// turned up.
	CodeSessionRevoked Code = "session_revoked"
	// CodeSessionKeyExpired: the session lives, but WeChat's session_key for it is
	// gone. Call wx.login again to refresh it.
	CodeSessionKeyExpired Code = "session_key_expired"
	// CodeStoreUnavailable: the store could not answer. Never a reason to throw a
	// token away.
	CodeStoreUnavailable Code = "store_unavailable"
	// CodeCrossOrigin: another website's page sent this with the user's cookie.
	CodeCrossOrigin Code = "cross_origin"
	// CodeInvalidTicket: the ticket of a hand-over is unknown, used, or expired, or
	// the session that asked for it has ended.
	CodeInvalidTicket Code = "invalid_ticket"
	// CodeConflict: somebody else was faster, or the step is out of order.
	CodeConflict Code = "conflict"
)

// Status returns the HTTP status that goes with c; 500 for a code that is not of
// this package.
func (c Code) Status() int {
	switch c {
	case CodeBadRequest, CodeInvalidCode, CodeCodeUsed, CodeInvalidSignature:
		return http.StatusBadRequest
	case CodeRequestTooLarge:
		return http.StatusRequestEntityTooLarge
	case CodeNotFound:
		return http.StatusNotFound
	case CodeUserBlocked, CodeLoginDenied, CodeCrossOrigin:
		return http.StatusForbidden
	case CodeConflict:
		return http.StatusConflict
	case CodeRateLimited:
		return http.StatusTooManyRequests
	case CodeWeChatUnavailable, CodeStoreUnavailable, CodeAppUnavailable:
		return http.StatusServiceUnavailable
	case CodeNoSession, CodeInvalidSession, CodeSessionRevoked, CodeSessionKeyExpired, CodeInvalidTicket:
		return http.StatusUnauthorized
	default: // CodeMisconfigured too
		return http.StatusInternalServerError
	}
}

// Error is every failure that the manager reports. Its text and its JSON hold
// no secret, code, token or session_key.
type Error struct {
	Code    Code
	Message string // for developers, in English
	// ErrCode and RID are WeChat's errcode and request id; zero where WeChat
	// gave none.
	ErrCode int
	RID     string
	// RetryAfter is how long a client should wait before it tries again; zero
	// where waiting does not help.
	RetryAfter time.Duration

	status int    // of an application's own error; 0: that of Code
	cookie bool   // it is about the token in the request's cookie
	reason Reason // for Config.Observe
	cause  error
}

// NewError returns an error of the application's own, which Refuse answers with
// its status (400 to 599; else 500), code and message, as
// {"error":"<code>","message":"<message>"}. From OnLogin it refuses the login.
func NewError(status int, code Code, message string) *Error {
	if status < 400 || status > 599 {
		status = http.StatusInternalServerError
	}
	return &Error{Code: code, Message: message, status: status}
}

// Deny returns the error by which Config.OnLogin refuses a login: 403
// login_denied. The client gets the message.
func Deny(message string) *Error { return NewError(http.StatusForbidden, CodeLoginDenied, message) }

// Status is the HTTP status that reports e.
func (e *Error) Status() int {
	if e.status != 0 {
		return e.status
	}
	return e.Code.Status()
}

// Error includes the cause, which the reply to the client does not.
func (e *Error) Error() string {
	s := "wxsession: " + string(e.Code) + ": " + e.Message
	if e.ErrCode != 0 {
		s += " (errcode " + strconv.Itoa(e.ErrCode) + ", rid " + e.RID + ")"
	}
	if e.cause != nil {
		s += ": " + e.cause.Error()
	}
	return s
}

// Unwrap returns the cause: a context's error, the store's, WeChat's or that
// of Config.OnLogin.
func (e *Error) Unwrap() error { return e.cause }

// errorBody is what a client gets to see.
type errorBody struct {
	Error   Code   `json:"error"`
	Message string `json:"message"`
	ErrCode int    `json:"errcode,omitempty"`
	RID     string `json:"rid,omitempty"`
}

// MarshalJSON writes the body of the reply. It leaves out errcode and rid of a
// misconfiguration: they help an operator, and an attacker.
func (e *Error) MarshalJSON() ([]byte, error) {
	body := errorBody{Error: e.Code, Message: e.Message}
	if e.Code != CodeMisconfigured {
		body.ErrCode, body.RID = e.ErrCode, e.RID
	}
	return encodeJSON(body)
}

// LogValue shows an operator more than a client: errcode, rid and the cause.
func (e *Error) LogValue() slog.Value {
	if e == nil {
		return slog.Value{}
	}
	return slog.GroupValue(e.attrs()...)
}

func (e *Error) attrs() []slog.Attr {
	attrs := []slog.Attr{slog.String("code", string(e.Code)), slog.String("message", e.Message)}
	if e.ErrCode != 0 {
		attrs = append(attrs, slog.Int("errcode", e.ErrCode))
	}
	if e.RID != "" {
		attrs = append(attrs, slog.String("rid", e.RID))
	}
	if e.cause != nil {
		attrs = append(attrs, slog.String("cause", e.cause.Error()))
	}
	return attrs
}

// CodeOf returns the Code of the *Error in err's chain, and "" if there is none.
func CodeOf(err error) Code {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Code
	}
	return ""
}

// storeRetry is short: a store that restarts is back within seconds, and mini
// programs have a user waiting.
const storeRetry = 2 * time.Second

func errBadRequest(message string) *Error {
	return &Error{Code: CodeBadRequest, Message: message}
}

func errNoSession() *Error {
	return &Error{Code: CodeNoSession, Message: "send the 3rd_session as \"Authorization: Bearer <token>\""}
}

func errInvalidSession() *Error {
	return &Error{Code: CodeInvalidSession, Message: "the session is unknown or has expired, call wx.login and log in again"}
}

const sessionKeyGone = "WeChat's session_key for this user has expired, call wx.login and log in again to refresh it; the session lives on"

func errSessionKey() *Error {
	return &Error{Code: CodeSessionKeyExpired, Message: sessionKeyGone}
}

func errInvalidSignature() *Error {
	return &Error{Code: CodeInvalidSignature, Message: "signature or encryptedData do not fit this user's session_key"}
}

// asError gives every error that leaves the manager a Code.
func asError(err error) *Error {
	if e, ok := errors.AsType[*Error](err); ok {
		return e
	}
	return errStore(err)
}
