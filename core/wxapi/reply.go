package wxapi

import (
	"encoding/json"
	"errors"
)

// reply is what WeChat's JSON is decoded into.
type reply interface {
	status() (errcode int, errmsg string, given bool)
	complete() bool // all fields that a success must have are there
}

var errGarbage = errors.New("the reply is not what this API returns")

// decode judges a reply by its JSON alone: the Content-Type that WeChat sends
// is text/plain on some endpoints and malformed on others.
func decode[T reply](rq *request, a *answer) (T, *Error) {
	var out, none T
	if json.Unmarshal(a.body.Bytes(), &out) != nil {
		return none, rq.fail(KindUnavailable, errGarbage)
	}
	errcode, errmsg, _ := out.status()
	if errcode != 0 {
		return none, rq.refused(errcode, errmsg)
	}
	if !out.complete() {
		return none, rq.fail(KindUnavailable, errGarbage)
	}
	return out, nil
}

// outcome is the part that all replies share.
type outcome struct {
	ErrCode *int   `json:"errcode"`
	ErrMsg  string `json:"errmsg"`
}

func (s outcome) status() (errcode int, errmsg string, given bool) {
	if s.ErrCode == nil {
		return 0, s.ErrMsg, false
	}
	return *s.ErrCode, s.ErrMsg, true
}

// acknowledged is a reply that says no more than "ok". The errcode has to be
// there: an empty object may come from something in between, and is no "ok".
type acknowledged struct{ outcome }

func (r acknowledged) complete() bool { return r.ErrCode != nil }

// visible reports whether s is 1 to max bytes of visible ASCII.
func visible(s string, max int) bool {
	if s == "" || len(s) > max {
		return false
	}
	for i := range len(s) {
		if s[i] <= ' ' || s[i] > '~' {
			return false
		}
	}
	return true
}
