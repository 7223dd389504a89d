package wxtest

type session struct {
	SessionKey string `json:"session_key"`
	OpenID     string `json:"openid"`
	UnionID    string `json:"unionid,omitempty"`
	ErrCode    *int   `json:"errcode,omitempty"` // on success only with Fault.ErrCodeZero
}

// serveLogin serves /sns/jscode2session. Parameters are read from the query
// whatever the method, as WeChat does.
func (s *Server) serveLogin(rq *request, rp *reply) {
	q := rq.query
	app := s.apps[q.Get("appid")]
	switch {
	case q.Get("appid") == "":
		rp.refuse(errAppIDMissing)
	case q.Get("secret") == "":
		rp.refuse(errSecretMissing)
	case q.Get("js_code") == "":
		rp.refuse(errCodeMissing)
	case app == nil:
		rp.refuse(errInvalidAppID)
	case q.Get("grant_type") != "authorization_code":
		rp.refuse(errGrantType)
	default:
		s.exchange(app, q.Get("secret"), q.Get("js_code"), rp)
	}
}

func (s *Server) exchange(app *App, secret, js string, rp *reply) {
	c, verdict := s.codes.take(js, loginCode, app.AppID, s.now())
	if verdict == 0 && app.user(c.openid).blocked {
		verdict = errCodeBlocked
	}
	if secret != app.Secret && (verdict == 0 || s.opts.SecretFirst) {
		verdict = errInvalidSecret
	}
	if verdict != 0 {
		if c != nil && s.opts.FailuresConsume {
			c.used = true
		}
		rp.refuse(verdict)
		return
	}
	c.used = true
	u := app.user(c.openid)
	out := session{SessionKey: s.currentKey(u).value, OpenID: u.openid, UnionID: s.unionID(u.openid)}
	s.renew(u)
	if rp.fault.ErrCodeZero {
		out.ErrCode = new(int)
	}
	rp.succeed(out)
}
