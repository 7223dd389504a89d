package doctor

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"golang.org/x/net/http/httpproxy"

	"github.com/wxsession/wxsession/core"
	"github.com/wxsession/wxsession/core/wxapi"
	"github.com/wxsession/wxsession/stores/memory"
)

// wechat is one visit to WeChat's API.
type wechat struct {
	d      *Doctor
	f      findings
	client *http.Client
	proxy  func(*url.URL) (*url.URL, error)
}

func (d *Doctor) checkWeChat(ctx context.Context, f findings) {
	if d.wx == nil {
		f.skip("wechat.reach", "WeChat is not asked: the configuration is not complete (see above)", "")
		return
	}
	proxy := d.proxies.ProxyFunc()
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.Proxy = func(r *http.Request) (*url.URL, error) { return proxy(r.URL) }
	defer transport.CloseIdleConnections()
	w := &wechat{d, f, &http.Client{
		Transport:     transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}, proxy}
	w.checkProxies(d.proxies)
	reached := 0
	for _, base := range d.bases() {
		if ctx.Err() == nil && w.reach(ctx, base) {
			reached++
		}
	}
	if reached == 0 {
		f.skip("wechat.app", "the AppID and the Secret cannot be tried without WeChat", "")
		return
	}
	w.askForTokens(ctx)
}

// bases are the hosts of WeChat's API. core.New has taken them.
func (d *Doctor) bases() (bases []string) {
	if d.cfg.APIBase == "" {
		return []string{wxapi.DefaultBase}
	}
	for base := range strings.SplitSeq(d.cfg.APIBase, ",") {
		bases = append(bases, strings.TrimRight(strings.TrimSpace(base), "/"))
	}
	return bases
}

// probe is asked without parameters: WeChat answers that they are missing, which
// nobody else does, and no secret travels.
const probe = "/cgi-bin/token"

const maxReply = 64 << 10

// reach reports whether WeChat answers at base.
func (w *wechat) reach(ctx context.Context, base string) bool {
	ctx, cancel := within(ctx, 2*patience)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, base+probe, nil)
	if err != nil { // core.New has taken it
		w.f.fail("wechat.reach", "WX_API_BASE is no URL", "set it to something like "+wxapi.DefaultBase)
		return false
	}
	by := w.noteProxy(req.URL)
	start := w.d.now()
	resp, err := w.client.Do(req)
	if err != nil {
		p := w.unreachable(err, req.URL, by)
		w.f.fail("wechat.reach", p.what, p.do)
		return false
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxReply))
	end := w.d.now()
	var said struct {
		ErrCode int `json:"errcode"`
	}
	if err != nil || resp.StatusCode != http.StatusOK || json.Unmarshal(body, &said) != nil || said.ErrCode == 0 {
		w.f.fail("wechat.reach", fmt.Sprintf("what answers at %s is not WeChat's API (status %d)", req.URL.Host, resp.StatusCode),
			"mend WX_API_BASE, or let proxies and gateways in between pass "+req.URL.Host)
		return false
	}
	w.f.ok("wechat.reach", "%s answers, in %v%s", req.URL.Host, round(end.Sub(start)), certificateOf(resp.TLS))
	w.checkClock(resp, start, end)
	return true
}

func certificateOf(state *tls.ConnectionState) string {
	if state == nil || len(state.PeerCertificates) == 0 {
		return ", without TLS"
	}
	return "; its certificate is by " + issuer(state.PeerCertificates[0])
}

// checkProxies finds variables that net/http passes over in silence.
func (w *wechat) checkProxies(env *httpproxy.Config) {
	all := *env
	all.NoProxy, all.CGI = "", false
	find := all.ProxyFunc()
	for scheme, set := range map[string]string{"https": all.HTTPSProxy, "http": all.HTTPProxy} {
		u, err := find(&url.URL{Scheme: scheme, Host: "proxied.example"})
		if set != "" && (err != nil || u == nil || u.Hostname() == "") {
			w.f.warn("wechat.proxy", "the variable "+strings.ToUpper(scheme)+"_PROXY holds no URL of a proxy", "set it to something like http://proxy.example:3128, or unset it")
		}
	}
}

