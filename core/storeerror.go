package core

import (
	"context"
	"errors"
	"fmt"

	"github.com/wxsession/wxsession/core/internal/record"
)

// errStore wraps what a store or a context answered. With sessionError it is
// the only place that decides what a store's failure means: never that a
// session is gone.
func errStore(cause error) *Error {
	message := "the session store could not answer, try again"
	if errors.Is(cause, context.Canceled) {
		message = "the request was cancelled before the session store answered"
	}
	return &Error{Code: CodeStoreUnavailable, Message: message, RetryAfter: storeRetry, cause: cause}
}

// sessionError says what it means that a session's record cannot be read. One
// of a later version, or a sealed one where there are no keys, is a roll-out in
// progress or a slip, so the token may still be good. One that is in clear,
// forged, malformed, or sealed with a key that is lost counts as absent: only a
// new login helps.
func sessionError(err error) *Error {
	switch {
	case errors.Is(err, ErrNotFound):
		return errInvalidSession()
	case isUnusable(err):
		return unusable("session", err)
	}
	return errStore(err)
}

// unusable is no outage: the store has answered.
func unusable(what string, err error) *Error {
	e := errInvalidSession()
	e.cause = fmt.Errorf("cannot use the stored %s: %w", what, err)
	return e
}

// isUnusable reports whether err is about a value that counts as absent.
func isUnusable(err error) bool {
	for _, absent := range []error{record.ErrMalformed, record.ErrForged, record.ErrClear, record.ErrOtherKey} {
		if errors.Is(err, absent) {
			return true
		}
	}
	return false
}

func errRevoked(why record.Reason) *Error {
	return &Error{Code: CodeSessionRevoked, Message: "the session was ended " + reasonText(why) + ", call wx.login and log in again"}
}

func reasonText(why record.Reason) string {
	switch why {
	case record.ByDevice:
		return "by another device or an administrator"
	case record.ByEverywhere:
		return "by a log-out everywhere"
	case record.ByCap:
		return "because the user logged in on too many devices"
	case record.ByTheft:
		return "because an older token of it was rotated after the newer one was in use"
	case record.ByHandOver:
		return "by a newer hand-over"
	default:
		return "by a log-out"
	}
}

// isEnded reports whether err says that a session lives no more.
func isEnded(err error) bool {
	code := CodeOf(err)
	return code == CodeInvalidSession || code == CodeSessionRevoked
}
