package demotest

import (
	"bytes"
	"encoding/json"
	"net"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"github.com/wxsession/wxsession/core/wxtest"
)

// Run tests the example in whose package it is called.
func Run(t *testing.T) {
	t.Run("the printed lines log in and call the API", func(t *testing.T) { printedLines(t) })
	t.Run("the printed lines know the prefix", func(t *testing.T) { printedLines(t, "WX_PREFIX=/auth/wx") })
	t.Run("the routes do what they say", routes)
	t.Run("what WeChat encrypts is decrypted", decrypting)
	t.Run("a tap on the phone number button gives the number", phoneNumber)
	t.Run("attributes are kept within their bounds", attributes)
	t.Run("nothing of the web is there unless configured", unconfigured)
	t.Run("a hand-over gives the web-view a session", handOver)
	t.Run("a browser is logged in by a scan", scanLogin)
	t.Run("a poll that waits does not keep the server from ending", waitingPoll)
	t.Run("a proxy's word about the address is taken where it is trusted", believedProxies)
	t.Run("another service verifies a signed token", signedTokens)
	t.Run("the real WeChat is used where there is an appid", realWeChat)
	t.Run("a store that is down is 503", storeDown)
	t.Run("signals end the server", signals)
	t.Run("a request that hangs does not keep the server from ending", hangingRequest)
	t.Run("a configuration that cannot work is refused", badConfiguration)
}

// printedLines runs what a newcomer would paste into a shell.
func printedLines(t *testing.T, env ...string) {
	for _, tool := range []string{"sh", "curl", "sed"} {
		if _, err := exec.LookPath(tool); err != nil {
			missing := tool + " is not installed (on Debian: apt-get install " + tool + ")"
			if os.Getenv("WX_TEST_SERVERS") == "required" {
				t.Fatal(missing + ", and WX_TEST_SERVERS=required forbids to skip")
			}
			t.Skip(missing)
		}
	}
	p := start(t, env...)
	sh := exec.Command("sh", "-eu", "-c", p.script)
	sh.Stderr = os.Stderr
	out, err := sh.Output()
	if err != nil {
		t.Fatalf("the lines fail: %v\n%s", err, p.script)
	}
	var me struct{ OpenID, AppID string }
	if err := json.Unmarshal(out, &me); err != nil || me.OpenID == "" || me.AppID == "" {
		t.Errorf("the lines print %q, want the openid and the appid\n%s", out, p.script)
	}
	if !bytes.HasSuffix(out, []byte("\n")) {
		t.Errorf("the answer %q sticks to the shell's prompt\n%s", out, p.script)
	}
}

func routes(t *testing.T) {
	p := start(t)
	p.get("/healthz", "").want(200, "ok\n")
	for _, path := range []string{"/api/me", "/api/attrs/x"} {
		p.get(path, "").wantCode(401, "no_session")
	}
	alice, bob := p.login("alice"), p.login("bob")
	var a, again, b struct{ OpenID, AppID string }
	p.get("/api/me", alice).decode(&a)
	p.get("/api/me", p.login("alice")).decode(&again)
	p.get("/api/me", bob).decode(&b)
	if a.OpenID == "" || a.AppID == "" || a != again || a.OpenID == b.OpenID || a.AppID != b.AppID {
		t.Errorf("alice is %v and %v, bob is %v", a, again, b)
	}
	p.send("POST", "/wx/logout", alice, "").want(204, "")
	p.get("/api/me", alice).wantCode(401, "invalid_session")
	p.send("PUT", "/api/me", bob, "").wantStatus(405)
	p.get("/nowhere", "").wantStatus(404)
}

func attributes(t *testing.T) {
	p := start(t)
	token := p.login("alice")
	p.get("/api/attrs/note", token).wantCode(404, "not_found")
	p.send("PUT", "/api/attrs/note", token, "你好, 100%d").want(204, "")
	a := p.get("/api/attrs/note", token)
	a.want(200, "你好, 100%d")
	if kind := a.header.Get("Content-Type"); !strings.EqualFold(kind, "text/plain; charset=utf-8") {
		t.Errorf("an attribute's Content-Type is %q, want text", kind)
	}
	p.send("PUT", "/api/attrs/note", token, "").want(204, "")
	p.get("/api/attrs/note", token).want(200, "")
	p.send("PUT", "/api/attrs/big", token, strings.Repeat("x", 5<<10)).wantCode(400, "bad_request")
	p.send("PUT", "/api/attrs/big", token, strings.Repeat("x", 65<<10)).wantCode(413, "request_too_large")
	p.get("/api/attrs/big", token).wantCode(404, "not_found")
	p.send("PUT", "/api/attrs/note", "", "x").wantCode(401, "no_session")
}