// noteProxy tells of a proxy on the way to u, by its host alone: its URL may hold a
// password.
func (w *wechat) noteProxy(u *url.URL) (by string) {
	proxy, err := w.proxy(u)
	if err != nil || proxy == nil {
		return ""
	}
	w.f.ok("wechat.proxy", "%s is asked by way of the proxy %s (%s_PROXY)", u.Host, proxy.Host, strings.ToUpper(u.Scheme))
	return proxy.Host
}

// unreachable says why a request got no reply.
func (w *wechat) unreachable(err error, u *url.URL, by string) problem {
	words := tlsWords{
		host: u.Host,
		authority: "a proxy between here and WeChat breaks TLS open, and reads every AppSecret and session_key: let it pass " + u.Host +
			" untouched (or, if that has to be, add its authority to this machine's)",
		name:  "something else answers in WeChat's name: see to the DNS, to /etc/hosts and to proxies in between",
		plain: "something else answers in WeChat's name: see to proxies in between, and to WX_API_BASE",
	}
	var op *net.OpError
	if by != "" && errors.As(err, &op) && op.Op == "proxyconnect" {
		p := networkProblem(err, by, "HTTPS_PROXY or HTTP_PROXY")
		return problem{"the proxy cannot be used: " + p.what, p.do + "; NO_PROXY=" + u.Hostname() + " leaves it out"}
	}
	if p, found := tlsProblem(err, words, w.d.now()); found {
		return p
	}
	if by != "" && !isTimeout(err) && !isDial(err) {
		return problem{"the proxy " + by + " does not let requests pass to " + u.Host, "let it; or set NO_PROXY=" + u.Hostname() + " where there is a direct way"}
	}
	p := networkProblem(err, u.Host, "WX_API_BASE")
	if w.d.cfg.APIBase == "" {
		p.do = "let this machine reach " + u.Host + ": by DNS and firewall, or by a proxy (HTTPS_PROXY)"
	}
	return p
}

func isDial(err error) bool {
	var op *net.OpError
	return errors.As(err, &op) && op.Op == "dial"
}

// checkClock goes by the Date of the reply, which has whole seconds.
func (w *wechat) checkClock(resp *http.Response, start, end time.Time) {
	date, err := http.ParseTime(resp.Header.Get("Date"))
	if err != nil {
		w.f.skip("wechat.clock", "the reply bears no date", "")
		return
	}
	took := end.Sub(start)
	ahead := date.Add(time.Second / 2).Sub(start.Add(took / 2))
	judgeClock(w.f, "wechat.clock", "WeChat's", ahead, took/2+time.Second/2)
}

// askForTokens asks for the access token that is valid already: that takes none
// away from anybody. It needs no store.
func (w *wechat) askForTokens(ctx context.Context) {
	store, err := memory.New(memory.Options{})
	if err != nil {
		return
	}
	defer store.Close()
	cfg := w.d.cfg
	cfg.HTTPClient, cfg.Logger = w.client, slog.New(slog.DiscardHandler)
	wx, err := core.New(cfg, store)
	if err != nil {
		return // said already
	}
	for _, app := range w.d.apps() {
		if ctx.Err() != nil {
			return
		}
		w.askForToken(ctx, wx, app.AppID)
	}
}

func (w *wechat) askForToken(ctx context.Context, wx *core.Manager, appID string) {
	api, err := wx.Client(appID)
	if err != nil {
		w.f.skip("wechat.app", appID+" has no Secret", "")
		return
	}
	_, left, err := api.FetchToken(ctx, wxapi.StableToken, false)
	if err == nil {
		w.f.ok("wechat.app", "%s: WeChat takes the AppID and the Secret (the access token is valid for another %s)", appID, short(left.Round(time.Minute)))
		return
	}
	p := refusalProblem(err)
	tell := w.f.fail
	if passes(err) {
		tell = w.f.warn
	}
	tell("wechat.app", appID+": "+p.what, p.do)
}
