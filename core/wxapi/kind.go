package wxapi

import (
	"errors"
	"fmt"
)

// Kind says what a failure means to the caller. The set is closed.
type Kind int

// The kinds, with the error codes of WeChat that they stand for.
const (
	// KindInvalidCode: the code is unknown, expired, or made for another app or
	// another API (40029, 41008, 42003). The client gets a new one and tries again.
	KindInvalidCode Kind = iota + 1
	// KindCodeUsed: the code has been exchanged before (40163). Refuse it like
	// KindInvalidCode. Never answer it from a cache: whoever sends a code for the
	// second time may have stolen it.
	KindCodeUsed
	// KindBlocked: WeChat considers the user a high risk (40226).
	KindBlocked
	// KindRateLimited: a quota per minute or per day is used up (45009, 45011).
	KindRateLimited
	// KindUnavailable: WeChat is busy (-1, after the retries), did not answer in
	// time or at all, or sent a reply that makes no sense. For code2Session also
	// an unknown error code.
	KindUnavailable
	// KindMisconfigured: appid, secret, permission, address or page is wrong, and
	// an operator has to look; trying again does not help (40002, 40013, 40125,
	// 40164, 40243, 41002, 41004, 41030, 48001 …; kindOf is the table).
	KindMisconfigured
	// KindInvalidSignature: the session_key that signed is wrong, displaced or
	// expired (87009). The client has to call wx.login again.
	KindInvalidSignature
	// KindBadToken: the access token is invalid, displaced or expired (40001,
	// 40014, 42001), and a second try did not help.
	KindBadToken
	// KindNotFound: WeChat has no such data (1, 1007).
	KindNotFound
	// KindRejected: WeChat refused the arguments of this call (40003, 40097,
	// 40169, 44002, 47001, 89300), or gave an error code that is unknown here.
	KindRejected
)

// String returns the kind in words.
func (k Kind) String() string {
	switch k {
	case KindInvalidCode:
		return "invalid code"
	case KindCodeUsed:
		return "code used"
	case KindBlocked:
		return "user blocked"
	case KindRateLimited:
		return "rate limited"
	case KindUnavailable:
		return "unavailable"
	case KindMisconfigured:
		return "misconfigured"
	case KindInvalidSignature:
		return "invalid signature"
	case KindBadToken:
		return "bad access token"
	case KindNotFound:
		return "not found"
	case KindRejected:
		return "rejected"
	}
	return fmt.Sprintf("kind %d", int(k))
}

func isKind(err error, k Kind) bool {
	e, ok := errors.AsType[*Error](err)
	return ok && e.Kind == k
}

// kindOf is the table of WeChat's error codes.
func kindOf(errcode int) Kind {
	switch errcode {
	case -1:
		return KindUnavailable
	case 40029, 41008, 42003:
		// 41008 (missing code) too: a client can cause it with a code of blanks.
		return KindInvalidCode
	case 40163:
		return KindCodeUsed
	case 40226:
		return KindBlocked
	case 45009, 45011:
		return KindRateLimited
	case 87009:
		return KindInvalidSignature
	case 40001, 40014, 42001:
		return KindBadToken
	case 1, 1007:
		return KindNotFound
	case 40002, 40013, 40066, 40090, 40094, 40125, 40164, 40243,
		41001, 41002, 41004, 41021, 41030,
		43001, 43002, 43003,
		48001, 48004, 48017,
		50002, 50004, 50007,
		61003, 61004, 61007, 61014, 61024,
		87008, 89002, 89501, 89503, 89506, 89507:
		return KindMisconfigured
	}
	return KindRejected
}

// loginKind narrows a kind to what a login can mean. There is no access token
// that could be bad, and an error code that is not known to be final may pass.
func loginKind(k Kind) Kind {
	switch k {
	case KindBadToken:
		return KindMisconfigured
	case KindInvalidSignature, KindNotFound, KindRejected:
		return KindUnavailable
	}
	return k
}

// tokenKind is for the token endpoints, where 40001 speaks of the AppSecret.
func tokenKind(k Kind) Kind {
	if k == KindBadToken {
		return KindMisconfigured
	}
	return k
}
