package demotest

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"
)

type answer struct {
	t      *testing.T
	what   string
	status int
	header http.Header
	body   string
}

func (p *process) get(path, token string) answer {
	p.t.Helper()
	return p.send("GET", path, token, "")
}

func (p *process) send(method, path, token, body string) answer {
	p.t.Helper()
	req, err := http.NewRequestWithContext(p.t.Context(), method, p.url+path, strings.NewReader(body))
	if err != nil {
		p.t.Fatal(err)
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	client := &http.Client{Timeout: 10 * time.Second}
	res, err := client.Do(req)
	if err != nil {
		p.t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		p.t.Fatal(err)
	}
	return answer{p.t, method + " " + path, res.StatusCode, res.Header, string(text)}
}

// code asks the simulator in the server what wx.login would give the user.
func (p *process) code(user string) string {
	p.t.Helper()
	var reply struct{ Code string }
	p.get("/devtools/code?user="+user, "").decode(&reply)
	return reply.Code
}

func (p *process) login(user string) (token string) {
	p.t.Helper()
	return p.loginWith(p.code(user))
}

func (p *process) loginWith(code string) (token string) {
	p.t.Helper()
	var reply struct {
		Token string `json:"3rd_session"`
	}
	p.send("POST", "/wx/login", "", encode(map[string]string{"code": code})).decode(&reply)
	return reply.Token
}

func encode(v any) string {
	b, _ := json.Marshal(v) // texts only
	return string(b)
}

func (a answer) wantStatus(status int) {
	a.t.Helper()
	if a.status != status {
		a.t.Errorf("%s: status %d, want %d; body: %s", a.what, a.status, status, a.body)
	}
}

func (a answer) want(status int, body string) {
	a.t.Helper()
	a.wantStatus(status)
	if a.body != body {
		a.t.Errorf("%s: body %q, want %q", a.what, a.body, body)
	}
}

// wantCode checks a refusal with one of core's codes.
func (a answer) wantCode(status int, code string) {
	a.t.Helper()
	a.wantStatus(status)
	var reply struct{ Error string }
	if err := json.Unmarshal([]byte(a.body), &reply); err != nil || reply.Error != code {
		a.t.Errorf("%s: body %s, want the error %s", a.what, a.body, code)
	}
}

// decode reads a success.
func (a answer) decode(v any) {
	a.t.Helper()
	a.wantStatus(http.StatusOK)
	if err := json.Unmarshal([]byte(a.body), v); err != nil {
		a.t.Fatalf("%s: the body is no JSON: %v\n%s", a.what, err, a.body)
	}
}
