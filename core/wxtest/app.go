package wxtest

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"time"
)

// App is one mini program, with its users. The methods that stand for what
// happens on a phone (Code, CheckSession, Encrypt, PhoneCode …) take the user's
// openid as it is; any text will do.
type App struct {
	AppID  string
	Secret string

	server *Server
	users  map[string]*user // by openid
	stable pool
	normal pool
	forced forced
	pages  map[string]bool // published; nil: all
	drawn  drawn
}

// user is what WeChat knows about one person in one app.
type user struct {
	openid  string
	blocked bool
	key     sessionKey
	seen    string      // the session_key as of the last code acquired
	crypto  []cryptoKey // the newest comes last
	paid    payment
}

// AddApp adds another mini program. If the server has one with this appid, that
// one gets the new secret, as after a reset in the console.
func (s *Server) AddApp(appid, secret string) *App {
	s.mu.Lock()
	defer s.mu.Unlock()
	a := s.apps[appid]
	if a == nil {
		a = &App{AppID: appid, server: s, users: map[string]*user{}}
		s.apps[appid] = a
	}
	a.Secret = secret
	return a
}

// OpenID returns the openid that the named person has in this app: the same one
// for every call and every Server, and of WeChat's shape.
func (a *App) OpenID(name string) string {
	a.server.mu.Lock()
	defer a.server.mu.Unlock()
	id := identifier("openid", a.AppID, name)
	a.server.names[id] = name
	return id
}

// Block makes WeChat consider the user a high risk: logins give 40226.
func (a *App) Block(openid string) {
	a.server.mu.Lock()
	defer a.server.mu.Unlock()
	a.user(openid).blocked = true
}

// Unblock ends Block.
func (a *App) Unblock(openid string) {
	a.server.mu.Lock()
	defer a.server.mu.Unlock()
	a.user(openid).blocked = false
}

// user needs the server's lock.
func (a *App) user(openid string) *user {
	u := a.users[openid]
	if u == nil {
		u = &user{openid: openid}
		a.users[openid] = u
	}
	return u
}

// unionID needs s.mu.
func (s *Server) unionID(openid string) string {
	if !s.opts.UnionIDs {
		return ""
	}
	if name, known := s.names[openid]; known {
		return identifier("unionid", name)
	}
	return identifier("unionid of", openid)
}

// identifier derives 28 characters that begin with "o", as WeChat's do.
func identifier(parts ...string) string {
	h := sha256.New()
	for _, p := range parts {
		h.Write([]byte(p))
		h.Write([]byte{0})
	}
	return "o" + base64.RawURLEncoding.EncodeToString(h.Sum(nil))[:27]
}

const alphanumeric = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

// text returns n random characters of the alphabet.
func text(n int, alphabet string) string {
	b := make([]byte, n)
	rand.Read(b)
	for i := range b {
		b[i] = alphabet[int(b[i])%len(alphabet)]
	}
	return string(b)
}

// sessionKey is the one key that a user and an app share at any time.
type sessionKey struct {
	value   string
	issued  time.Time
	expires time.Time
}

func newSessionKey(now time.Time, life time.Duration) sessionKey {
	var b [16]byte
	rand.Read(b[:])
	return sessionKey{base64.StdEncoding.EncodeToString(b[:]), now, now.Add(life)}
}

func (k sessionKey) alive(now time.Time) bool { return k.value != "" && now.Before(k.expires) }
