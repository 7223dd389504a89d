package demo

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/http"

	"github.com/wxsession/wxsession/core"
)

// devtools are what WeChat would give the mini program of ?user=alice, and what
// the page needs; see the package comment.
func (s *simulation) devtools() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /devtools/code", s.tap.record("wx.login", http.HandlerFunc(s.serveCode)))
	mux.Handle("GET /devtools/encrypt", s.tap.record("wx.getUserInfo", http.HandlerFunc(s.serveEncrypt)))
	mux.HandleFunc("POST /devtools/encrypt", s.serveEncrypt)
	mux.Handle("GET /devtools/phonecode", s.tap.record("getPhoneNumber", http.HandlerFunc(s.servePhoneCode)))

	mux.Handle("GET /devtools/state", s.guardOrigin(http.HandlerFunc(s.serveState)))
	mux.Handle("GET /devtools/events", s.guardOrigin(http.HandlerFunc(s.serveEvents)))
	mux.Handle("POST /devtools/clock", s.guardOrigin(control(s, s.turnClock)))
	mux.Handle("POST /devtools/store", s.guardOrigin(control(s, s.turnStore)))
	mux.Handle("POST /devtools/wechat", s.guardOrigin(control(s, s.turnWeChat)))
	return mux
}

func (s *simulation) serveState(w http.ResponseWriter, _ *http.Request) {
	writeJSON(w, http.StatusOK, s.state())
}

func (s *simulation) serveCode(w http.ResponseWriter, r *http.Request) {
	writeJSON(w, http.StatusOK, map[string]string{"code": s.wechat.Code(s.openID(r))})
}

func (s *simulation) serveEncrypt(w http.ResponseWriter, r *http.Request) {
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
	e.Data, e.IV = s.wechat.Encrypt(openID, data)
	writeJSON(w, http.StatusOK, e)
}

func (s *simulation) servePhoneCode(w http.ResponseWriter, r *http.Request) {
	number := cmp.Or(r.URL.Query().Get("number"), "13580006666")
	writeJSON(w, http.StatusOK, map[string]string{"code": s.wechat.PhoneCode(s.openID(r), number)})
}

func (s *simulation) openID(r *http.Request) string {
	return s.wechat.OpenID(cmp.Or(r.URL.Query().Get("user"), "alice"))
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
