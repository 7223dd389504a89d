package wxapi

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

const (
	maxErrMsg = 256 // bytes of WeChat's text that an Error keeps
	maxRID    = 64
)

// splitErrMsg separates WeChat's text from the ids behind it. Its tails are
//
//	msg, rid: R                       /sns today
//	msg rid: R                        /cgi-bin and /wxa today
//	msg hint: [H] rid: R              getuserphonenumber today
//	msg, hints: [ req_id: H ]         /sns before 2021
//	msg hint: [H]  and  hints: [H!]   the others before 2021
//
// R is preferred; H takes its place where there is none.
func splitErrMsg(s string) (msg, rid string) {
	s, rid = cutRID(s)
	s, hint := cutHint(s)
	if rid == "" {
		rid = hint
	}
	return printable(s), rid
}

func cutRID(s string) (rest, rid string) {
	i := strings.LastIndex(s, "rid: ")
	if i < 0 || i > 0 && s[i-1] != ' ' {
		return s, ""
	}
	rid = strings.TrimSpace(s[i+len("rid: "):])
	if !isID(rid, maxRID) {
		return s, ""
	}
	return strings.TrimRight(s[:i], ", "), rid
}

func cutHint(s string) (rest, hint string) {
	body, closed := strings.CutSuffix(s, "]")
	i := strings.LastIndex(body, "hint")
	if !closed || i < 0 {
		return s, ""
	}
	_, hint, _ = strings.Cut(body[i:], "[")
	hint = strings.TrimPrefix(strings.TrimSpace(hint), "req_id: ")
	hint = strings.TrimSuffix(strings.TrimSpace(hint), "!")
	if !isID(hint, maxRID) {
		return s, ""
	}
	return strings.TrimRight(s[:i], ", "), hint
}

// isID reports whether s is 1 to max letters, digits, "-" and "_".
func isID(s string, max int) bool {
	if s == "" || len(s) > max {
		return false
	}
	for i := range len(s) {
		c := s[i]
		alnum := '0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
		if !alnum && c != '-' && c != '_' {
			return false
		}
	}
	return true
}

// printable drops what could break a log line, and what goes beyond the bound.
func printable(s string) string {
	if len(s) > maxErrMsg {
		s = s[:maxErrMsg]
	}
	return strings.Map(func(r rune) rune {
		if r == utf8.RuneError || !unicode.IsPrint(r) {
			return -1
		}
		return r
	}, s)
}
