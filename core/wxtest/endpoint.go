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

func endpointOf(path string) endpoint {
	const get, post = http.MethodGet, http.MethodPost
	switch path {
	case "/sns/jscode2session":
		return endpoint{sns: true, open: (*Server).serveLogin}
	case "/sns/component/jscode2session":
		return endpoint{sns: true, open: (*Server).serveComponentLogin}
	case "/cgi-bin/token":
		return endpoint{method: get, open: (*Server).serveToken}
	case "/cgi-bin/stable_token":
		return endpoint{method: post, open: (*Server).serveStable}
	case "/wxa/checksession":
		return endpoint{method: get, served: (*Server).serveCheck}
	case "/wxa/resetusersessionkey":
		return endpoint{method: get, served: (*Server).serveReset}
	case "/wxa/business/getuserencryptkey":
		return endpoint{served: (*Server).serveUserKeys}
	case "/wxa/business/getuserphonenumber":
		return endpoint{method: post, hinted: true, served: (*Server).servePhone}
	case "/wxa/business/checkencryptedmsg":
		return endpoint{method: post, served: (*Server).serveEncryptedMsg}
	case "/wxa/getpluginopenpid":
		return endpoint{method: post, served: (*Server).serveOpenPID}
	case "/wxa/getpaidunionid":
		return endpoint{method: get, served: (*Server).servePaidUnionID}
	}
	return endpoint{}
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
