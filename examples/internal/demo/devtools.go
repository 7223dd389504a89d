package demo

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"

	"github.com/wxsession/wxsession/core"
)

// withDevtools adds in front of h, where WeChat is simulated, what it would give
// the mini program of ?user=alice:
//
//	GET       /devtools/code       a code, as wx.login
//	GET, POST /devtools/encrypt    encryptedData and iv, as wx.getUserInfo; of
//	                               another JSON object with data= or as the body
//	GET       /devtools/phonecode  a code for number=13580006666, as the
//	                               getPhoneNumber button
func (s *Server) withDevtools(h http.Handler) http.Handler {
	if s.sim == nil {
		return h
	}
	tools := http.NewServeMux()
	tools.HandleFunc("GET /devtools/code", s.serveCode)
	tools.HandleFunc("GET /devtools/encrypt", s.serveEncrypt)
	tools.HandleFunc("POST /devtools/encrypt", s.serveEncrypt)
	tools.HandleFunc("GET /devtools/phonecode", s.servePhoneCode)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/devtools/") {
			if rebound(r) {
				http.Error(w, "the devtools are for this machine: ask for localhost", http.StatusForbidden)
				return
			}
			tools.ServeHTTP(w, r)
			return
		}
		h.ServeHTTP(w, r)
	})
}

// rebound reports whether a request on loopback comes from the page of a website:
// one whose name leads to this machine (DNS rebinding), or one that another page
// makes. Curl and the developer's own browser are let through.
func rebound(r *http.Request) bool {
	local, ok := r.Context().Value(http.LocalAddrContextKey).(*net.TCPAddr)
	if !ok || !local.IP.IsLoopback() {
		return false
	}
	if site := r.Header.Get("Sec-Fetch-Site"); site != "" && site != "none" && site != "same-origin" {
		return true
	}
	host, _, err := net.SplitHostPort(r.Host)
	if err != nil {
		host = strings.Trim(r.Host, "[]")
	}
	return host != "" && !strings.EqualFold(host, "localhost") && net.ParseIP(host) == nil
}

func (s *Server) serveCode(w http.ResponseWriter, r *http.Request) {
	writeJSON(w, http.StatusOK, map[string]string{"code": s.sim.Code(s.openID(r))})
}

func (s *Server) serveEncrypt(w http.ResponseWriter, r *http.Request) {
	openID := s.openID(r)
	data, err := readData(r)
	if err != nil {
		writeJSON(w, core.CodeOf(err).Status(), err)
		return
	}
	if data == nil {
		data = fmt.Appendf(nil, `{"openId":%q,"nickName":"微信用户","gender":0,"language":"","avatarUrl":""}`, openID)
	}
	var e Encrypted
	e.Data, e.IV = s.sim.Encrypt(openID, data)
	writeJSON(w, http.StatusOK, e)
}

func (s *Server) servePhoneCode(w http.ResponseWriter, r *http.Request) {
	number := cmp.Or(r.URL.Query().Get("number"), "13580006666")
	writeJSON(w, http.StatusOK, map[string]string{"code": s.sim.PhoneCode(s.openID(r), number)})
}

func (s *Server) openID(r *http.Request) string {
	return s.sim.OpenID(cmp.Or(r.URL.Query().Get("user"), "alice"))
}

// readData returns the object that is to be encrypted; nil if there is none.
func readData(r *http.Request) (json.RawMessage, error) {
	text := r.URL.Query().Get("data")
	if text == "" {
		var err error
		if text, err = ReadText(r.Body); err != nil || text == "" {
			return nil, err
		}
	}
	var members map[string]json.RawMessage
	if err := json.Unmarshal([]byte(text), &members); err != nil || members == nil {
		return nil, &core.Error{Code: core.CodeBadRequest, Message: "send a JSON object, as data=… or as the body"}
	}
	return json.RawMessage(text), nil
}

func writeJSON(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v) // fails when the client has gone
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
