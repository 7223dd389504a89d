package adaptertest

import (
	"context"
	"errors"
	"strings"

	"github.com/wxsession/wxsession/core"
)

func loginRows() []row {
	return []row{
		{name: "login answers with the token and how long it lives", check: (*rig).loginAnswers},
		{name: "login names the openid only where ExposeOpenID is set", check: (*rig).loginNames},
		{name: "login reads JSON whatever its Content-Type says", check: (*rig).loginContentType},
		{name: "login hands the Referer of WeChat on", check: (*rig).loginReferer},
		{name: "what is wrong with a login is a 4xx that stores nothing and asks nobody", check: (*rig).badLogins},
		{name: "a body over 64 KiB is refused with 413", check: (*rig).hugeLogins},
		{name: "a body of 64 KiB is read to its end", check: (*rig).largeLogin},
		{name: "a hook that refuses the login gives 403 and its message", check: (*rig).deniedLogin},
		{name: "a hook that fails gives 503, and its error is for the log", check: (*rig).failedHook},
	}
}

func (r *rig) loginAnswers() {
	r.start()
	got := r.do("POST", "/wx/login", loginBody(r.wx.Code(r.wx.OpenID("alice")))).
		wantJSON(200, "3rd_session", "expires_in", "lifetime")
	if quoted := len(got["3rd_session"]); quoted != 2+len(unissued) {
		r.Errorf("3rd_session has %d characters, want %d", quoted-2, len(unissued))
	}
	if string(got["expires_in"]) != "259200" || string(got["lifetime"]) != "2592000" {
		r.Errorf("expires_in %s and lifetime %s, want 259200 and 2592000", got["expires_in"], got["lifetime"])
	}
}

// unissued has the shape of a token, and stands for no session.
const unissued = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"

func (r *rig) loginNames() {
	r.start(func(c *core.Config) { c.ExposeOpenID = true })
	openID := r.wx.OpenID("alice")
	got := r.do("POST", "/wx/login", loginBody(r.wx.Code(openID))).
		wantJSON(200, "3rd_session", "expires_in", "lifetime", "openid")
	if string(got["openid"]) != encode(openID) {
		r.Errorf("openid %s, want %q", got["openid"], openID)
	}
}

func (r *rig) loginContentType() {
	r.start()
	for _, kind := range []string{"application/x-www-form-urlencoded", "text/plain", "nonsense", ""} {
		body := loginBody(r.wx.Code(r.wx.OpenID("alice")))
		r.do("POST", "/wx/login", body, "Content-Type", kind).want(200)
	}
}

func (r *rig) loginReferer() {
	const second = "wxsecondsecondsec"
	r.start(func(c *core.Config) {
		c.Apps = []core.App{{AppID: second, Secret: core.NewSecret("another")}}
	})
	app := r.wx.AddApp(second, "another")
	r.do("POST", "/wx/login", loginBody(app.Code(app.OpenID("alice"))),
		"Referer", "https://servicewechat.com/"+second+"/12/page-frame.html").want(200)
}

func (r *rig) badLogins() {
	r.start()
	long := strings.Repeat("x", 10<<10)
	for name, body := range map[string]string{
		"no body":                      "",
		"not JSON":                     `{"code":`,
		"trailing text":                loginBody("abc") + "}",
		"an array":                     `[]`,
		"a text":                       `"code"`,
		"null":                         `null`,
		"a form":                       `code=abc`,
		"no code":                      `{}`,
		"an empty code":                loginBody(""),
		"a code that is a number":      `{"code":1}`,
		"a code that is an object":     `{"code":{"$ne":""}}`,
		"a code that adds a parameter": loginBody("abc&appid=wx1"),
		"a code with a line break":     loginBody("abc\r\nX-Header: 1"),
		"a code of 10 KB":              loginBody(long),
		"an appid of nobody":           `{"code":"abc","appid":"wxnobody"}`,
		"a device of 10 KB":            encode(map[string]string{"code": "abc", "device": long}),
		"rawData without signature":    `{"code":"abc","rawData":"{}"}`,
		"iv without encryptedData":     `{"code":"abc","iv":"AAAA"}`,
	} {
		a := r.do("POST", "/wx/login", body)
		a.what += " with " + name
		a.wantRefusal(400, core.CodeBadRequest)
	}
	r.wantUntouched()
}

func (r *rig) hugeLogins() {
	r.start()
	for _, size := range []int{64<<10 + 1, 1 << 20} {
		r.do("POST", "/wx/login", `{"code":"`+strings.Repeat("x", size-len(`{"code":""}`))+`"}`).
			wantRefusal(413, core.CodeRequestTooLarge)
	}
	r.wantUntouched()
}

func (r *rig) largeLogin() {
	r.start()
	body := loginBody(r.wx.Code(r.wx.OpenID("alice")))
	r.do("POST", "/wx/login", strings.Repeat(" ", 64<<10-len(body))+body).want(200)
}

// wantUntouched checks that no request has reached the store or WeChat.
func (r *rig) wantUntouched() {
	r.Helper()
	if gets, writes := r.store.counts(); gets+writes != 0 {
		r.Errorf("the store was asked %d times and written %d times, want neither", gets, writes)
	}
	if n := r.wx.Calls(""); n != 0 {
		r.Errorf("WeChat was asked %d times, want never", n)
	}
}

func (r *rig) deniedLogin() {
	r.start(func(c *core.Config) {
		c.OnLogin = func(context.Context, *core.Draft) error { return core.Deny("not a customer") }
	})
	a := r.do("POST", "/wx/login", loginBody(r.wx.Code(r.wx.OpenID("alice"))))
	a.wantRefusal(403, core.CodeLoginDenied)
	if !strings.Contains(a.body, "not a customer") {
		r.Error("the reply does not hold the application's message")
	}
}

func (r *rig) failedHook() {
	r.start(func(c *core.Config) {
		c.OnLogin = func(context.Context, *core.Draft) error { return errors.New("the table of users is away") }
	})
	a := r.do("POST", "/wx/login", loginBody(r.wx.Code(r.wx.OpenID("alice"))))
	a.wantRefusal(503, core.CodeAppUnavailable)
	if strings.Contains(a.body, "table of users") {
		r.Error("the reply holds the text of the hook's error, which is for the log")
	}
}
