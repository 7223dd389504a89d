package wxtest

import "net/http"

// endpoint is one API. Either open or served is set; neither is where WeChat
// has none.
type endpoint struct {
	sns    bool   // of the /sns family
	hinted bool   // errors carry a hint besides the rid
	method string // the only one accepted; "" means any
	open   func(*Server, *request, *reply)
	served func(*Server, *App, *request, *reply) // needs an access token
}

// endpoints are the APIs that the server knows, by path.
var endpoints = map[string]endpoint{
	"/sns/jscode2session":              {sns: true, open: (*Server).serveLogin},
	"/sns/component/jscode2session":    {sns: true, open: (*Server).serveComponentLogin},
	"/cgi-bin/token":                   {method: http.MethodGet, open: (*Server).serveToken},
	"/cgi-bin/stable_token":            {method: http.MethodPost, open: (*Server).serveStable},
	"/wxa/checksession":                {method: http.MethodGet, served: (*Server).serveCheck},
	"/wxa/resetusersessionkey":         {method: http.MethodGet, served: (*Server).serveReset},
	"/wxa/business/getuserencryptkey":  {served: (*Server).serveUserKeys},
	"/wxa/business/getuserphonenumber": {method: http.MethodPost, hinted: true, served: (*Server).servePhone},
	"/wxa/business/checkencryptedmsg":  {method: http.MethodPost, served: (*Server).serveEncryptedMsg},
	"/wxa/getpluginopenpid":            {method: http.MethodPost, served: (*Server).serveOpenPID},
	"/wxa/getpaidunionid":              {method: http.MethodGet, served: (*Server).servePaidUnionID},
	"/wxa/getwxacodeunlimit":           {method: http.MethodPost, served: (*Server).serveCode},
}

func (e endpoint) exists() bool { return e.open != nil || e.served != nil }

func (s *Server) serve(e endpoint, rq *request, rp *reply) {
	switch {
	case !e.exists():
		rp.refuse(errInvalidURL)
	case e.method == http.MethodGet && rq.method != e.method:
		rp.refuse(errNeedGET)
	case e.method == http.MethodPost && rq.method != e.method:
		rp.refuse(errNeedPOST)
	case e.open != nil:
		e.open(s, rq, rp)
	default:
		if app := s.authorize(rq, rp); app != nil {
			e.served(s, app, rq, rp)
		}
	}
}
