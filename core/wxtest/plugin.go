package wxtest

// errNoPluginData is what getpluginopenpid gives for a code that is no good.
const errNoPluginData = 1007

// PluginCode is wx.pluginLogin on the user's phone: it returns a code for
// getpluginopenpid, good once within five minutes.
func (a *App) PluginCode(openid string) string {
	a.server.mu.Lock()
	defer a.server.mu.Unlock()
	key := text(64, "0123456789abcdef")
	a.server.issue(key, &code{kind: pluginCode, appid: a.AppID, openid: openid})
	return key
}

// serveOpenPID serves /wxa/getpluginopenpid.
func (s *Server) serveOpenPID(a *App, rq *request, rp *reply) {
	var in struct{ Code string }
	if !rq.into(&in, rp) {
		return
	}
	c, errcode := s.codes.take(in.Code, pluginCode, a.AppID, s.now())
	if errcode != 0 {
		rp.refuse(errNoPluginData)
		return
	}
	c.used = true
	rp.succeed(struct {
		refusal
		OpenPID string `json:"openpid"`
	}{ok, identifier("openpid", a.AppID, c.openid)})
}
