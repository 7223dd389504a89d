package core

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"time"
)

// Code is the machine-readable cause of a failure, as it stands in the
// "error" member of a reply. The set is closed.
type Code string

const (
	// BadRequest: malformed JSON, a missing or malformed field, attributes over the bound.
	BadRequest Code = "bad_request"
	// RequestTooLarge: the body is over 64 KiB.
	RequestTooLarge Code = "request_too_large"
	// NotFound: this user has no such session.
	NotFound Code = "not_found"
	// InvalidCode: WeChat does not accept the code (40029). Call wx.login again.
	InvalidCode Code = "invalid_code"
	// CodeUsed: the code was exchanged before (40163). Call wx.login again.
	CodeUsed Code = "code_used"
	// InvalidSignature: rawData does not fit its signature, or encryptedData
	// does not decrypt. Deliberately one code for every cause.
	InvalidSignature Code = "invalid_signature"
	// UserBlocked: WeChat blocks this user as high-risk (40226).
	UserBlocked Code = "user_blocked"
	// LoginDenied: Config.OnLogin refused.
	LoginDenied Code = "login_denied"
	// RateLimited: WeChat's quota (45011, 45009) or a limit of ours.
	RateLimited Code = "rate_limited"
	// WeChatUnavailable: WeChat did not answer, or not sensibly. The session, if
	// there is one, lives on.
	WeChatUnavailable Code = "wechat_unavailable"
	// Misconfigured: WeChat refuses the app's id, secret or address. The reply
	// says no more; errcode and rid are in the log.
	Misconfigured Code = "misconfigured"
	// NoSession: the request carries no token, or something that cannot be one.
	NoSession Code = "no_session"
	// InvalidSession: the token is unknown or has expired. Call wx.login again.
	InvalidSession Code = "invalid_session"
	// SessionRevoked: the session was ended by another device, by log-out
	// everywhere, by the cap or by an administrator.
	SessionRevoked Code = "session_revoked"
	// SessionKeyExpired: the session lives, but WeChat's session_key for it is
	// gone. Call wx.login again to refresh it.
	SessionKeyExpired Code = "session_key_expired"
	// StoreUnavailable: the store could not answer. Never a reason to throw a
	// token away.
	StoreUnavailable Code = "store_unavailable"
)

// Status returns the HTTP status that goes with c; 500 for what is no Code.
func (c Code) Status() int {
	switch c {
	case BadRequest, InvalidCode, CodeUsed, InvalidSignature:
		return http.StatusBadRequest
	case RequestTooLarge:
		return http.StatusRequestEntityTooLarge
	case NotFound:
		return http.StatusNotFound
	case UserBlocked, LoginDenied:
		return http.StatusForbidden
	case RateLimited:
		return http.StatusTooManyRequests
	case WeChatUnavailable, StoreUnavailable:
		return http.StatusServiceUnavailable
	case NoSession, InvalidSession, SessionRevoked, SessionKeyExpired:
		return http.StatusUnauthorized
	default: // Misconfigured too
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

	cause error
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

// MarshalJSON writes the body of the reply. It leaves out errcode and rid of a
// misconfiguration: they help an operator, and an attacker.
func (e *Error) MarshalJSON() ([]byte, error) {
	body := struct {
		Error   Code   `json:"error"`
		Message string `json:"message"`
		ErrCode int    `json:"errcode,omitempty"`
		RID     string `json:"rid,omitempty"`
	}{Error: e.Code, Message: e.Message}
	if e.Code != Misconfigured {
		body.ErrCode, body.RID = e.ErrCode, e.RID
	}
	return json.Marshal(body)
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
	return &Error{Code: BadRequest, Message: message}
}

// errStore wraps what a store or a context answered. It is the only place that
// decides what a store's failure means: never that a session is gone.
func errStore(cause error) *Error {
	message := "the session store could not answer, try again"
	if errors.Is(cause, context.Canceled) {
		message = "the request was cancelled before the session store answered"
	}
	return &Error{Code: StoreUnavailable, Message: message, RetryAfter: storeRetry, cause: cause}
}

func errNoSession() *Error {
	return &Error{Code: NoSession, Message: "send the 3rd_session as \"Authorization: Bearer <token>\""}
}

func errInvalidSession() *Error {
	return &Error{Code: InvalidSession, Message: "the session is unknown or has expired, call wx.login and log in again"}
}

func errRevoked(why reason) *Error {
	return &Error{Code: SessionRevoked, Message: "the session was ended " + why.String() + ", call wx.login and log in again"}
}

const sessionKeyGone = "WeChat's session_key for this user has expired, call wx.login and log in again to refresh it; the session lives on"

func errSessionKey() *Error {
	return &Error{Code: SessionKeyExpired, Message: sessionKeyGone}
}

func errInvalidSignature() *Error {
	return &Error{Code: InvalidSignature, Message: "signature or encryptedData do not fit this user's session_key"}
}

// asError gives every error that leaves the manager a Code.
func asError(err error) *Error {
	if e, ok := errors.AsType[*Error](err); ok {
		return e
	}
	return errStore(err)
}
