package demo

import (
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"fmt"
	"io/fs"
	"net/http"
	"path"
	"strings"
)

// page holds the sources of the page, and a copy of client/wxsession.js.
//
//go:embed page
var page embed.FS

// document is the page as it is served: one file of HTML with everything in it.
type document struct {
	html   []byte
	policy string // its Content-Security-Policy
}

// newDocument puts the sources together. The policy lets nothing run but what
// stands in them, and nothing be fetched but from this server.
func newDocument() (document, error) {
	html, err := fs.ReadFile(page, "page/index.html")
	if err != nil {
		return document{}, err
	}
	style, err := concatenate("style/*.css")
	if err != nil {
		return document{}, err
	}
	client, err := fs.ReadFile(page, "page/wxsession.js")
	if err != nil {
		return document{}, err
	}
	script, err := concatenate("script/*.js")
	if err != nil {
		return document{}, err
	}
	const module = "var module = { exports: {} }"
	text := strings.NewReplacer(
		"/* style */", style, "/* module */", module, "/* client */", string(client), "/* script */", script,
	).Replace(string(html))
	policy := fmt.Sprintf("default-src 'none'; script-src %s %s %s; style-src %s; img-src 'self' data:; connect-src 'self'; "+
		"frame-src 'self'; frame-ancestors 'self'; base-uri 'none'; form-action 'none'; require-trusted-types-for 'script'; trusted-types 'none'",
		digest(module), digest(string(client)), digest(script), digest(style))
	return document{[]byte(text), policy}, nil
}

// concatenate joins sources in the order of their names.
func concatenate(pattern string) (string, error) {
	names, err := fs.Glob(page, path.Join("page", pattern))
	if err != nil {
		return "", err
	}
	var all strings.Builder
	for _, name := range names {
		text, err := fs.ReadFile(page, name)
		if err != nil {
			return "", err
		}
		all.Write(text)
	}
	return all.String(), nil
}

// digest is how a policy names an inline script or style.
func digest(text string) string {
	sum := sha256.Sum256([]byte(text))
	return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
}

func (d document) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", d.policy)
	h.Set("Cache-Control", "no-store")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	_, _ = w.Write(d.html) // fails when the browser has gone
}
