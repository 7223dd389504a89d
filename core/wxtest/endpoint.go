package wxtest

import "net/http"

// endpoint is one API. Exactly one of open and served is set.
type endpoint struct {
	sns    bool   // of the /sns family
	hinted bool   // errors carry a hint besides the rid
	method string // the only one accepted; "" means any
	open   func(*Server, *request, *reply)
	served func(*Server, *App, *request, *reply) // needs an access token
}

func endpointOf(path string) endpoint {
	switch path {
	case "/sns/jscode2session":
		return endpoint{sns: true, open: (*Server).code2Session}
	case "/cgi-bin/token":
		return endpoint{method: http.MethodGet, open: (*Server).token}
	case "/cgi-bin/stable_token":
		return endpoint{method: http.MethodPost, open: (*Server).stable}
	}
	return endpoint{open: (*Server).nowhere}
}

func (s *Server) serve(e endpoint, rq *request, rp *reply) {
	switch {
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

func (s *Server) nowhere(_ *request, rp *reply) { rp.refuse(errInvalidURL) }
