package demo

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
)

// withDevtools adds GET /devtools/code?user=alice in front of h where WeChat is
// simulated: what wx.login would give the mini program of that user.
func (s *Server) withDevtools(h http.Handler) http.Handler {
	if s.sim == nil {
		return h
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/devtools/code" {
			h.ServeHTTP(w, r)
			return
		}
		user := cmp.Or(r.URL.Query().Get("user"), "alice")
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(map[string]string{"code": s.sim.Code(s.sim.OpenID(user))})
	})
}

// The lines need nothing but a POSIX shell, curl and sed.
const curlLines = `
To log in as alice and call the API, as her mini program would:

code=$(curl -sS "%[1]s/devtools/code?user=alice" | sed 's/.*"code":"\([^"]*\)".*/\1/')
token=$(curl -sS %[1]s%[2]s/login -d "{\"code\":\"$code\"}" | sed 's/.*"3rd_session":"\([^"]*\)".*/\1/')
curl -sS %[1]s/api/me -H "Authorization: Bearer $token"

`

func (s *Server) greet(w io.Writer, url string) {
	if s.sim == nil {
		fmt.Fprintf(w, "listening on %s, the login routes are under %s%s/\n", url, url, s.prefix)
		return
	}
	fmt.Fprintf(w, "listening on %s\n", url)
	fmt.Fprintln(w, "WX_APPID is not set: WeChat is simulated in this process")
	fmt.Fprintf(w, curlLines, url, s.prefix)
}
