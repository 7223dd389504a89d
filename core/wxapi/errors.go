package wxapi

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
)

// Kind says what a failure means to the caller. The set is closed.
type Kind int

// The kinds, with the error codes of WeChat that they stand for.
const (
	// InvalidCode: the code is unknown, expired, of another app or of another
	// sort (40029, 41008, 42003). The client gets a new one and tries again.
	InvalidCode Kind = iota + 1
	// CodeUsed: the code has been exchanged before (40163). To be refused like
	// InvalidCode, and never answered from a cache: the second presenter may
	// have stolen it.
	CodeUsed
	// Blocked: WeChat considers the user a high risk (40226).
	Blocked
	// RateLimited: a quota per minute or per day is used up (45009, 45011).
	RateLimited
	// Unavailable: WeChat is busy (-1, after the retries), did not answer in
	// time or at all, or answered what is no answer. Also code2Session's
	// unknown error codes.
	Unavailable
	// Misconfigured: app id, secret, permissions or addresses are not right;
	// repeating changes nothing, an operator has to look (40002, 40013, 40125,
	// 40164, 40243, 41002, 41004, 48001 …; kindOf is the table).
	Misconfigured
	// InvalidSignature: the session_key that signed is wrong, displaced or
	// expired (87009). The client has to call wx.login again.
	InvalidSignature
	// BadToken: the access token is invalid, displaced or expired (40001,
	// 40014, 42001), and a new one did not help.
	BadToken
	// NotFound: WeChat has no such data (1, 1007).
	NotFound
	// Rejected: WeChat refused the arguments of this one call (40003, 40097,
	// 44002, 47001, 89300), or gave an error code unknown here.
	Rejected
)

// String returns the kind in words.
func (k Kind) String() string {
	switch k {
	case InvalidCode:
		return "invalid code"
	case CodeUsed:
		return "code used"
	case Blocked:
		return "user blocked"
	case RateLimited:
		return "rate limited"
	case Unavailable:
		return "unavailable"
	case Misconfigured:
		return "misconfigured"
	case InvalidSignature:
		return "invalid signature"
	case BadToken:
		return "bad access token"
	case NotFound:
		return "not found"
	case Rejected:
		return "rejected"
	}
	return fmt.Sprintf("kind %d", int(k))
}

// Error is what every failing call of a Client returns. It never holds a
// secret, a code, a session_key, an access token or a URL.
type Error struct {
	Kind    Kind
	Op      string // WeChat's name of the API, such as "code2Session"
	ErrCode int    // WeChat's errcode; 0 if the failure is not WeChat's verdict
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

func isKind(err error, k Kind) bool {
	e, ok := errors.AsType[*Error](err)
	return ok && e.Kind == k
}

// kindOf is the table of WeChat's error codes.
func kindOf(errcode int) Kind {
	switch errcode {
	case -1:
		return Unavailable
	case 40029, 41008, 42003:
		// 41008 (missing code) too: a client can cause it with a code of blanks.
		return InvalidCode
	case 40163:
		return CodeUsed
	case 40226:
		return Blocked
	case 45009, 45011:
		return RateLimited
	case 87009:
		return InvalidSignature
	case 40001, 40014, 42001:
		return BadToken
	case 1, 1007:
		return NotFound
	case 40002, 40013, 40066, 40090, 40094, 40125, 40164, 40243,
		41001, 41002, 41004, 41021,
		43001, 43002, 43003,
		48001, 48004, 48017,
		50002, 50004, 50007,
		61003, 61004, 61007, 61014, 61024,
		87008, 89002, 89501, 89503, 89506, 89507:
		return Misconfigured
	}
	return Rejected
}

// loginKind narrows a kind to what a login can mean: there is no token that
// could be bad, and what is not known to be final may pass.
func loginKind(k Kind) Kind {
	switch k {
	case BadToken:
		return Misconfigured
	case InvalidSignature, NotFound, Rejected:
		return Unavailable
	}
	return k
}

// tokenKind is for the token endpoints, where 40001 speaks of the AppSecret.
func tokenKind(k Kind) Kind {
	if k == BadToken {
		return Misconfigured
	}
	return k
}

// errUnprintable stands for a cause whose text held a secret.
var errUnprintable = errors.New("transport error, withheld because its text holds a secret")

// sanitize turns a transport's error into one that may be shown. *url.Error
// would print the URL, and with it the AppSecret.
func sanitize(err error, hide []Secret) error {
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
	if text := fmt.Sprintf("%v %+v %#v", err, err, err); redact(text, hide) != text {
		return errUnprintable
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
