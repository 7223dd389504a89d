package adaptertest

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/wxsession/wxsession/core"
	"github.com/wxsession/wxsession/core/wxtest"
)

// patience bounds whatever the table waits for. It is used up only where an
// adapter hangs.
const patience = 10 * time.Second

// rig is what one row works with. The row starts it, with a configuration of
// its own if need be.
type rig struct {
	testing.TB
	h        Harness
	group    string
	patience time.Duration

	clock  clock // WeChat's, and the manager's
	wx     *wxtest.Server
	store  *store
	app    *App
	url    string
	client *http.Client
}

// start builds the application, after change has had a look at its configuration.
func (r *rig) start(change ...func(*core.Config)) {
	r.Helper()
	r.wx = wxtest.NewServer(wxtest.Options{Now: r.clock.Now})
	r.Cleanup(r.wx.Close)
	r.store = &store{values: map[string][]byte{}}
	cfg := core.Config{
		AppID: r.wx.AppID, Secret: core.NewSecret(r.wx.Secret), APIBase: r.wx.URL, Now: r.clock.Now,
		Logger: slog.New(slog.DiscardHandler),
	}
	for _, c := range change {
		c(&cfg)
	}
	wx, err := core.New(cfg, r.store)
	if err != nil {
		r.Fatal(err)
	}
	r.app = &App{Manager: wx, Group: r.group, KeyMaxAge: keyMaxAge, proceed: make(chan struct{})}
	r.app.Routes = r.app.newRoutes()
	r.url = r.h.Serve(r.TB, r.app)
	transport := &http.Transport{}
	r.Cleanup(transport.CloseIdleConnections)
	r.client = &http.Client{
		Transport:     transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// clock runs as usual, and can be moved forward. The zero value is right.
type clock struct{ ahead atomic.Int64 }

func (c *clock) Now() time.Time           { return time.Now().Add(time.Duration(c.ahead.Load())) }
func (c *clock) advance(by time.Duration) { c.ahead.Add(int64(by)) }

// answer is a reply, read to its end.
type answer struct {
	*rig
	what   string // method and path, for messages
	status int
	header http.Header
	body   string
}

// do sends a request; headers are names and values in turn.
func (r *rig) do(method, path, body string, headers ...string) *answer {
	r.Helper()
	ctx, cancel := context.WithTimeout(r.Context(), r.patience)
	defer cancel()
	res, err := r.client.Do(r.request(ctx, method, path, body, headers...))
	if err != nil {
		r.Fatalf("%s %s: %v", method, path, err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		r.Fatalf("%s %s: cannot read the reply: %v", method, path, err)
	}
	return &answer{r, method + " " + path, res.StatusCode, res.Header, string(text)}
}

func (r *rig) request(ctx context.Context, method, path, body string, headers ...string) *http.Request {
	r.Helper()
	req, err := http.NewRequestWithContext(ctx, method, r.url+r.group+path, strings.NewReader(body))
	if err != nil {
		r.Fatal(err)
	}
	for i := 0; i < len(headers); i += 2 {
		req.Header.Add(headers[i], headers[i+1])
	}
	return req
}

// bearer are the headers of a request with a token.
func bearer(token string) []string { return []string{"Authorization", "Bearer " + token} }

// login logs the named person in, and returns the token and the openid.
func (r *rig) login(name string) (token, openID string) {
	r.Helper()
	openID = r.wx.OpenID(name)
	var reply struct {
		Token string `json:"3rd_session"`
	}
	r.do("POST", "/wx/login", loginBody(r.wx.Code(openID))).want(200).decode(&reply)
	if reply.Token == "" {
		r.Fatal("the login's reply has no 3rd_session")
	}
	return reply.Token, openID
}

func loginBody(code string) string { return encode(map[string]string{"code": code}) }

func encode(v any) string {
	b, _ := json.Marshal(v) // texts only
	return string(b)
}
