package core_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/wxsession/wxsession/core"
	"github.com/wxsession/wxsession/core/wxtest"
)

const code2Session = "/sns/jscode2session"

func TestLoginIssuesASessionThatAuthenticates(t *testing.T) {
	w := newWorld(t, nil)
	token, s := w.login(t, "o-alice")
	if s.AppID != w.wx.AppID || s.OpenID != "o-alice" || len(s.ID) != 16 {
		t.Errorf("got %+v with openid %s", s, s.OpenID)
	}
	got, err := w.Authenticate(t.Context(), token)
	if err != nil || got.OpenID != "o-alice" || got.ID != s.ID || !got.CreatedAt().Equal(w.clock.Now()) {
		t.Errorf("got %v, %v", got, err)
	}
	if _, err := w.Authenticate(t.Context(), strings.Repeat("A", 43)); core.CodeOf(err) != core.CodeInvalidSession {
		t.Errorf("an unknown token: %v", err)
	}
}

func TestEveryRefusalOfCode2SessionHasItsCode(t *testing.T) {
	for errcode, want := range map[int]core.Code{
		-1: core.CodeWeChatUnavailable, 40029: core.CodeInvalidCode, 40163: core.CodeCodeUsed, 40226: core.CodeUserBlocked,
		45011: core.CodeRateLimited, 45009: core.CodeRateLimited,
		40013: core.CodeMisconfigured, 40125: core.CodeMisconfigured, 41002: core.CodeMisconfigured, 41004: core.CodeMisconfigured,
		40002: core.CodeMisconfigured, 40243: core.CodeMisconfigured, 40164: core.CodeMisconfigured,
	} {
		t.Run(fmt.Sprint(errcode), func(t *testing.T) {
			w := newWorld(t, nil)
			w.wx.Fail(code2Session, wxtest.Fault{ErrCode: errcode}, wxtest.Always)
			r, body := send(t, w.Manager, "POST", "/wx/login", `{"code":"`+w.wx.Code("o-alice")+`"}`)
			if r.Status != want.Status() || body["error"] != string(want) {
				t.Fatalf("status %d, body %s", r.Status, r.Body)
			}
			public := want != core.CodeMisconfigured
			if (body["errcode"] == float64(errcode)) != public || (body["rid"] != nil) != public {
				t.Errorf("errcode and rid: %s", r.Body)
			}
			if r.Err.ErrCode != errcode || r.Err.RID == "" {
				t.Errorf("the error has errcode %d and rid %q", r.Err.ErrCode, r.Err.RID)
			}
			operators := !public || want == core.CodeRateLimited || want == core.CodeWeChatUnavailable
			if logged := strings.Contains(w.log.String(), fmt.Sprint("errcode=", errcode, " rid=")); logged != operators {
				t.Errorf("logged: %s", w.log)
			}
			if _, swaps, _ := w.store.counts(); swaps != 0 {
				t.Errorf("a refused login wrote to the store")
			}
		})
	}
}

func TestAWeChatOutOfOrderIs503(t *testing.T) {
	for name, fault := range map[string]wxtest.Fault{
		"reset":        {Reset: true},
		"lost reply":   {LoseReply: true},
		"HTML and 502": {Status: 502},
		"truncated":    {Truncate: true},
		"huge":         {Huge: true},
		"empty object": {Body: `{}`},
		"no key":       {Body: `{"openid":"o-alice"}`},
		"no openid":    {Body: `{"session_key":"tiihtNczf5v6AKRyjwEUhQ=="}`},
		"wrong types":  {Body: `{"openid":1,"session_key":[]}`},
		"not JSON":     {Body: `hello`},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, nil)
			w.wx.Fail(code2Session, fault, wxtest.Always)
			r, body := send(t, w.Manager, "POST", "/wx/login", `{"code":"`+w.wx.Code("o-alice")+`"}`)
			if r.Status != 503 || body["error"] != "wechat_unavailable" || headerOf(r, "Retry-After") == "" {
				t.Errorf("status %d, body %s", r.Status, r.Body)
			}
		})
	}
}

func headerOf(r core.Reply, name string) string {
	for _, f := range r.Header {
		if f.Name == name {
			return f.Value
		}
	}
	return ""
}

func TestABusyWeChatIsAskedAgain(t *testing.T) {
	w := newWorld(t, nil)
	w.wx.Fail(code2Session, wxtest.Fault{ErrCode: -1}, 2)
	w.login(t, "o-alice")
	if n := w.wx.Calls(code2Session); n != 3 {
		t.Errorf("%d calls, want 3", n)
	}
}

// gate is a transport that holds requests back.
type gate struct {
	arrived chan struct{}
	open    chan struct{}
}

