package wxapi

import (
	"strings"
	"testing"
	"unicode"
)

const someRID = "6aac005a-1b2c3d4e-00000001"

func TestSplitErrMsg(t *testing.T) {
	const more = "reach max api daily quota limit, could get access_token by getStableAccessToken, more details at https://mmbizurl.cn/s/JtxxFh33r"
	for _, test := range []struct{ in, msg, rid string }{
		{"invalid code, rid: " + someRID, "invalid code", someRID},
		{"invalid appid rid: " + someRID, "invalid appid", someRID},
		{"invalid code hint: [abcdefg-12345678] rid: " + someRID, "invalid code", someRID},
		{"code blocked, hints: [ req_id: AbCd1234-xyz5678 ]", "code blocked", "AbCd1234-xyz5678"},
		{"invalid credential hint: [AbCd1234xyz]", "invalid credential", "AbCd1234xyz"},
		{"invalid credential hints: [AbCd_1234!]", "invalid credential", "AbCd_1234"},
		{more + " rid: " + someRID, more, someRID},
		{"invalid request source (bad client ip), requestIP: 192.0.2.1, rid: " + someRID,
			"invalid request source (bad client ip), requestIP: 192.0.2.1", someRID},
		{"rid: " + someRID, "", someRID},
		{"system error", "system error", ""},
		{"ok", "ok", ""},
		{"", "", ""},
		{"a grid: 7", "a grid: 7", ""},
		{"evil, rid: <script>", "evil, rid: <script>", ""},
		{"evil, rid: ", "evil, rid: ", ""},
		{"line\r\nbreak\x00\u202e", "linebreak", ""},
		{"bad \xff\xfe bytes", "bad  bytes", ""},
		{"系统错误", "系统错误", ""},
		{strings.Repeat("é", maxErrMsg), strings.Repeat("é", maxErrMsg/2), ""},
	} {
		if msg, rid := splitErrMsg(test.in); msg != test.msg || rid != test.rid {
			t.Errorf("%q: got %q and %q", test.in, msg, rid)
		}
	}
}

// Whatever the text, what is kept fits on a line of a log, and an id that was
// appended in WeChat's way is found.
func FuzzSplitErrMsg(f *testing.F) {
	for s, id := range map[string]string{
		"invalid code, rid: " + someRID:                         someRID,
		"invalid code hint: [abcdefg-12345678] rid: " + someRID: someRID,
		"code blocked, hints: [ req_id: AbCd1234-xyz5678 ]":     "AbCd1234-xyz5678",
		"x hints: [AbCd!]":                                      "AbCd", "hint[": "", "\xff rid: \n": "",
	} {
		if _, rid := splitErrMsg(s); rid != id {
			f.Fatalf("the corpus has lost its ids: %q of %q", rid, s)
		}
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		msg, rid := splitErrMsg(s)
		if len(msg) > maxErrMsg || strings.ContainsFunc(msg, func(r rune) bool { return !unicode.IsPrint(r) }) {
			t.Errorf("message %q", msg)
		}
		if rid != "" && !isID(rid, maxRID) {
			t.Errorf("rid %q", rid)
		}
		for _, sep := range []string{", ", " "} {
			if _, rid := splitErrMsg(s + sep + "rid: " + someRID); rid != someRID {
				t.Errorf("%q: rid %q", s, rid)
			}
		}
	})
}
