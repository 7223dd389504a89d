package demo

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/wxsession/wxsession/core"
)

func listen(t *testing.T) net.Listener {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func TestALoginIsDrawnAsItHappens(t *testing.T) {
	w := newWorld(t)
	s := w.watch("")
	token := w.login("alice", "X-Demo", "p1.7 phone")
	asked, login := s.exchange(), s.exchange()
	if got, want := drawn(asked), "client > wechat wx.login\nwechat < client OK\n"; got != want {
		t.Errorf("wx.login is drawn as\n%swant\n%s", got, want)
	}
	want := `client > server POST /wx/login
server > wechat GET /sns/jscode2session
wechat < server OK
server > store Swap s
store < server ok
server > store Get u
store < server not_found
server > store Swap u
store < server ok
server < client OK
`
	if got := drawn(login); got != want {
		t.Errorf("the login is drawn as\n%swant\n%s", got, want)
	}
	for _, e := range append(asked, login...) {
		if e.Act != "p1.7" || e.Client != "phone" || e.Exchange != asked[0].Exchange && e.Exchange != login[0].Exchange {
			t.Errorf("an arrow belongs to act %q of %q", e.Act, e.Client)
		}
	}
	openID := w.sim.wechat.OpenID("alice")
	for i, has := range map[int]map[kind]string{
		0: {loginCode: ""},
		1: {appSecret: w.sim.wechat.Secret, loginCode: ""},
		2: {sessionKey: w.sim.wechat.SessionKey(openID)},
		3: {tokenHash: ""},
		7: {sessionKey: w.sim.wechat.SessionKey(openID)}, // the store of this process is not sealed
		9: {userToken: token},
	} {
		found := kindsIn(login[i])
		for k, value := range has {
			if text, ok := found[k]; !ok || value != "" && text != value {
				t.Errorf("arrow %d has the marks %v, want %s %s", i, found, k, value)
			}
		}
	}
	if body := login[2].Body; !strings.Contains(body, openID) {
		t.Errorf("WeChat's reply is shown as %s, want the openid in it", body)
	}
	if login[9].Status != 200 || !strings.Contains(login[9].Body, token) || login[9].Took <= 0 {
		t.Errorf("the reply is %+v", login[9])
	}
}

// What stays on the server's side must be in no reply, and the page counts on the
// marks to tell.
func TestNoReplyToTheClientHasAMarkOfWhatStays(t *testing.T) {
	w := newWorld(t)
	s := w.watch("")
	bearer := []string{"Authorization", "Bearer " + w.login("alice")}
	code := w.send("GET", "/devtools/phonecode?user=alice", "").value("code")
	w.send("POST", "/wx/phone", `{"code":"`+code+`"}`, bearer...)
	w.send("GET", "/wx/check?deep=1", "", bearer...)
	w.send("GET", "/wx/sessions", "", bearer...)
	w.send("POST", "/wx/rotate", "", bearer...)
	w.send("POST", "/wx/logout?all=1", "", bearer...)
	inside := map[kind]bool{}
	for range 8 {
		for _, e := range s.exchange() {
			for k := range kindsIn(e) {
				stays := k == appSecret || k == sessionKey || k == accessToken || k == tokenHash
				if stays && e.From == serverLane && e.To == clientLane {
					t.Errorf("the reply %s has %s in it", e.Body, k)
				}
				inside[k] = true
			}
		}
	}
	for _, k := range []kind{appSecret, sessionKey, accessToken, tokenHash, loginCode, userToken} {
		if !inside[k] {
			t.Errorf("no arrow has the mark %s", k)
		}
	}
}

func TestARefusalIsDrawnWithItsCode(t *testing.T) {
	w := newWorld(t)
	s := w.watch("")
	token := w.login("alice")
	s.exchange()
	s.exchange()
	w.send("POST", "/wx/logout", "", "X-Wx-Session", token)
	s.exchange()
	w.send("GET", "/api/me", "", "Authorization", "Bearer "+token)
	all := s.exchange()
	want := "client > server GET /api/me\nserver > store Get s\nstore < server not_found\nserver < client Unauthorized\n"
	if got := drawn(all); got != want {
		t.Errorf("the refusal is drawn as\n%swant\n%s", got, want)
	}
	last := all[len(all)-1]
	if last.Status != 401 || last.Code != "invalid_session" || kindsIn(all[0])[userToken] != token {
		t.Errorf("the refusal is %+v after %+v", last, all[0])
	}
}

func TestNothingIsRecordedWhileNobodyWatches(t *testing.T) {
	var watched bool
	w := newWorld(t, func(_ *core.Config, mux *http.ServeMux) {
		mux.HandleFunc("GET /look", func(_ http.ResponseWriter, r *http.Request) { watched = exchangeOf(r.Context()) != nil })
	})
	w.login("alice")
	w.send("GET", "/look", "")
	if n := w.sim.tap.journal.since(0); watched || len(n.events) > 0 || n.last != 0 {
		t.Errorf("without a reader there are %d events", n.last)
	}
	s := w.watch("")
	w.send("GET", "/look", "")
	s.exchange()
	if !watched {
		t.Error("with a reader the request is not recorded")
	}
}

func TestTheRecorderChangesNeitherRequestNorReply(t *testing.T) {
	long := strings.Repeat("x", 10*maxText)
	w := newWorld(t, func(_ *core.Config, mux *http.ServeMux) {
		mux.HandleFunc("POST /echo", func(rw http.ResponseWriter, r *http.Request) {
			if r.Header.Get(pageHeader) != "" {
				t.Errorf("the handler sees the page's header")
			}
			body, err := io.ReadAll(r.Body)
			if err != nil {
				t.Error(err)
			}
			rw.Header().Set("X-Kept", "yes")
			rw.WriteHeader(http.StatusTeapot)
			_, _ = rw.Write(body)
		})
		mux.HandleFunc("GET /flush", func(rw http.ResponseWriter, r *http.Request) {
			rw.(http.Flusher).Flush()
			if err := http.NewResponseController(rw).Flush(); err != nil {
				t.Error(err)
			}
		})
	})
	s := w.watch("")
	for _, body := range []string{"", "short", long} {
		r := w.send("POST", "/echo", body, "X-Demo", "a b")
		if r.status != http.StatusTeapot || r.body != body || r.header.Get("X-Kept") != "yes" {
			t.Errorf("%d bytes come back as %d bytes with status %d", len(body), len(r.body), r.status)
		}
		all := s.exchange()
		last := all[len(all)-1]
		if last.Status != http.StatusTeapot || len(last.Body) > maxText || len(last.Body)+last.Cut != len(body) {
			t.Errorf("of %d bytes the event has %d and lacks %d, status %d", len(body), len(last.Body), last.Cut, last.Status)
		}
	}
	// Of unknown length: it is not read before its time.
	res, err := http.Post(w.url+"/echo", "text/plain", struct{ io.Reader }{bytes.NewReader([]byte(long))})
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if text, err := io.ReadAll(res.Body); err != nil || string(text) != long {
		t.Errorf("a body without a length comes back with %d bytes: %v", len(text), err)
	}
	s.exchange()
	w.send("GET", "/flush", "")
	if all := s.exchange(); all[len(all)-1].Status != 200 {
		t.Errorf("a reply that is only flushed has the status %d", all[len(all)-1].Status)
	}
}

func TestAPanicEndsItsExchange(t *testing.T) {
	w := newWorld(t, func(_ *core.Config, mux *http.ServeMux) {
		mux.HandleFunc("GET /panic", func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
	})
	s := w.watch("")
	if res, err := http.Get(w.url + "/panic"); err == nil {
		res.Body.Close()
		t.Fatal("the panic was swallowed")
	}
	if all := s.exchange(); drawn(all) != "client > server GET /panic\nserver < client \n" {
		t.Errorf("a panic is drawn as\n%s", drawn(all))
	}
}

func TestWhoAsksIsTakenFromThePageOrTheBrowser(t *testing.T) {
	w := newWorld(t)
	s := w.watch("")
	for _, c := range []struct {
		header      []string
		act, client string
	}{
		{nil, "", "other"},
		{[]string{"Sec-Fetch-Mode", "navigate"}, "", "browser"},
		{[]string{"X-Demo", "k3f.1~ alice/phone"}, "k3f.1~", "alice/phone"},
		{[]string{"X-Demo", "<b> phone"}, "", "other"},
		{[]string{"X-Demo", "a " + strings.Repeat("x", 41)}, "", "other"},
	} {
		w.send("GET", "/wx/check", "", c.header...)
		if e := s.exchange()[0]; e.Act != c.act || e.Client != c.client {
			t.Errorf("with %v the act is %q of %q, want %q of %q", c.header, e.Act, e.Client, c.act, c.client)
		}
	}
}

func TestWhatMachinesAskIsNotDrawn(t *testing.T) {
	w := newWorld(t)
	s := w.watch("")
	for _, path := range []string{"/", "/healthz", "/favicon.ico", "/devtools/state"} {
		w.send("GET", path, "")
	}
	w.send("GET", "/nowhere", "")
	if all := s.exchange(); fmt.Sprint(drawn(all)) != "client > server GET /nowhere\nserver < client Not Found\n" {
		t.Errorf("drawn is\n%s", drawn(all))
	}
}

func TestTheSecretOfAWebsiteLoginIsMarked(t *testing.T) {
	const secret = "a-browsers-secret"
	w := newWorld(t, func(cfg *core.Config, mux *http.ServeMux) {
		cfg.Cookie, cfg.CookieInsecure = "wx", true
		mux.HandleFunc("POST /begin", func(w http.ResponseWriter, _ *http.Request) {
			http.SetCookie(w, &http.Cookie{Name: "wx-scan", Value: secret})
		})
	})
	s := w.watch("")
	w.send("POST", "/begin", "")
	begun := s.exchange()
	if got := kindsIn(begun[len(begun)-1])[scanSecret]; got != secret {
		t.Errorf("the new cookie is marked as %q", got)
	}
	w.send("GET", "/nowhere", "", "Cookie", "wx-scan="+secret)
	if got := kindsIn(s.exchange()[0])[scanSecret]; got != secret {
		t.Errorf("the cookie is marked as %q", got)
	}
}

func TestTokensInCookiesAreMarked(t *testing.T) {
	w := newWorld(t, func(cfg *core.Config, _ *http.ServeMux) {
		cfg.Cookie, cfg.CookieInsecure = "wx", true
	})
	s := w.watch("")
	token := w.login("alice")
	s.exchange()
	s.exchange()
	r := w.send("POST", "/wx/rotate", "", "Cookie", "wx="+token)
	all := s.exchange()
	_, next, _ := strings.Cut(r.header.Get("Set-Cookie"), "wx=")
	next, _, _ = strings.Cut(next, ";")
	if got := kindsIn(all[0])[userToken]; got != token {
		t.Errorf("the cookie is marked as %q, want the token", got)
	}
	if got := kindsIn(all[len(all)-1])[userToken]; next == "" || got != next {
		t.Errorf("the new cookie is marked as %q, want %q", got, next)
	}
}
