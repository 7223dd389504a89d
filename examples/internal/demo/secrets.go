package demo

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"sync"
)

// kind says what a value is that the page points out.
type kind string

// The first four stay on the server's side. All of them are the simulator's: with
// the real WeChat nothing is recorded.
const (
	appSecret   kind = "appsecret"
	sessionKey  kind = "session_key"
	accessToken kind = "access_token"
	tokenHash   kind = "hash" // of a token or ticket, under which the store keeps it

	loginCode   kind = "code"
	userToken   kind = "token" // the 3rd_session
	ticket      kind = "ticket"
	signedToken kind = "jwt"
	scanSecret  kind = "scan" // of the browser that waits for a website login
)

// mark points out a value in an event.
type mark struct {
	Text string `json:"text"`
	Kind kind   `json:"kind"`
}

// maxSecrets bounds what is remembered; the oldest are forgotten.
const maxSecrets = 512

// secrets remembers what was seen, so that it is known again wherever it turns
// up. The zero value is ready.
type secrets struct {
	mu    sync.Mutex
	known []mark
}

// learn remembers a value. What is too short could stand anywhere by chance.
func (s *secrets) learn(k kind, value string) {
	if len(value) < 8 || len(value) > maxText {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	m := mark{value, k}
	if slices.Contains(s.known, m) {
		return
	}
	if len(s.known) == maxSecrets {
		s.known = slices.Delete(s.known, 1, 2) // the first is the AppSecret
	}
	s.known = append(s.known, m)
}

// learnJSON remembers the members of an object that have one of these names.
func (s *secrets) learnJSON(body string, names map[string]kind) {
	var members map[string]any
	if json.Unmarshal([]byte(body), &members) != nil {
		return
	}
	for name, k := range names {
		if value, ok := members[name].(string); ok {
			s.learn(k, value)
		}
	}
}

// learnCookies remembers the session's cookie, and that of a website login.
func (s *secrets) learnCookies(cookies []*http.Cookie, name string) {
	for _, c := range cookies {
		switch {
		case name == "":
		case c.Name == name:
			s.learn(userToken, c.Value)
		case c.Name == name+"-scan":
			s.learn(scanSecret, c.Value)
		}
	}
}

// mark looks for what is known in an event. JSON of WeChat's escapes slashes.
func (s *secrets) mark(e *event) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, m := range s.known {
		if e.contains(m.Text) || strings.Contains(e.Body, strings.ReplaceAll(m.Text, "/", `\/`)) {
			e.Marks = append(e.Marks, m)
		}
	}
}

func (e *event) contains(text string) bool {
	return strings.Contains(e.Title, text) || strings.Contains(e.Body, text) ||
		slices.ContainsFunc(e.Head, func(f field) bool { return strings.Contains(f.Value, text) })
}
