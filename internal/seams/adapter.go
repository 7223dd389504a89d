package seams

import (
	"context"
	"net/http"
	"net/netip"

	"github.com/wxsession/wxsession/core"
)

// Mount adds routes to mux.
func Mount(mux *http.ServeMux, wx *core.Manager, failed func(error), routes ...core.Route) {
	for _, route := range append(wx.Routes(), routes...) {
		mux.HandleFunc(route.Method+" "+route.Path, func(w http.ResponseWriter, r *http.Request) {
			peer, _ := netip.ParseAddrPort(r.RemoteAddr)
			req := request(r)
			req.Path, req.Query, req.ID, req.Body, req.Address = r.URL.Path, r.URL.RawQuery, r.PathValue("id"), r.Body, peer.Addr().String()
			send(w, failed, route.Serve(r.Context(), req))
		})
	}
}

// Admit is one of wx.Require, wx.Optional and wx.RequireSessionKey.
type Admit func(context.Context, core.Request) (context.Context, *core.Session, error)

// Guard lets those pass whom admit knows.
func Guard(wx *core.Manager, failed func(error), admit Admit, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx, _, err := admit(r.Context(), request(r))
		if err != nil {
			Refuse(w, r, wx, failed, err)
			return
		}
		next.ServeHTTP(w, r.WithContext(ctx))
	})
}

// Refuse answers with an error.
func Refuse(w http.ResponseWriter, r *http.Request, wx *core.Manager, failed func(error), err error) {
	send(w, failed, wx.Refuse(r.Context(), request(r), err))
}

func request(r *http.Request) core.Request {
	return core.Request{Method: r.Method, Host: r.Host, Header: r.Header}
}

func send(w http.ResponseWriter, failed func(error), reply core.Reply) {
	if reply.Err != nil {
		failed(reply.Err)
	}
	for _, h := range reply.Header {
		if h.Name != "Set-Cookie" {
			w.Header().Del(h.Name)
		}
		w.Header().Add(h.Name, h.Value)
	}
	w.WriteHeader(reply.Status)
	_, _ = w.Write(reply.Body)
}
