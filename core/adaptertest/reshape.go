package adaptertest

import (
	"context"
	"encoding/json"
	"strings"

	"github.com/wxsession/wxsession/core"
)

func reshapeRows() []row {
	return []row{
		{name: "Config.Reply has the last word on the replies of routes", check: (*rig).reshapedReplies},
		{name: "Config.Reply has the last word on refusals, of handlers too", check: (*rig).reshapedRefusals},
		{name: "Config.Reply may refuse with what is no JSON", check: (*rig).reshapedPages},
	}
}

// envelope is what many backends of this field put around everything.
type envelope struct {
	Code int             `json:"code"`
	Msg  string          `json:"msg"`
	Data json.RawMessage `json:"data"`
}

// envelop puts every reply into one, and adds two cookies and a header.
func envelop(_ context.Context, req core.Request, r core.Reply) core.Reply {
	e := envelope{Data: r.Body}
	if r.Err != nil {
		e = envelope{Code: r.Err.Status(), Msg: string(r.Err.Code)}
	}
	if len(e.Data) == 0 {
		e.Data = json.RawMessage("null")
	}
	r.Status, r.Body = 200, []byte(encode(e))
	r.Header = append(r.Header, core.HeaderField{Name: "Content-Type", Value: "application/json; charset=utf-8"},
		core.HeaderField{Name: "X-Method", Value: req.Method},
		core.HeaderField{Name: "Set-Cookie", Value: "one=1"}, core.HeaderField{Name: "Set-Cookie", Value: "two=2"})
	return r
}

// wantEnveloped checks a reply that envelop has made, and returns its data.
func (a *answer) wantEnveloped(code int, msg core.Code) string {
	a.Helper()
	a.wantJSON(200, "code", "msg", "data")
	var got envelope
	a.decode(&got)
	if got.Code != code || got.Msg != string(msg) {
		a.Errorf("%s: %s, want code %d and msg %q", a.what, a.body, code, msg)
	}
	a.wantHeader("X-Method", strings.Fields(a.what)[0])
	a.wantCookies("one=1", "two=2")
	return string(got.Data)
}

func (r *rig) reshapedReplies() {
	r.start(func(c *core.Config) { c.Reply = envelop })
	var login struct {
		Token string `json:"3rd_session"`
	}
	data := r.do("POST", "/wx/login", loginBody(r.wx.Code(r.wx.OpenID("alice")))).wantEnveloped(0, "")
	if err := json.Unmarshal([]byte(data), &login); err != nil || login.Token == "" {
		r.Fatalf("the login's data is %s", data)
	}
	r.do("GET", "/wx/check", "", bearer(login.Token)...).wantEnveloped(0, "")
	if data := r.do("POST", "/wx/logout", "", bearer(login.Token)...).wantEnveloped(0, ""); data != "null" {
		r.Errorf("the logout's data is %s", data)
	}
}

func (r *rig) reshapedRefusals() {
	r.start(func(c *core.Config) { c.Reply = envelop })
	r.app.setErr(core.NewError(402, "out_of_credit", "buy some"))
	for _, c := range []struct {
		method, path string
		status       int
		code         core.Code
	}{
		{"POST", "/wx/login", 400, core.CodeBadRequest},
		{"GET", "/wx/check", 401, core.CodeNoSession},
		{"POST", "/wx/address", 402, "out_of_credit"},
		{"GET", "/me", 401, core.CodeNoSession},
		{"GET", "/with", 401, core.CodeNoSession},
		{"GET", "/key", 401, core.CodeNoSession},
		{"GET", "/refuse", 402, "out_of_credit"},
	} {
		r.do(c.method, c.path, "").wantEnveloped(c.status, c.code)
	}
	r.wantServed(0)
}

func (r *rig) reshapedPages() {
	for kind, page := range map[string]string{
		"text/html; charset=utf-8": "<p>log in, please</p>",
		"application/problem+json": `{"title":"log in, please"}`,
		"text/plain":               "",
		"application/json":         "", // as left by who drops the body alone
	} {
		r.reshapedPage(kind, page)
	}
}

func (r *rig) reshapedPage(kind, page string) {
	r.Helper()
	r.start(func(c *core.Config) {
		c.Reply = func(_ context.Context, _ core.Request, r core.Reply) core.Reply {
			r.Header = append(r.Header, core.HeaderField{Name: "Content-Type", Value: kind})
			r.Body = []byte(page)
			return r
		}
	})
	for _, path := range []string{"/me", "/with", "/wx/check"} {
		a := r.do("GET", path, "").want(401)
		a.wantHeader("Content-Type", kind)
		a.wantHeader("WWW-Authenticate", "Bearer")
		if a.body != page {
			r.Errorf("%s: body %q, want %q", a.what, a.body, page)
		}
	}
	if !r.h.NoErrorPath {
		r.wantFailures(core.CodeNoSession, core.CodeNoSession, core.CodeNoSession)
	}
}
