package wxapi_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/wxsession/wxsession/core/wxapi"
)

const sessionBody = `{"session_key":"tiihtNczf5v6AKRyjwEUhQ==","openid":"oGZUI0egBJY1zhBYw2KhdUfwVJJE"}`

// benchServer answers every request with a session, over TLS.
func benchServer(b *testing.B) (*httptest.Server, *http.Client) {
	srv := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain")
		io.WriteString(w, sessionBody)
	}))
	b.Cleanup(srv.Close)
	c := srv.Client()
	t := c.Transport.(*http.Transport)
	t.MaxIdleConnsPerHost, t.DisableCompression = 256, true
	return srv, c
}

// BenchmarkCode2Session compares a login with the least that net/http can do: a
// GET over a tuned transport, its body read.
func BenchmarkCode2Session(b *testing.B) {
	srv, hc := benchServer(b)
	c, err := wxapi.New(wxapi.Config{AppID: "wx0123456789abcdef", Secret: "5ec2e75ec2e75ec2e75ec2e75ec2e75e", Bases: []string{srv.URL}, HTTPClient: hc})
	if err != nil {
		b.Fatal(err)
	}
	const code = "0a1b2c3d4e5f6g7h8i9j0k1l2m3n4o5p"
	bare := srv.URL + loginPath + "?appid=wx0123456789abcdef&secret=5ec2e75ec2e75ec2e75ec2e75ec2e75e&grant_type=authorization_code&js_code=" + code
	for name, do := range map[string]func() error{
		"ours": func() error {
			_, err := c.Code2Session(b.Context(), code)
			return err
		},
		"bare GET": func() error {
			resp, err := hc.Get(bare)
			if err != nil {
				return err
			}
			defer resp.Body.Close()
			_, err = io.Copy(io.Discard, resp.Body)
			return err
		},
	} {
		for _, parallel := range []int{1, 16} { // times GOMAXPROCS
			b.Run(fmt.Sprintf("%s/parallel=%d", name, parallel), func(b *testing.B) {
				b.ReportAllocs()
				b.SetParallelism(parallel)
				b.RunParallel(func(pb *testing.PB) {
					for pb.Next() {
						if err := do(); err != nil {
							b.Error(err)
						}
					}
				})
			})
		}
	}
}
