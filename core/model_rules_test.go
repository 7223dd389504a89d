package core

import (
	"maps"
	"slices"
)

// This file has the rules of the model by which tokens, tickets and approvals
// are used. Each returns the code that a client hears; "" is success.

// due tells whether a use of t is written down by a manager with these keys.
func (m *model) due(t *modelToken, by *generation) bool {
	return t.role == inUse && (20*(m.now-t.lastSeen) > m.idle || by.reseals(t.sealed))
}

func (m *model) authenticate(t *modelToken, by *generation) Code {
	code := m.check(t, by)
	if code == "" && m.due(t, by) {
		t.lastSeen, t.sealed = m.now, by
	}
	return code
}

// check is a use of a token that waits for one.
func (m *model) check(t *modelToken, by *generation) Code {
	code := m.verdict(t)
	if code == "" && t.role == waiting {
		m.firstUse(t, by)
	}
	return code
}

// firstUse puts t in use. The token before it retires, and so do the others that
// wait.
func (m *model) firstUse(t *modelToken, by *generation) {
	t.attrs = maps.Clone(t.session.current().attrs)
	for _, other := range t.session.tokens {
		if other == t || other.ended || other.role == retired {
			continue
		}
		if m.lives(other) {
			other.role, other.until, other.lastSeen = retired, m.now+m.grace, m.now
		} else {
			other.role, other.until = retired, m.expires(other)
		}
	}
	t.role, t.lastSeen, t.sealed = inUse, m.now, by
}

// rotate makes another token for t's session, or ends it if t was rotated away.
func (m *model) rotate(t *modelToken, by *generation, issued func() string) Code {
	if code := m.check(t, by); code != "" {
		return code
	}
	if t.role == retired {
		m.end(true, t.session)
		return SessionRevoked
	}
	t.lastSeen, t.sealed = m.now, by
	m.issue(t.session, issued(), waiting, t.attrs).sealed = by
	var wait []*modelToken
	for _, other := range t.session.tokens {
		if other.role == waiting && m.lives(other) {
			wait = append(wait, other)
		}
	}
	for _, oldest := range wait[:max(0, len(wait)-tokensAtOnce)] {
		oldest.ended = true
	}
	return ""
}

func (m *model) update(t *modelToken, by *generation, name, value string) Code {
	if code := m.verdict(t); code != "" {
		return code
	}
	in := t.session.current()
	attrs := maps.Clone(in.attrs)
	attrs[name] = value
	size := 0
	for name, value := range attrs {
		size += len(name) + len(value)
	}
	if size > 4096 {
		return BadRequest
	}
	in.attrs, in.sealed = attrs, by
	return ""
}

func (m *model) login(u *modelUser, s *modelSession, token, key string, attrs map[string]string) (t *modelToken, full bool) {
	full = m.makeRoom(u, nil)
	u.addKey(key)
	u.loggedIn, s.lifetime = m.now, m.lifetime
	return m.begin(u, s, token, attrs), full
}

func (m *model) logout(t *modelToken) {
	if m.lives(t) {
		m.end(false, t.session)
	}
}

// logoutSession is logout by a handler that has the session, whatever became of
// its token. listed: the index still has it.
func (m *model) logoutSession(t *modelToken, listed bool) {
	if listed {
		m.end(false, t.session)
	}
	t.ended, t.told = true, 0
}

// logoutOthers spares what s has handed over, and what that has.
func (m *model) logoutOthers(t *modelToken) Code {
	if code := m.verdict(t); code != "" {
		return code
	}
	t.session.parent = nil
	t.session.user.epoch++
	for _, s := range t.session.user.sessions {
		origin := s
		for origin.parent != nil && origin != t.session {
			origin = origin.parent
		}
		if origin != t.session {
			m.end(true, s)
		}
	}
	return ""
}

func (m *model) logoutUser(u *modelUser) {
	u.epoch++
	m.end(true, slices.Clone(u.sessions)...) // those that died of age count as well, see forgotten
}

// logoutAll is a client's log-out everywhere. A dead token has no power.
func (m *model) logoutAll(t *modelToken, by *generation) {
	if m.check(t, by) == "" {
		m.logoutUser(t.session.user)
	}
}

// newTicket gives a live session a ticket; the oldest of too many is void.
func (m *model) newTicket(s *modelSession, text string, by *generation) *modelTicket {
	const atOnce = 8
	k := &modelTicket{text: text, session: s, ends: m.now + 60_000, sealed: by}
	s.tickets = slices.DeleteFunc(s.tickets, func(k *modelTicket) bool { return k.ends <= m.now })
	s.tickets = append(s.tickets, k)
	s.tickets = s.tickets[max(0, len(s.tickets)-atOnce):]
	return k
}

// capTakes tells whether a session that was handed over itself asks to hand over
// where nobody else is left to give way.
func (m *model) capTakes(asker *modelSession) bool {
	live := slices.DeleteFunc(m.list(asker.user), func(s *modelSession) bool { return s != asker && under(s, asker) })
	for len(live) >= m.max {
		oldest := slices.IndexFunc(live, func(s *modelSession) bool { return !under(asker, s) })
		if oldest < 0 {
			return asker.parent != nil
		}
		origin := live[oldest]
		live = slices.DeleteFunc(live, func(s *modelSession) bool { return under(s, origin) })
	}
	return false
}

// redeem begins a session for a ticket; the one before that its session has
// handed over ends.
func (m *model) redeem(k *modelTicket, by *generation, seen map[string]int, begin func() (*modelSession, string)) (*modelToken, Code) {
	if !m.live(k.session) || m.now >= k.ends || !slices.Contains(k.session.tickets, k) || !by.opens(k.sealed) {
		return nil, InvalidTicket
	}
	if m.capTakes(k.session) {
		seen["a hand-over that the cap would end"]++
		return nil, InvalidTicket
	}
	from := k.session.current()
	k.session.tickets = slices.DeleteFunc(k.session.tickets, func(other *modelTicket) bool { return other == k })
	u := k.session.user
	for _, s := range m.list(u) {
		if s.parent == k.session {
			m.end(true, s)
			seen["a hand-over that replaces another"]++
		}
	}
	if m.makeRoom(u, k.session) {
		seen["a hand-over at the cap"]++
	}
	s, token := begin()
	s.parent, s.lifetime = k.session, min(m.lifetime, m.ends(from)-m.now)
	return m.begin(u, s, token, from.attrs), ""
}

// under tells whether s is origin, or was handed over by it or by one that is.
func under(s, origin *modelSession) bool {
	for ; s != nil; s = s.parent {
		if s == origin {
			return true
		}
	}
	return false
}
