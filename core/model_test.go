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
	epoch    int             // counts log-outs everywhere
	lost     bool            // ring and epoch may be gone: nobody has needed the record for long
	revoked  int             // tokens that were ended with a word to their client
}

type modelSession struct {
	user              *modelUser
	id, device        string
	created, lifetime int64
	parent            *modelSession // that handed it over
	tokens            []*modelToken
	tickets           []*modelTicket
}

type modelTicket struct {
	text    string
	session *modelSession
	ends    int64
	sealed  *generation
}

// modelToken is a token and its record. One token of a session is in use.
type modelToken struct {
	text     string
	session  *modelSession
	role     role
	lastSeen int64
	until    int64 // end of the grace period, of one that has retired
	attrs    map[string]string
	sealed   *generation // by whose keys the record is
	ended    bool
	told     int64 // until then a client hears that the session was revoked
	batch    int   // how many of the user's had been revoked before that
}

type role int

const (
	inUse   role = iota
	waiting      // made by a rotation, and not used yet
	retired
)

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
	end := t.session.created + t.session.lifetime
	if t.role == retired {
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

func (m *model) lives(t *modelToken) bool { return m.verdict(t) == "" }

// forgotten tells whether the word that is left of t may have made room: so many
// came after it.
func (m *model) forgotten(t *modelToken) bool {
	return t.told > 0 && t.session.user.revoked-t.batch > 2*m.max
}

// crowded tells whether t may have made room among those in their grace period.
func (m *model) crowded(t *modelToken) bool {
	later := 0
	for _, other := range t.session.tokens {
		if other.role == retired {
			later++
		}
	}
	return t.role == retired && later > maxRetired
}

func (m *model) live(s *modelSession) bool { return slices.ContainsFunc(s.tokens, m.lives) }

// current is the token in use; nil if the session has ended.
func (s *modelSession) current() *modelToken {
	for _, t := range s.tokens {
		if t.role == inUse && !t.ended {
			return t
		}
	}
	return nil
}

// end ends sessions and all that they have handed over; tell leaves word to the
// tokens that were alive.
func (m *model) end(tell bool, sessions ...*modelSession) {
	for i := 0; i < len(sessions); i++ {
		for _, child := range sessions[i].user.sessions {
			if child.parent == sessions[i] {
				sessions = append(sessions, child)
			}
		}
	}
	before := 0
	if len(sessions) > 0 {
		before = sessions[0].user.revoked
	}
	for _, s := range sessions {
		for _, t := range s.tokens {
			if t.ended {
				continue
			}
			if tell && m.lives(t) {
				t.told, t.batch = min(m.expires(t), m.now+dayMillis), before
			}
			if tell {
				s.user.revoked++
			}
			t.ended = true
		}
	}
}

// list returns the user's live sessions, the oldest first.
func (m *model) list(u *modelUser) []*modelSession {
	live := slices.DeleteFunc(slices.Clone(u.sessions), func(s *modelSession) bool { return !m.live(s) })
	slices.SortStableFunc(live, func(a, b *modelSession) int { return cmp.Compare(a.created, b.created) })
	return live
}

// lastSeen is when a session was last seen with any of its tokens.
func (m *model) lastSeen(s *modelSession) (seen int64) {
	for _, t := range s.tokens {
		if m.lives(t) {
			seen = max(seen, t.lastSeen)
		}
	}
	return seen
}

// makeRoom ends the oldest sessions but one, until there is room for another.
func (m *model) makeRoom(u *modelUser, except *modelSession) (full bool) {
	for {
		live := m.list(u)
		if len(live) < m.max {
			return full
		}
		oldest := slices.IndexFunc(live, func(s *modelSession) bool { return !under(except, s) })
		if oldest < 0 {
			return full
		}
		full = true
		m.end(true, live[oldest])
	}
}

// begin enters a session of u with its first token.
func (m *model) begin(u *modelUser, s *modelSession, token string, attrs map[string]string) *modelToken {
	s.user, s.created = u, m.now
	u.sessions = append(u.sessions, s)
	return m.issue(s, token, inUse, attrs)
}

func (m *model) issue(s *modelSession, token string, r role, attrs map[string]string) *modelToken {
	t := &modelToken{text: token, session: s, role: r, lastSeen: m.now, attrs: maps.Clone(attrs)}
	s.tokens, m.tokens = append(s.tokens, t), append(m.tokens, t)
	return t
}

func (u *modelUser) addKey(key string) {
	if key != "" && (len(u.keys) == 0 || u.keys[0] != key) {
		u.keys = append([]string{key}, u.keys[:min(len(u.keys), 1)]...)
	}
}
