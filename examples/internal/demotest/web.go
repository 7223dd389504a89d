package demotest

import (
	"crypto/ed25519"
	"crypto/x509"
	"encoding/base64"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strings"
	"syscall"
	"testing"

	"github.com/wxsession/wxsession/core/wxtoken"
)

const cookie = "__Host-wx"

// unconfigured: nothing of it is there unless it was asked for.
func unconfigured(t *testing.T) {
	p := start(t)
	token := p.login("alice")
	for _, route := range []string{"POST /wx/ticket", "GET /wx/enter", "POST /wx/scan", "POST /wx/token", "GET /wx/jwks"} {
		method, path, _ := strings.Cut(route, " ")
		p.send(method, path, token, "").wantStatus(404)
	}
	b := p.browser()
	b.cookies["wx"], b.cookies[cookie] = token, token
	b.get("/api/me").wantCode(401, "no_session")
}

// handOver goes from the mini program into its web-view.
func handOver(t *testing.T) {
	p := start(t, "WX_COOKIE="+cookie)
	token := p.login("alice")
	const to = "/h5/order?id=7&name=订单#top"
	var ticket struct{ Ticket, URL string }
	p.send("POST", "/wx/ticket", token, encode(map[string]string{"to": to})).decode(&ticket)
	p.send("POST", "/wx/ticket", token, `{"to":"//evil.example"}`).wantCode(400, "bad_request")
	p.send("POST", "/wx/ticket", "", "").wantCode(401, "no_session")

	b := p.browser()
	b.send("HEAD", ticket.URL, "").wantStatus(204)
	b.get("/wx/enter?ticket="+ticket.Ticket+"&to=/%5Cevil.example").wantCode(400, "bad_request")
	entered := b.get(ticket.URL)
	entered.wantStatus(303)
	if at, err := url.Parse(entered.header.Get("Location")); err != nil || at.Path != "/h5/order" || at.Host != "" || at.Query().Get("name") != "订单" {
		t.Errorf("the page is %q, %v", entered.header.Get("Location"), err)
	}
	if entered.header.Get("Referrer-Policy") != "no-referrer" || entered.header.Get("Cache-Control") != "no-store" {
		t.Errorf("the headers are %v", entered.header)
	}
	p.browser().get(ticket.URL).wantCode(401, "invalid_ticket")

	b.get("/api/me").wantStatus(200)
	b.send("PUT", "/api/attrs/x", "1", "Sec-Fetch-Site", "same-origin").want(204, "")
	b.send("PUT", "/api/attrs/x", "2", "Sec-Fetch-Site", "cross-site").wantCode(403, "cross_origin")
	b.send("PUT", "/api/attrs/x", "2", "Origin", "https://evil.example").wantCode(403, "cross_origin")
	b.get("/api/attrs/x").want(200, "1")
	before := b.cookies[cookie]
	if rotated := b.post("/wx/rotate", ""); rotated.status != 200 || strings.Contains(rotated.body, "3rd_session") || b.cookies[cookie] == before {
		t.Errorf("rotated: %d %s, the cookie is new: %v", rotated.status, rotated.body, b.cookies[cookie] != before)
	}
	p.send("POST", "/wx/logout", token, "").want(204, "") // ends what it has handed over
	b.get("/api/me").wantCode(401, "invalid_session")
	if b.cookies[cookie] != "" {
		t.Error("the cookie of a session that has ended is still there")
	}
}

// scanLogin logs a browser in by a code that alice scans.
func scanLogin(t *testing.T) {
	p := start(t, "WX_COOKIE="+cookie, "WX_SCAN_LOGIN=true")
	b := p.browser()
	var begun struct{ ID, Image string }
	b.send("POST", "/wx/scan", "", "X-Forwarded-For", "203.0.113.9").decode(&begun)
	image := b.get(begun.Image)
	for _, kind := range []string{image.header.Get("Content-Type"), http.DetectContentType([]byte(image.body))} {
		if image.status != 200 || !strings.HasPrefix(kind, "image/") {
			t.Errorf("the image: %d, %s", image.status, kind)
		}
	}
	p.browser().get("/wx/scan/"+begun.ID).wantCode(404, "not_found")

	alice, bob, path := p.login("alice"), p.login("bob"), "/wx/scan/"+begun.ID
	p.send("POST", path, alice, `{"action":"confirm"}`).wantCode(409, "conflict")
	var shown struct{ State, Browser, IP string }
	p.send("POST", path, alice, `{"action":"scan"}`).decode(&shown)
	if shown.State != "scanned" || shown.Browser != "Firefox of a test" || shown.IP != "127.0.0.1" {
		t.Errorf("alice is shown %+v", shown)
	}
	p.send("POST", path, bob, `{"action":"confirm"}`).wantCode(409, "conflict")

	decided := make(chan struct{})
	go func() {
		defer close(decided)
		p.send("POST", path, alice, `{"action":"confirm"}`).wantStatus(200)
	}()
	b.get(path+"?state=scanned&wait=30").want(200, `{"state":"confirmed"}`)
	<-decided
	var me, her struct{ OpenID string }
	b.get("/api/me").decode(&me)
	p.get("/api/me", alice).decode(&her)
	if me != her || me.OpenID == "" {
		t.Errorf("the browser is %+v, want %+v", me, her)
	}
	b.get(path).wantCode(404, "not_found")
	p.send("POST", "/wx/logout?all=1", alice, "").want(204, "")
	b.get("/api/me").wantCode(401, "session_revoked")
}