func (g gate) RoundTrip(r *http.Request) (*http.Response, error) {
	g.arrived <- struct{}{}
	<-g.open
	return http.DefaultTransport.RoundTrip(r)
}

// waitingIn counts the goroutines that wait in a select of the function.
func waitingIn(function string) (n int) {
	all := make([]byte, 1<<20)
	for g := range strings.SplitSeq(string(all[:runtime.Stack(all, true)]), "\n\n") {
		if state, frames, _ := strings.Cut(g, "\n"); strings.Contains(state, "[select") && strings.Contains(frames, function) {
			n++
		}
	}
	return n
}

func TestLoginsWithOneCodeShareOneExchange(t *testing.T) {
	g := gate{make(chan struct{}, 20), make(chan struct{})}
	w := newWorld(t, func(c *core.Config) { c.HTTPClient = &http.Client{Transport: g} })
	code := w.wx.Code("o-alice")
	var group sync.WaitGroup
	for range 20 {
		group.Go(func() {
			if _, _, err := w.Login(t.Context(), core.LoginRequest{Code: code}); err != nil {
				t.Error(err)
			}
		})
	}
	<-g.arrived
	// One that came after the answer would find the code used.
	for began := time.Now(); waitingIn("(*codeExchange).Identify(") < 20; runtime.Gosched() {
		if time.Since(began) > 10*time.Second {
			t.Fatal("the logins do not wait for the exchange")
		}
	}
	close(g.open)
	group.Wait()
	if n := w.wx.Calls(code2Session); n != 1 {
		t.Errorf("%d calls to WeChat, want 1", n)
	}
	list, err := w.Sessions(t.Context(), w.wx.AppID, "o-alice")
	if err != nil || len(list) != 10 {
		t.Errorf("%d sessions, want the cap of 10 (%v)", len(list), err)
	}
}

func TestACallerThatLeavesDoesNotSpoilTheOthersLogin(t *testing.T) {
	g := gate{make(chan struct{}, 2), make(chan struct{})}
	w := newWorld(t, func(c *core.Config) { c.HTTPClient = &http.Client{Transport: g} })
	code := w.wx.Code("o-alice")
	login := func(ctx context.Context) <-chan error {
		done := make(chan error, 1)
		go func() {
			_, _, err := w.Login(ctx, core.LoginRequest{Code: code})
			done <- err
		}()
		return done
	}
	ctx, cancel := context.WithCancel(t.Context())
	left := login(ctx)
	<-g.arrived
	cancel()
	if err := <-left; !errors.Is(err, context.Canceled) || core.CodeOf(err) != core.CodeWeChatUnavailable {
		t.Errorf("the one that left: %v", err)
	}
	stayed := login(t.Context())
	for began := time.Now(); waitingIn("(*codeExchange).Identify(") < 1; runtime.Gosched() {
		if time.Since(began) > 10*time.Second {
			t.Fatal("the login does not wait for the exchange")
		}
	}
	close(g.open)
	if err := <-stayed; err != nil {
		t.Errorf("the one that stayed: %v", err)
	}
	if n := w.wx.Calls(code2Session); n != 1 {
		t.Errorf("%d calls to WeChat, want 1", n)
	}
}

func TestOnLoginSetsAttributesOrDenies(t *testing.T) {
	denied, late := core.Deny("banned"), errors.New("the database is away")
	var id string
	w := newWorld(t, func(c *core.Config) {
		c.OnLogin = func(_ context.Context, s *core.Draft) error {
			id = s.ID
			switch s.OpenID {
			case "o-banned":
				return denied
			case "o-late":
				return fmt.Errorf("users: %w", late)
			case "o-own":
				return core.NewError(402, "payment_required", "come back later")
			case "o-panic":
				panic("marker")
			case "o-big":
				s.SetAttr("a", strings.Repeat("x", 4<<10))
			}
			s.SetAttr("uid", "42")
			s.OpenID = "o-forged" // changes nothing
			return nil
		}
	})
	token, s := w.login(t, "o-alice")
	if s.ID != id {
		t.Errorf("the session is %s, and the hook saw %s", s.ID, id)
	}
	got, err := w.Authenticate(t.Context(), token)
	if err != nil || s.Attr("uid") != "42" || got.Attr("uid") != "42" || got.OpenID != "o-alice" {
		t.Errorf("got %v with uid %q of %s, %v", got, got.Attr("uid"), got.OpenID, err)
	}
	w.store.counts()
	for openID, want := range map[string]core.Code{
		"o-banned": core.CodeLoginDenied, "o-late": core.CodeAppUnavailable, "o-own": "payment_required", "o-panic": core.CodeAppUnavailable, "o-big": core.CodeAppUnavailable,
	} {
		token, s, err := w.Login(t.Context(), core.LoginRequest{Code: w.wx.Code(openID)})
		wantCode(t, err, want)
		if token != "" || s != nil {
			t.Errorf("%s: got a token or a session", openID)
		}
		if openID == "o-banned" && !errors.Is(err, denied) || openID == "o-late" && !errors.Is(err, late) {
			t.Errorf("the hook's error is lost: %v", err)
		}
	}
	if _, swaps, _ := w.store.counts(); swaps != 0 {
		t.Errorf("refused logins wrote %d times", swaps)
	}
}

