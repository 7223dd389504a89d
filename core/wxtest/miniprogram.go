package wxtest

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
)

// MiniProgram is the mini program on one user's phone. It plays towards the
// app's own backend what users do there: log in, scan a website's code, confirm.
// It speaks wxsession's routes, so the backend may run anywhere, and in any
// language. It is not safe for concurrent use.
type MiniProgram struct {
	// Base is the backend's address with the routes' prefix, such as
	// http://localhost:8080/wx.
	Base string
	// Client sends the requests; nil means http.DefaultClient.
	Client *http.Client
	// Token is the 3rd_session of the last Login, for requests of your own.
	Token string

	app    *App
	openid string
	scene  string
}

// Open opens the mini program on the user's phone.
func (a *App) Open(openid, base string) *MiniProgram {
	return &MiniProgram{Base: base, app: a, openid: openid}
}

// Scanned is what the backend tells a user who has to confirm a login.
type Scanned struct {
	State     string `json:"state"`
	Browser   string `json:"browser"` // its User-Agent
	IP        string `json:"ip"`      // the browser's
	CreatedAt int64  `json:"created_at"`
}

// Login is wx.login and what the mini program does with the code: it exchanges
// it at the backend for a session.
func (m *MiniProgram) Login(ctx context.Context) error {
	var out struct {
		Token string `json:"3rd_session"`
	}
	m.Token = ""
	err := m.post(ctx, "/login", map[string]string{"code": m.app.Code(m.openid), "appid": m.app.AppID}, &out)
	if err == nil && out.Token == "" {
		err = errors.New("wxtest: the login's reply has no 3rd_session")
	}
	m.Token = out.Token
	return err
}

// Scan scans the code that the browser shows, logs in if there is no session,
// and reports the scan. The result is what the user should see before Confirm.
func (m *MiniProgram) Scan(ctx context.Context, img []byte) (Scanned, error) {
	l, err := Scan(img)
	if err != nil {
		return Scanned{}, err
	}
	if m.Token == "" {
		if err := m.Login(ctx); err != nil {
			return Scanned{}, err
		}
	}
	m.scene = l.Scene
	return m.act(ctx, "scan")
}

// Confirm is a tap on "log in" after Scan.
func (m *MiniProgram) Confirm(ctx context.Context) (Scanned, error) { return m.act(ctx, "confirm") }

// Deny is a tap on "cancel" after Scan.
func (m *MiniProgram) Deny(ctx context.Context) (Scanned, error) { return m.act(ctx, "deny") }

func (m *MiniProgram) act(ctx context.Context, action string) (out Scanned, err error) {
	if m.scene == "" {
		return out, errors.New("wxtest: scan a code first")
	}
	err = m.post(ctx, "/scan/"+m.scene, map[string]string{"action": action}, &out)
	return out, err
}

// post wants the status 200.
func (m *MiniProgram) post(ctx context.Context, route string, body, out any) error {
	b, err := json.Marshal(body)
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, m.Base+route, bytes.NewReader(b))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	if m.Token != "" {
		req.Header.Set("Authorization", "Bearer "+m.Token)
	}
	resp, err := cmp.Or(m.Client, http.DefaultClient).Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	reply, err := io.ReadAll(io.LimitReader(resp.Body, maxBody))
	if err != nil {
		return err
	}
	if resp.StatusCode != http.StatusOK {
		return &Refusal{route, resp.StatusCode, errorCode(reply)}
	}
	return json.Unmarshal(reply, out)
}

// Refusal is the error of a MiniProgram whose backend answered with another
// status than 200.
type Refusal struct {
	Route  string // without the prefix
	Status int
	Code   string // the reply's member "error", such as "conflict"; may be empty
}

// Error returns route, status and code.
func (e *Refusal) Error() string {
	return fmt.Sprintf("wxtest: POST %s: %d %s", e.Route, e.Status, e.Code)
}

func errorCode(reply []byte) string {
	var in struct{ Error string }
	json.Unmarshal(reply, &in)
	return in.Error
}
