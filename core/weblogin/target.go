package weblogin

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// maxTarget bounds the path that a hand-over leads to, in bytes.
const maxTarget = 1024

// checkTarget refuses what might lead to another host. Browsers read "//" and
// "/\" as the beginning of a host, a backslash anywhere as a slash, and leave out
// tabs and line breaks before they look. Everything that begins with one slash
// and has none of these is a path of this host in every URL parser: escapes such
// as %2f are not undone, and "/.//x" has a host before it when the dots go.
func checkTarget(to string) error {
	switch {
	case len(to) > maxTarget:
		return errBadRequest(fmt.Sprintf("to is longer than %d bytes", maxTarget))
	case !strings.HasPrefix(to, "/") || strings.HasPrefix(to, "//"):
		return errBadRequest("to must be a path of this host: it begins with one slash")
	case strings.Contains(to, `\`) || strings.ContainsFunc(to, isControl) || !utf8.ValidString(to):
		return errBadRequest("to must be UTF-8 without backslashes and control characters")
	}
	return nil
}

func isControl(r rune) bool { return r < 0x20 || 0x7f <= r && r <= 0x9f }

// location returns a target as it stands in a header: in ASCII, with what a URL
// cannot hold escaped as a browser would do it. What is escaped already stays.
func location(to string) string {
	const plain = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~:/?#[]@!$&'()*+,;="
	var b strings.Builder
	for i := range len(to) {
		c := to[i]
		if strings.IndexByte(plain, c) >= 0 || c == '%' && escapes(to[i:]) {
			b.WriteByte(c)
		} else {
			fmt.Fprintf(&b, "%%%02X", c)
		}
	}
	return b.String()
}

func escapes(s string) bool { return len(s) >= 3 && isHex(s[1]) && isHex(s[2]) }

func isHex(c byte) bool { return strings.IndexByte("0123456789abcdefABCDEF", c) >= 0 }
