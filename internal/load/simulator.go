package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"

	"github.com/wxsession/wxsession/core/wxtest"
)

// simulate is a WeChat for several servers until ctx ends.
func simulate(ctx context.Context, address string, out io.Writer) error {
	host, _, err := net.SplitHostPort(address)
	if err != nil || !loopback(host) {
		return errors.New("-simulator must look like localhost:9090: it gives codes to whoever asks, so that it stays on this machine")
	}
	l, err := net.Listen("tcp", address)
	if err != nil {
		return err
	}
	wx := wxtest.NewServer()
	defer wx.Close()
	fmt.Fprintf(out, "WeChat is simulated on http://%s; servers need\n", l.Addr())
	fmt.Fprintf(out, "export WX_APPID=%s WX_SECRET=%s WX_API_BASE=http://%s\n", wx.AppID, wx.Secret, l.Addr())
	srv := &http.Server{Handler: withCodes(wx), ReadHeaderTimeout: 5 * time.Second}
	stop := context.AfterFunc(ctx, func() { _ = srv.Close() })
	defer stop()
	if err := srv.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// withCodes adds what wx.login does on a phone, as the example servers do.
func withCodes(wx *wxtest.Server) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/", wx)
	mux.HandleFunc("GET /devtools/code", func(w http.ResponseWriter, r *http.Request) {
		user := cmp.Or(r.URL.Query().Get("user"), "alice")
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(map[string]string{"code": wx.Code(wx.OpenID(user))})
	})
	return mux
}
