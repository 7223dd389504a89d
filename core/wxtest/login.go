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
		s.exchange(app, q.Get("secret") == app.Secret, q.Get("js_code"), rp)
	}
}

// serveComponentLogin serves /sns/component/jscode2session, the login through a
// third-party platform, which needs no secret of the app.
func (s *Server) serveComponentLogin(rq *request, rp *reply) {
	q := rq.query
	app := s.apps[q.Get("appid")]
	platform := s.platforms[q.Get("component_appid")]
	switch {
	case q.Get("appid") == "":
		rp.refuse(errAppIDMissing)
	case q.Get("component_access_token") == "":
		rp.refuse(errComponentTokenMissing)
	case platform == nil || q.Get("component_access_token") != platform.token:
		rp.refuse(errComponentCredential)
	case q.Get("js_code") == "":
		rp.refuse(errCodeMissing)
	case app == nil:
		rp.refuse(errInvalidAppID)
	case q.Get("grant_type") != "authorization_code":
		rp.refuse(errGrantType)
	case !platform.apps[app.AppID]:
		rp.refuse(errNotAuthorized)
	default:
		s.exchange(app, true, q.Get("js_code"), rp)
	}
}

// platform is a third-party platform and the apps that have authorised it.
type platform struct {
	token string
	apps  map[string]bool
}

// AddPlatform registers a third-party platform with the component_access_token
// that it has, authorised by the apps with these appids.
func (s *Server) AddPlatform(componentAppID, componentAccessToken string, appids ...string) {
	p := &platform{componentAccessToken, map[string]bool{}}
	for _, id := range appids {
		p.apps[id] = true
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.platforms[componentAppID] = p
}

// exchange gives the session_key for a code, if the caller has proved itself.
func (s *Server) exchange(app *App, proved bool, js string, rp *reply) {
	c, errcode := s.codes.take(js, loginCode, app.AppID, s.now())
	if errcode == 0 && app.user(c.openid).blocked {
		errcode = errCodeBlocked
	}
	if !proved && (errcode == 0 || s.opts.SecretFirst) {
		errcode = errInvalidSecret
	}
	if errcode != 0 {
		if c != nil && s.opts.FailuresConsume {
			c.used = true
		}
		rp.refuse(errcode)
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
