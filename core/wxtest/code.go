package wxtest

import "time"

// MockCode is what wx.login gives in the developer tools when no appid is set.
// WeChat refuses it.
const MockCode = "the code is a mock one"

// codeLife is how long a code of any sort can be exchanged.
const codeLife = 5 * time.Minute

type codeKind int

const (
	loginCode codeKind = iota
	phoneCode
	pluginCode
)

type code struct {
	kind    codeKind
	appid   string
	openid  string
	number  string // of a phone code
	expires time.Time
	used    bool
}

// codes remembers what was issued for some time beyond its life, so that a
// second exchange is told apart from an unknown code.
type codes struct {
	m       map[string]*code
	sweepAt int
}

const codeMemory = 12 * codeLife

func (c *codes) add(key string, v *code, now time.Time) {
	if c.m == nil {
		c.m, c.sweepAt = map[string]*code{}, 4096
	}
	if len(c.m) >= c.sweepAt {
		for k, old := range c.m {
			if now.Sub(old.expires) > codeMemory {
				delete(c.m, k)
			}
		}
		c.sweepAt = max(4096, 2*len(c.m))
	}
	c.m[key] = v
}

// take judges a code that is presented, without using it up: 0 means that it
// is good, and the code is nil only where it is unknown to this app.
func (c *codes) take(key string, kind codeKind, appid string, now time.Time) (*code, int) {
	v := c.m[key]
	switch {
	case v == nil || v.kind != kind || v.appid != appid:
		return nil, errInvalidCode
	case v.used:
		return v, errCodeUsed
	case !now.Before(v.expires):
		return v, errInvalidCode
	}
	return v, 0
}

// Code is wx.login on the user's phone: it returns a code for this app, good
// for one exchange within five minutes. As wx.login may, it issues a new
// session_key (see Options.KeyMinAge).
func (a *App) Code(openid string) string {
	return a.server.CodeFor(a.AppID, openid)
}

// CodeFor is Code for the app with this appid. The code of an app that the
// server does not have is good for nothing.
func (s *Server) CodeFor(appid, openid string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if a := s.apps[appid]; a != nil {
		s.login(a.user(openid))
	}
	key := newLoginCode()
	s.issue(key, &code{kind: loginCode, appid: appid, openid: openid})
	return key
}

// issue needs s.mu.
func (s *Server) issue(key string, c *code) {
	now := s.now()
	c.expires = now.Add(codeLife)
	s.codes.add(key, c, now)
}

// newLoginCode has the look of real ones: "0", two digits, and a tag of four
// characters that comes twice.
func newLoginCode() string {
	b := []byte("0" + text(2, "0123456789") + text(29, alphanumeric))
	copy(b[27:31], b[3:7])
	return string(b)
}