func decrypting(t *testing.T) {
	p := start(t)
	alice, bob := p.login("alice"), p.login("bob")
	var me struct{ OpenID string }
	p.get("/api/me", alice).decode(&me)
	var profile struct{ OpenID, NickName string }
	encrypted := p.get("/devtools/encrypt?user=alice", "")
	encrypted.wantStatus(200)
	p.send("POST", "/api/decrypt", alice, encrypted.body).decode(&profile)
	if profile.OpenID != me.OpenID || profile.NickName == "" {
		t.Errorf("decrypted is %+v, want the profile of %s", profile, me.OpenID)
	}
	p.send("POST", "/api/decrypt", bob, encrypted.body).wantCode(400, "invalid_signature")

	const data = `{"step":"走","n":12345678901234567}`
	for _, encrypted := range []answer{
		p.get("/devtools/encrypt?user=bob&data="+url.QueryEscape(data), ""),
		p.send("POST", "/devtools/encrypt?user=bob", "", data),
	} {
		encrypted.wantStatus(200)
		var plain struct {
			Step string
			N    int64
		}
		p.send("POST", "/api/decrypt", bob, encrypted.body).decode(&plain)
		if plain.Step != "走" || plain.N != 12345678901234567 {
			t.Errorf("%s: decrypted is %+v, want %s", encrypted.what, plain, data)
		}
	}
	for _, data := range []string{"x", "null", "[1]", "{"} {
		p.send("POST", "/devtools/encrypt", "", data).wantCode(400, "bad_request")
	}
}

func phoneNumber(t *testing.T) {
	p := start(t, "WX_PHONE_ROUTE=true")
	alice, bob := p.login("alice"), p.login("bob")
	code := p.get("/devtools/phonecode?user=alice&number=13580006666", "")
	code.wantStatus(200)
	p.send("POST", "/wx/phone", bob, code.body).wantCode(400, "invalid_code")
	var phone struct{ PhoneNumber, CountryCode string }
	p.send("POST", "/wx/phone", alice, code.body).decode(&phone)
	if phone.PhoneNumber != "13580006666" || phone.CountryCode != "86" {
		t.Errorf("the number is %+v", phone)
	}
	p.send("POST", "/wx/phone", alice, code.body).wantCode(400, "invalid_code") // good once
}

func realWeChat(t *testing.T) {
	wx := wxtest.NewServer()
	t.Cleanup(wx.Close)
	p := start(t, "WX_APPID="+wx.AppID, "WX_SECRET="+wx.Secret, "WX_API_BASE="+wx.URL)
	for _, tool := range []string{"code", "encrypt", "phonecode"} {
		p.get("/devtools/"+tool+"?user=alice", "").wantStatus(404)
	}
	openID := wx.OpenID("alice")
	token := p.loginWith(wx.Code(openID))
	data, iv := wx.Encrypt(openID, map[string]any{"openId": openID, "nickName": "爱丽丝"})
	var plain struct{ NickName string }
	p.send("POST", "/api/decrypt", token, encode(map[string]string{"encryptedData": data, "iv": iv})).decode(&plain)
	if plain.NickName != "爱丽丝" {
		t.Errorf("decrypted is %+v", plain)
	}
	for _, body := range []string{`{"encryptedData":"AAAA","iv":"AAAA"}`, "{}"} {
		p.send("POST", "/api/decrypt", token, body).wantCode(400, "invalid_signature")
	}
	p.send("POST", "/api/decrypt", token, "[").wantCode(400, "bad_request")
}

func storeDown(t *testing.T) {
	p := start(t, "WX_STORE=redis://"+freeAddress(t))
	p.get("/healthz", "").wantCode(503, "store_unavailable")
	p.send("POST", "/wx/login", "", encode(map[string]string{"code": p.code("alice")})).wantCode(503, "store_unavailable")
	p.wantExit(syscall.SIGTERM)
}

// freeAddress is one where nobody listens.
func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

func signals(t *testing.T) {
	for _, sig := range []os.Signal{syscall.SIGTERM, os.Interrupt} {
		p := start(t)
		p.get("/healthz", "").wantStatus(200) // leaves a connection open
		p.wantExit(sig)
	}
}

func hangingRequest(t *testing.T) {
	wx := wxtest.NewServer()
	t.Cleanup(wx.Close)
	p := start(t, "WX_APPID="+wx.AppID, "WX_SECRET="+wx.Secret, "WX_API_BASE="+wx.URL)
	conn, err := net.Dial("tcp", strings.TrimPrefix(p.url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	// The server waits for a body that never comes.
	const half = "POST /wx/login HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\nExpect: 100-continue\r\n\r\n"
	if _, err := conn.Write([]byte(half)); err != nil {
		t.Fatal(err)
	}
	if _, err := conn.Read(make([]byte, len("HTTP/1.1 100"))); err != nil { // the handler reads
		t.Fatal(err)
	}
	p.wantExit(syscall.SIGTERM)
}

func badConfiguration(t *testing.T) {
	for _, c := range []struct{ env, says string }{
		{"WX_LIFETIME=soon", "WX_LIFETIME"},
		{"WX_LIFETIME=1s", "WX_IDLE_TIMEOUT"},
		{"WX_STORE=floppy://a", "redis://"},
		{"WX_SECRET=without-an-appid", "WX_APPID"},
	} {
		cmd := command(t, c.env)
		var stderr bytes.Buffer
		cmd.Stderr = &stderr
		err := cmd.Run()
		if _, failed := err.(*exec.ExitError); !failed || !strings.Contains(stderr.String(), c.says) {
			t.Errorf("with %s: %v, %q; want an exit code and a text that names %s", c.env, err, stderr.String(), c.says)
		}
	}
}
