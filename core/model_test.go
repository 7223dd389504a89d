package core

import (
	"cmp"
	"maps"
	"slices"
)

// model is what the manager promises, without a store: sessions are structs,
// and an end is an assignment. Times are Unix milliseconds.
type model struct {
	now                   int64
	idle, lifetime, grace int64
	max                   int
	users                 map[string]*modelUser
	tokens                []*modelToken // in the order of their making
}

type modelUser struct {
	sessions []*modelSession // in the order of their logins; dead ones too
	keys     []string        // the session_key ring, newest first
	loggedIn int64           // the last time
}

type modelSession struct {
	user    *modelUser
	id      string
	device  string
	created int64
	tokens  []*modelToken // the last one is the newest
}

type modelToken struct {
	text     string
	session  *modelSession
	lastSeen int64
	until    int64 // end of the grace period; 0: it is the newest
	attrs    map[string]string
	ended    bool
	told     int64 // until then a client hears that the session was revoked
}

// dayMillis is how long a client is told at most.
const dayMillis = 24 * 60 * 60 * 1000

func (m *model) user(name string) *modelUser {
	if m.users[name] == nil {
		m.users[name] = new(modelUser)
	}
	return m.users[name]
}

// ends is the moment from which on t is dead even if it is used.
func (m *model) ends(t *modelToken) int64 {
	end := t.session.created + m.lifetime
	if t.until != 0 {
		end = min(end, t.until)
	}
	return end
}

// expires is the moment from which on t is dead if it is not used.
func (m *model) expires(t *modelToken) int64 { return min(t.lastSeen+m.idle, m.ends(t)) }

// verdict is the code that a request with t gets; "": it is served.
func (m *model) verdict(t *modelToken) Code {
	switch {
	case t.ended && m.now < t.told:
		return SessionRevoked
	case t.ended || m.now >= m.expires(t):
		return InvalidSession
	}
	return ""
}

func (m *model) live(s *modelSession) bool {
	return slices.ContainsFunc(s.tokens, func(t *modelToken) bool { return m.verdict(t) == "" })
}

// end ends all tokens of s; tell leaves word to those that were alive.
func (m *model) end(s *modelSession, tell bool) {
	for _, t := range s.tokens {
		if tell && m.verdict(t) == "" {
			t.told = min(m.expires(t), m.now+dayMillis)
		}
		t.ended = true
	}
}

// list returns the user's live sessions, the oldest first.
func (m *model) list(u *modelUser) []*modelSession {
	live := slices.DeleteFunc(slices.Clone(u.sessions), func(s *modelSession) bool { return !m.live(s) })
	slices.SortStableFunc(live, func(a, b *modelSession) int { return cmp.Compare(a.created, b.created) })
	return live
}

func (m *model) login(u *modelUser, id, token, device, key string, attrs map[string]string) *modelToken {
	for live := m.list(u); len(live) >= m.max; live = live[1:] {
		m.end(live[0], true)
	}
	if key != "" && (len(u.keys) == 0 || u.keys[0] != key) {
		u.keys = append([]string{key}, u.keys[:min(len(u.keys), 1)]...)
	}
	s := &modelSession{user: u, id: id, device: device, created: m.now}
	u.sessions, u.loggedIn = append(u.sessions, s), m.now
	return m.issue(s, token, attrs)
}

func (m *model) issue(s *modelSession, token string, attrs map[string]string) *modelToken {
	t := &modelToken{text: token, session: s, lastSeen: m.now, attrs: attrs}
	s.tokens, m.tokens = append(s.tokens, t), append(m.tokens, t)
	return t
}

func (m *model) newest(s *modelSession) *modelToken { return s.tokens[len(s.tokens)-1] }

// due tells whether a use of t is written down.
func (m *model) due(t *modelToken) bool { return t.until == 0 && 20*(m.now-t.lastSeen) > m.idle }

func (m *model) authenticate(t *modelToken) Code {
	code := m.verdict(t)
	if code == "" && m.due(t) {
		t.lastSeen = m.now
	}
	return code
}

func (m *model) rotate(t *modelToken, issue func() string) Code {
	if code := m.verdict(t); code != "" {
		return code
	}
	s := t.session
	working := 0
	for _, t := range s.tokens {
		if m.verdict(t) == "" {
			working++
		}
	}
	if working >= tokensAtOnce {
		return RateLimited
	}
	last := m.newest(s)
	last.until, last.lastSeen = m.now+m.grace, m.now
	m.issue(s, issue(), maps.Clone(last.attrs))
	return ""
}

func (m *model) update(t *modelToken, name, value string) Code {
	if code := m.verdict(t); code != "" {
		return code
	}
	attrs := maps.Clone(m.newest(t.session).attrs)
	attrs[name] = value
	size := 0
	for name, value := range attrs {
		size += len(name) + len(value)
	}
	if size > 4096 {
		return BadRequest
	}
	m.newest(t.session).attrs = attrs
	return ""
}

func (m *model) logout(t *modelToken) {
	if m.verdict(t) == "" {
		m.end(t.session, false)
	}
}

func (m *model) logoutUser(u *modelUser) {
	for _, s := range m.list(u) {
		m.end(s, true)
	}
}
