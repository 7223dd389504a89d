package weblogin_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"

	"github.com/wxsession/wxsession/core"
	"github.com/wxsession/wxsession/core/weblogin"
	"github.com/wxsession/wxsession/core/wxtest"
	"github.com/wxsession/wxsession/nethttpwx"
	"github.com/wxsession/wxsession/stores/memory"
)

// serve is an application with all routes: its WeChat is simulated, its store is
// this process. GET /h5 greets the user.
func serve() (server *httptest.Server, wechat *wxtest.Server, stop func()) {
	wechat = wxtest.NewServer()
	store, err := memory.New(memory.Options{})
	if err != nil {
		log.Fatal(err)
	}
	wx, err := core.New(core.Config{
		AppID: wechat.AppID, Secret: core.NewSecret(wechat.Secret), APIBase: wechat.URL,
		Cookie: "wx", CookieInsecure: true, // http on localhost; elsewhere: Cookie: "__Host-wx"
	}, store)
	if err != nil {
		log.Fatal(err)
	}
	login, err := weblogin.New(wx, weblogin.Config{ScanLogin: true})
	if err != nil {
		log.Fatal(err)
	}

	mux := http.NewServeMux()
	auth := nethttpwx.Mount(mux, wx)
	nethttpwx.MountRoutes(mux, login.Routes()...)
	mux.Handle("GET /h5", auth(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, "hello ", nethttpwx.Session(r).OpenID)
	})))

	server = httptest.NewUnstartedServer(mux)
	server.Config.RegisterOnShutdown(login.Close) // else a shutdown waits for the polls
	server.Start()
	return server, wechat, func() {
		login.Close()
		server.Close()
		wechat.Close()
		_ = store.Close()
	}
}

// newClient is a browser.
func newClient() *http.Client {
	jar, err := cookiejar.New(nil)
	if err != nil {
		log.Fatal(err)
	}
	return &http.Client{Jar: jar}
}

// fetch returns the body of a reply.
func fetch(resp *http.Response, err error) []byte {
	if err != nil {
		log.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		log.Fatal(err)
	}
	return body
}

// A website shows a code; its user scans it with the mini program, and confirms.
func Example() {
	server, wechat, stop := serve()
	defer stop()
	ctx, browser := context.Background(), newClient()

	var begun struct{ ID, Image string }
	if err := json.Unmarshal(fetch(browser.Post(server.URL+"/wx/scan", "", nil)), &begun); err != nil {
		log.Fatal(err)
	}
	poll := func(query string) { fmt.Printf("%s\n", fetch(browser.Get(server.URL+"/wx/scan/"+begun.ID+query))) }
	code := fetch(browser.Get(server.URL + begun.Image))

	phone := wechat.Open("alice", server.URL+"/wx")
	seen, err := phone.Scan(ctx, code)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("the phone asks: log", seen.Browser, "at", seen.IP, "in?")
	poll("?state=pending&wait=25")
	if _, err := phone.Confirm(ctx); err != nil {
		log.Fatal(err)
	}
	poll("?state=scanned&wait=25")
	fmt.Printf("%s\n", fetch(browser.Get(server.URL+"/h5")))
	// Output:
	// the phone asks: log Go-http-client/1.1 at 127.0.0.1 in?
	// {"state":"scanned"}
	// {"state":"confirmed"}
	// hello alice
}

// A mini program opens a page of its website in a web-view, logged in.
func Example_handOver() {
	server, wechat, stop := serve()
	defer stop()

	phone := wechat.Open("alice", server.URL+"/wx")
	if err := phone.Login(context.Background()); err != nil {
		log.Fatal(err)
	}
	req, err := http.NewRequest("POST", server.URL+"/wx/ticket", bytes.NewReader([]byte(`{"to":"/h5"}`)))
	if err != nil {
		log.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+phone.Token)
	var ticket struct{ URL string }
	if err := json.Unmarshal(fetch(http.DefaultClient.Do(req)), &ticket); err != nil {
		log.Fatal(err)
	}

	webView := newClient() // <web-view src="{{server + ticket.url}}">
	fmt.Printf("%s\n", fetch(webView.Get(server.URL+ticket.URL)))
	fmt.Printf("%s\n", fetch(newClient().Get(server.URL+ticket.URL))) // a second time
	// Output:
	// hello alice
	// {"error":"invalid_ticket","message":"the ticket is unknown, used or expired, or the session that asked for it has ended: ask for another"}
}

func ExampleNew() {
	store, err := memory.New(memory.Options{})
	if err != nil {
		log.Fatal(err)
	}
	defer store.Close()
	wx, err := core.New(core.Config{AppID: "wx0123456789abcdef", Secret: core.NewSecret("secret")}, store)
	if err != nil {
		log.Fatal(err)
	}
	_, err = weblogin.New(wx, weblogin.Config{ScanLogin: true}) // browsers carry their token in a cookie
	fmt.Println(err)
	// Output: cannot use this configuration: set Cookie (WX_COOKIE) to something like __Host-wx: ScanLogin (WX_SCAN_LOGIN) logs browsers in, which carry their token in it
}

func ExampleLogin_Routes() {
	store, err := memory.New(memory.Options{})
	if err != nil {
		log.Fatal(err)
	}
	defer store.Close()
	wx, err := core.New(core.Config{AppID: "wx0123456789abcdef", Secret: core.NewSecret("secret"), Cookie: "__Host-wx"}, store)
	if err != nil {
		log.Fatal(err)
	}
	login, err := weblogin.New(wx, weblogin.Config{})
	if err != nil {
		log.Fatal(err)
	}
	for _, route := range login.Routes() {
		fmt.Println(route.Method, route.Path)
	}
	// Output:
	// POST /wx/ticket
	// GET /wx/enter
}
