package demo

import (
	"net"
	"net/http"
	"strings"
)

// The server is on loopback, but every website in the user's browser can reach
// it. Two things keep them from the page and what is behind it:
//
// A website that lets its own name point to this machine (DNS rebinding) is of
// the same origin as the page then, and could read it. But the browser sends that
// name as the host: it must be localhost, an address, or the one in ADDR.
//
// Other websites send a request and cannot read the answer. The browser says where
// it comes from, by Sec-Fetch-Site or Origin: no control turns for them.

// guardHost refuses requests that name a host which may be another website's.
func (s *simulation) guardHost(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !s.hostIsOurs(r.Host) {
			http.Error(w, "open this page as http://localhost, by the machine's address, or by the host in ADDR", http.StatusForbidden)
			return
		}
		h.ServeHTTP(w, r)
	})
}

func (s *simulation) hostIsOurs(hostport string) bool {
	host := hostport
	if h, _, err := net.SplitHostPort(hostport); err == nil {
		host = h
	}
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	return host == "localhost" || strings.HasSuffix(host, ".localhost") ||
		net.ParseIP(strings.Trim(host, "[]")) != nil || host != "" && host == s.host
}

// guardOrigin refuses, besides, what another website's page has sent.
func (s *simulation) guardOrigin(h http.Handler) http.Handler {
	protection := http.NewCrossOriginProtection()
	return s.guardHost(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		site := r.Header.Get("Sec-Fetch-Site")
		foreign := site != "" && site != "same-origin" && site != "none" // reads hold connections open
		if foreign || protection.Check(r) != nil {
			http.Error(w, "another website's page may not do this", http.StatusForbidden)
			return
		}
		h.ServeHTTP(w, r)
	}))
}

// hostOf returns the host in ADDR; "" if there is none.
func hostOf(addr string) string {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return ""
	}
	return strings.ToLower(host)
}