// waitingPoll: a browser that waits for a scan gets its answer, and does not keep
// the server from ending.
func waitingPoll(t *testing.T) {
	p := start(t, "WX_COOKIE="+cookie, "WX_SCAN_LOGIN=true")
	b := p.browser()
	var begun struct{ ID string }
	b.post("/wx/scan", "").decode(&begun)

	sent := make(chan struct{})
	ctx := httptrace.WithClientTrace(t.Context(), &httptrace.ClientTrace{
		WroteRequest: func(httptrace.WroteRequestInfo) { close(sent) },
	})
	poll, err := http.NewRequestWithContext(ctx, "GET", p.url+"/wx/scan/"+begun.ID+"?state=pending&wait=30", nil)
	if err != nil {
		t.Fatal(err)
	}
	poll.AddCookie(&http.Cookie{Name: cookie + "-scan", Value: b.cookies[cookie+"-scan"]})
	status := make(chan int, 1)
	// A connection that was idle may be closed by the server before it reads the
	// poll, so the poll gets a new one, and so does the request behind it.
	http.DefaultTransport.(*http.Transport).CloseIdleConnections()
	go func() {
		// On a connection of its own: one that was idle counts as idle until the server
		// has read the request, and may be closed for that.
		res, err := (&http.Client{Transport: new(http.Transport)}).Do(poll)
		if err != nil {
			t.Error(err)
			status <- 0
			return
		}
		defer res.Body.Close()
		status <- res.StatusCode
	}()
	<-sent
	p.get("/healthz", "").wantStatus(200) // its connection is accepted after the poll's
	p.wantExit(syscall.SIGTERM)
	if got := <-status; got != 200 {
		t.Errorf("the poll got %d", got)
	}
}

// believedProxies: the address is the one that a proxy of ours names.
func believedProxies(t *testing.T) {
	p := start(t, "WX_COOKIE="+cookie, "WX_SCAN_LOGIN=true", "WX_TRUSTED_PROXIES=127.0.0.0/8")
	var begun struct{ ID string }
	p.browser().send("POST", "/wx/scan", "", "X-Forwarded-For", "198.51.100.1, 203.0.113.9").decode(&begun)
	var shown struct{ IP string }
	p.send("POST", "/wx/scan/"+begun.ID, p.login("alice"), `{"action":"scan"}`).decode(&shown)
	if shown.IP != "203.0.113.9" {
		t.Errorf("the browser's address is %q, want the one that the proxy has written", shown.IP)
	}
}

// signedTokens are checked as another service would.
func signedTokens(t *testing.T) {
	_, private, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	p := start(t, "WX_SIGNING_KEYS="+base64.StdEncoding.EncodeToString(der), "WX_ISSUER=https://login.example", "WX_AUDIENCES=orders,mail")
	token := p.login("alice")
	var me struct{ OpenID string }
	p.get("/api/me", token).decode(&me)
	var signed struct {
		Token string `json:"access_token"`
	}
	p.send("POST", "/wx/token", token, `{"audience":"mail"}`).decode(&signed)
	p.send("POST", "/wx/token", token, `{"audience":"other"}`).wantCode(400, "bad_request")

	verifier, err := wxtoken.NewVerifier(wxtoken.VerifierConfig{JWKSURL: p.url + "/wx/jwks", Issuer: "https://login.example", Audience: "mail"})
	if err != nil {
		t.Fatal(err)
	}
	claims, err := verifier.Verify(t.Context(), signed.Token)
	if err != nil || claims.Subject != me.OpenID {
		t.Errorf("the token is verified as %+v, %v", claims, err)
	}
}
