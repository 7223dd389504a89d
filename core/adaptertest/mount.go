package adaptertest

import "github.com/wxsession/wxsession/core"

func mountRows() []row {
	return []row{
		{name: "the login routes stand under the configured prefix", check: (*rig).prefix},
		{name: "the login routes stand at the root if the prefix says so", check: (*rig).noPrefix},
		{name: "routes that are not configured are not there", check: (*rig).unmounted},
	}
}

func (r *rig) prefix() {
	r.start(func(c *core.Config) { c.Prefix = "/auth/wechat" })
	code := r.wx.Code(r.wx.OpenID("alice"))
	r.do("POST", "/auth/wechat/login", loginBody(code)).want(200)
	if status := r.do("POST", "/wx/login", loginBody(code)).status; status < 400 {
		r.Errorf("POST /wx/login: status %d, although the prefix is another one", status)
	}
}

func (r *rig) noPrefix() {
	r.start(func(c *core.Config) { c.Prefix = "/" })
	r.do("POST", "/login", loginBody(r.wx.Code(r.wx.OpenID("alice")))).want(200)
}

func (r *rig) unmounted() {
	r.start()
	token, _ := r.login("alice")
	if status := r.do("POST", "/wx/phone", `{"code":"x"}`, bearer(token)...).status; status != 404 && status != 405 {
		r.Errorf("POST /wx/phone: status %d without Config.PhoneRoute, want 404 or 405", status)
	}
}
