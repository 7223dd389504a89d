package weblogin

import (
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// needCorpus refuses a fuzz target that has lost what it starts from.
func needCorpus(f *testing.F, name string, least int) {
	f.Helper()
	files, err := os.ReadDir(filepath.Join("testdata", "fuzz", name))
	if err != nil || len(files) < least {
		f.Fatalf("%d files in the corpus of %s, want at least %d: %v", len(files), name, least, err)
	}
}

// FuzzTarget: where a target is taken, every reader of the Location arrives on
// this host: by RFC 3986, and as browsers read URLs.
func FuzzTarget(f *testing.F) {
	needCorpus(f, "FuzzTarget", 10)
	f.Fuzz(func(t *testing.T, to string) {
		if checkTarget(to) != nil {
			return
		}
		to = location(to)
		if len(to) == 0 || strings.ContainsFunc(to, func(r rune) bool { return r <= ' ' || r > '~' || r == '\\' }) {
			t.Fatalf("the header holds %q", to)
		}
		if location(to) != to {
			t.Errorf("%q is escaped twice: %q", to, location(to))
		}
		if host := browserHost(to); host != "" {
			t.Errorf("%q leads a browser to %q", to, host)
		}
		base, _ := url.Parse("https://shop.example.com/wx/enter?ticket=x")
		if u, err := base.Parse(to); err != nil || u.Host != base.Host || u.Scheme != "https" || u.User != nil {
			t.Errorf("%q leads to %v, %v", to, u, err)
		}
	})
}

// browserHost is the host that a browser finds in a relative URL, as the WHATWG's
// parser does it for https; "" if it stays where it is.
func browserHost(to string) string {
	to = strings.TrimFunc(to, func(r rune) bool { return r <= ' ' })
	to = strings.NewReplacer("\t", "", "\n", "", "\r", "", `\`, "/").Replace(to)
	if scheme, rest, found := strings.Cut(to, ":"); found && scheme != "" && !strings.ContainsAny(scheme, "/?#") {
		return "of " + rest
	}
	if rest, found := strings.CutPrefix(to, "//"); found {
		return "of " + rest
	}
	return ""
}

// TestTheModelOfABrowserFindsHosts: a model that finds none would prove nothing.
func TestTheModelOfABrowserFindsHosts(t *testing.T) {
	for _, to := range []string{"//e", `/\e`, "/\t/e", " //e", "https:e", "javascript:1", `\\e`} {
		if browserHost(to) == "" {
			t.Errorf("%q stays", to)
		}
	}
	for _, to := range []string{"/e", "/a:b", "/?//e", "/.//e", ""} {
		if browserHost(to) != "" {
			t.Errorf("%q leaves", to)
		}
	}
}
