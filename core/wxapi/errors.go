package wxapi

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
)

// Error is what every failing call of a Client returns. It never holds a
// secret, a code, a session_key, an access token or a URL.
type Error struct {
	Kind    Kind
	Op      string // WeChat's name of the API, such as "code2Session"
	ErrCode int    // WeChat's errcode; 0 if WeChat gave none
	ErrMsg  string // WeChat's errmsg without its tail of ids, bounded, on one line
	RID     string // WeChat's request id, by which its console finds the call

	cause error
}

// Error returns a line for developers and logs.
func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString(e.Op + ": " + e.Kind.String())
	if e.ErrCode != 0 {
		fmt.Fprintf(&b, ": errcode %d %q", e.ErrCode, e.ErrMsg)
	}
	if e.RID != "" {
		b.WriteString(", rid " + e.RID)
	}
	if e.cause != nil {
		b.WriteString(": " + e.cause.Error())
	}
	return b.String()
}

// Unwrap returns the cause, if there is one: a context's error as it is, a
// transport's error without the URL.
func (e *Error) Unwrap() error { return e.cause }

// errWithheld stands for a cause whose text cannot be shown.
var errWithheld = errors.New("an error that is withheld: its text holds a secret, or cannot be had")

// sanitize turns a transport's error into one that may be shown. *url.Error
// would print the URL, and with it the AppSecret. An error of the application's
// may be a nil pointer, and panic when asked for its text.
func sanitize(err error, hide []Secret) (safe error) {
	defer func() {
		if recover() != nil {
			safe = errWithheld
		}
	}()
	switch {
	case err == nil:
		return nil
	case errors.Is(err, context.Canceled):
		return context.Canceled
	case errors.Is(err, context.DeadlineExceeded):
		return context.DeadlineExceeded
	}
	for u, ok := errors.AsType[*url.Error](err); ok; u, ok = errors.AsType[*url.Error](err) {
		err = u.Err
	}
	if text := err.Error() + fmt.Sprintf("%v %+v %#v", err, err, err); redact(text, hide) != text {
		return errWithheld
	}
	return err
}

// shortest is the length below which a value cannot be told from ordinary
// words, and guessing it needs no log line.
const shortest = 6

// redact replaces the values to hide wherever they occur, as they are and as
// they stand in a query.
func redact(text string, hide []Secret) string {
	for _, s := range hide {
		if len(s) < shortest {
			continue
		}
		text = strings.ReplaceAll(text, string(s), redacted)
		text = strings.ReplaceAll(text, url.QueryEscape(string(s)), redacted)
	}
	return text
}