func TestLoginVerifiesWhatComesWithTheCode(t *testing.T) {
	var profile string
	w := newWorld(t, func(c *core.Config) {
		c.OnLogin = func(_ context.Context, s *core.Draft) error {
			profile = string(s.Profile())
			return nil
		}
	})
	w.login(t, "o-alice") // gives the user a session_key
	raw := `{"nickName":"微信用户"}`
	data, iv := w.wx.Encrypt("o-alice", map[string]any{"openId": "o-alice", "nickName": "微信用户"})
	request := func() core.LoginRequest {
		return core.LoginRequest{
			Code: w.wx.Code("o-alice"), RawData: raw, Signature: w.wx.Sign("o-alice", raw), EncryptedData: data, IV: iv,
		}
	}
	if _, _, err := w.Login(t.Context(), request()); err != nil || !strings.Contains(profile, "微信用户") {
		t.Errorf("genuine data: %v; the hook saw %q", err, profile)
	}
	foreign, foreignIV := w.wx.Encrypt("o-alice", map[string]any{"openId": "o-mallory"})
	for name, change := range map[string]func(*core.LoginRequest){
		"a changed rawData":       func(r *core.LoginRequest) { r.RawData += " " },
		"a changed signature":     func(r *core.LoginRequest) { r.Signature = strings.Repeat("0", 40) },
		"another user's data":     func(r *core.LoginRequest) { r.EncryptedData, r.IV = foreign, foreignIV },
		"data that is no base64":  func(r *core.LoginRequest) { r.EncryptedData = "%%%" },
		"an iv of another length": func(r *core.LoginRequest) { r.IV = "AAAA" },
	} {
		t.Run(name, func(t *testing.T) {
			r := request()
			change(&r)
			w.store.counts()
			_, _, err := w.Login(t.Context(), r)
			wantCode(t, err, core.CodeInvalidSignature)
			if _, swaps, _ := w.store.counts(); swaps != 0 {
				t.Error("something was stored")
			}
		})
	}
	for name, change := range map[string]func(*core.LoginRequest){
		"rawData alone":       func(r *core.LoginRequest) { r.Signature = "" },
		"signature alone":     func(r *core.LoginRequest) { r.RawData = "" },
		"encryptedData alone": func(r *core.LoginRequest) { r.IV = "" },
		"iv alone":            func(r *core.LoginRequest) { r.EncryptedData = "" },
	} {
		r := request()
		change(&r)
		_, _, err := w.Login(t.Context(), r)
		if core.CodeOf(err) != core.CodeBadRequest {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestLoginTakesDataOfTheKeyBefore(t *testing.T) {
	w := newWorld(t, nil)
	w.login(t, "o-alice")
	data, iv := w.wx.Encrypt("o-alice", map[string]any{"openId": "o-alice"})
	w.clock.Advance(time.Hour) // the next login gets another session_key
	old := w.wx.SessionKey("o-alice")
	r := core.LoginRequest{Code: w.wx.Code("o-alice"), EncryptedData: data, IV: iv}
	if w.wx.SessionKey("o-alice") == old {
		t.Fatal("the session_key has not changed")
	}
	if _, _, err := w.Login(t.Context(), r); err != nil {
		t.Error(err)
	}
}

func TestBadLoginsAreRefusedBeforeTheyReachAnybody(t *testing.T) {
	w := newWorld(t, nil)
	js := func(v any) string {
		b, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	for name, c := range map[string]struct {
		body string
		want core.Code
	}{
		"no body":                {"", core.CodeBadRequest},
		"no JSON":                {"code=081", core.CodeBadRequest},
		"half of JSON":           {`{"code":"081`, core.CodeBadRequest},
		"JSON and more":          {`{"code":"081"}{}`, core.CodeBadRequest},
		"an array":               {`["081"]`, core.CodeBadRequest},
		"null":                   {`null`, core.CodeBadRequest},
		"a number for the code":  {`{"code":81}`, core.CodeBadRequest},
		"no code":                {`{}`, core.CodeBadRequest},
		"an empty code":          {`{"code":""}`, core.CodeBadRequest},
		"a code with parameters": {js(map[string]string{"code": "081&appid=wx2&secret=x"}), core.CodeBadRequest},
		"a code with CR LF":      {js(map[string]string{"code": "081\r\nHost: x"}), core.CodeBadRequest},
		"a code with NUL":        {js(map[string]string{"code": "081\x00"}), core.CodeBadRequest},
		"a Chinese code":         {js(map[string]string{"code": "代码"}), core.CodeBadRequest},
		"a code of 10 KB":        {js(map[string]string{"code": strings.Repeat("a", 10<<10)}), core.CodeBadRequest},
		"an unknown app":         {`{"code":"081","appid":"wxother"}`, core.CodeBadRequest},
		"an endless device":      {js(map[string]string{"code": "081", "device": strings.Repeat("x", 129)}), core.CodeBadRequest},
		"a device with newlines": {js(map[string]string{"code": "081", "device": "a\nb"}), core.CodeBadRequest},
		"a body of 1 MB":         {`{"code":"` + strings.Repeat("a", 1<<20) + `"}`, core.CodeRequestTooLarge},
		"a deep body":            {strings.Repeat("[", 60<<10), core.CodeBadRequest},
	} {
		t.Run(name, func(t *testing.T) {
			r, body := send(t, w.Manager, "POST", "/wx/login", c.body)
			if r.Status != c.want.Status() || body["error"] != string(c.want) {
				t.Errorf("status %d, body %s", r.Status, r.Body)
			}
		})
	}
	if gets, swaps, deletes := w.store.counts(); gets+swaps+deletes != 0 {
		t.Errorf("the store was asked %d times", gets+swaps+deletes)
	}
	if n := w.wx.Calls(code2Session); n != 0 {
		t.Errorf("WeChat was asked %d times", n)
	}
}

func TestTheLongestCodeAndTheMockCodeReachWeChat(t *testing.T) {
	w := newWorld(t, nil)
	for _, code := range []string{strings.Repeat("a", 128), wxtest.MockCode} {
		_, _, err := w.Login(t.Context(), core.LoginRequest{Code: code})
		wantCode(t, err, core.CodeInvalidCode)
	}
	if n := w.wx.Calls(code2Session); n != 2 {
		t.Errorf("WeChat was asked %d times, want 2", n)
	}
}

func TestAppsNeverMix(t *testing.T) {
	w := newWorld(t, nil)
	second := w.wx.AddApp("wx2222222222222222", "second-secret")
	m := w.manager(t, func(c *core.Config) {
		c.Apps = []core.App{{AppID: second.AppID, Secret: core.NewSecret(second.Secret)}}
	})
	login := func(code, appid, referer string) string {
		r, body := send(t, m, "POST", "/wx/login", `{"code":"`+code+`","appid":"`+appid+`"}`, "Referer", referer)
		if r.Status != 200 {
			t.Fatalf("status %d, body %s", r.Status, r.Body)
		}
		return body["3rd_session"].(string)
	}
	const unknown = "https://servicewechat.com/wxunknown/1/page-frame.html"
	referer := "https://servicewechat.com/" + second.AppID + "/devtools/page-frame.html"
	for _, c := range []struct{ token, want string }{
		{login(w.wx.Code("o-same"), "", ""), w.wx.AppID},
		{login(w.wx.Code("o-same"), "", unknown), w.wx.AppID},
		{login(w.wx.Code("o-same"), "", "https://example.com/"+second.AppID+"/1"), w.wx.AppID},
		{login(w.wx.Code("o-same"), w.wx.AppID, referer), w.wx.AppID},
		{login(second.Code("o-same"), "", referer), second.AppID},
		{login(second.Code("o-same"), second.AppID, ""), second.AppID},
	} {
		s, err := m.Authenticate(t.Context(), c.token)
		if err != nil || s.AppID != c.want || s.OpenID != "o-same" {
			t.Errorf("got %v, %v; want app %s", s, err, c.want)
		}
	}
	list, err := m.Sessions(t.Context(), second.AppID, "o-same")
	if err != nil || len(list) != 2 {
		t.Errorf("%d sessions under the second app, want 2 (%v)", len(list), err)
	}
	if err := m.LogoutUser(t.Context(), second.AppID, "o-same"); err != nil {
		t.Fatal(err)
	}
	list, err = m.Sessions(t.Context(), w.wx.AppID, "o-same")
	if err != nil || len(list) != 4 {
		t.Errorf("%d sessions under the first app after the second one's logout, want 4 (%v)", len(list), err)
	}
}
