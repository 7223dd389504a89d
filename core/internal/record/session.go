package record

import "errors"

// IDLen is the length of a session's public id.
const IDLen = 16

// offsets within the body of a session
const (
	offState    = 0
	offID       = 1
	offCreated  = offID + IDLen
	offLastSeen = offCreated + millisLen
	offIdle     = offLastSeen + millisLen
	offLifetime = offIdle + millisLen
	offTexts    = offLifetime + millisLen

	nameLen      = len(Name{})
	tombstoneLen = 2 + millisLen + nameLen
)

// State says what a session record is good for.
type State byte

const (
	Live    State = iota // the session's own record
	Fresh                // made by a rotation, and not used yet
	Rotated              // its successor is in use, the grace period runs
	Revoked              // a tombstone
)

// Reason says who ended a session.
type Reason byte

const (
	ByLogout     Reason = iota // leaves a tombstone only as long as others are to end: the client knows
	ByDevice                   // another device, or an administrator
	ByEverywhere               // a log-out everywhere
	ByCap                      // too many sessions
	ByTheft                    // a token that had been rotated away was rotated again
	ByHandOver                 // a newer hand-over took its place
	Unused                     // was dead, or gave way to newer ones of its session: leaves none
)

// ErrMalformed is about a value that no release has written.
var ErrMalformed = errors.New("malformed record")

// Session is a value that holds a session or a tombstone. Fields are read where
// they lie, so that a request decodes only what it asks for; texts are views of
// the bytes, which nobody modifies.
type Session Value

// Fields is what a new session is made of.
type Fields struct {
	State                  State  // Live or Fresh
	ID                     string // IDLen characters
	AppID, OpenID, UnionID string // 255 bytes at most
	Created, LastSeen      int64
	Idle, Lifetime         int64
	Predecessor            Name   // of a Fresh one
	Attrs                  []byte // encoded
}

// Encode returns the body.
func (f *Fields) Encode() []byte {
	texts := [...]string{f.AppID, f.OpenID, f.UnionID}
	b := make([]byte, offTexts, offTexts+3+len(f.AppID)+len(f.OpenID)+len(f.UnionID)+nameLen+len(f.Attrs))
	b[offState] = byte(f.State)
	copy(b[offID:offCreated], f.ID)
	putMillis(b[offCreated:], f.Created)
	putMillis(b[offLastSeen:], f.LastSeen)
	putMillis(b[offIdle:], f.Idle)
	putMillis(b[offLifetime:], f.Lifetime)
	for _, s := range texts {
		b = appendShort(b, s)
	}
	if f.State == Fresh {
		b = append(b, f.Predecessor[:]...)
	}
	return append(b, f.Attrs...)
}

// Tombstone returns the body of a tombstone that stands until then, for a session of
// that user.
func Tombstone(why Reason, until int64, user Name) []byte {
	return append(appendMillis([]byte{byte(Revoked), byte(why)}, until), user[:]...)
}

// ParseSession checks everything that the methods rely on. The framing of the
// attributes is checked where they are read.
func ParseSession(v Value) (Session, error) {
	b := v.Body()
	if len(b) < tombstoneLen {
		return nil, ErrMalformed
	}
	state := State(b[offState])
	switch {
	case state == Revoked && len(b) == tombstoneLen:
		return Session(v), nil
	case state > Rotated || len(b) < offTexts:
		return nil, ErrMalformed
	}
	at := offTexts
	for range 3 {
		if at >= len(b) || at+int(b[at]) >= len(b) {
			return nil, ErrMalformed
		}
		at += 1 + int(b[at])
	}
	if len(b)-at < linkLen(state) {
		return nil, ErrMalformed
	}
	return Session(v), nil
}

// linkLen is the size of what stands between texts and attributes.
func linkLen(s State) int {
	switch s {
	case Fresh:
		return nameLen
	case Rotated:
		return millisLen + nameLen
	}
	return 0
}

func (s Session) body() []byte { return Value(s).Body() }

func (s Session) State() State    { return State(s.body()[offState]) }
func (s Session) ID() string      { return view(s.body()[offID:offCreated]) }
func (s Session) Created() int64  { return getMillis(s.body()[offCreated:]) }
func (s Session) LastSeen() int64 { return getMillis(s.body()[offLastSeen:]) }
func (s Session) Idle() int64     { return getMillis(s.body()[offIdle:]) }
func (s Session) Lifetime() int64 { return getMillis(s.body()[offLifetime:]) }

// Why is a tombstone's reason.
func (s Session) Why() Reason { return Reason(s.body()[1]) }

// User names the user's record, in a tombstone.
func (s Session) User() Name { return Name(s.body()[2+millisLen:]) }

// Until is the end of a tombstone, or of the grace period of a Rotated one; 0
// of others.
func (s Session) Until() int64 {
	switch s.State() {
	case Revoked:
		return getMillis(s.body()[2:])
	case Rotated:
		return getMillis(s.tail())
	}
	return 0
}

// Owner returns whose session it is.
func (s Session) Owner() (appID, openID, unionID string) {
	appID, rest := cutShort(s.body()[offTexts:])
	openID, rest = cutShort(rest)
	unionID, _ = cutShort(rest)
	return appID, openID, unionID
}

// tail is link and attributes.
func (s Session) tail() []byte {
	b := s.body()[offTexts:]
	for range 3 {
		b = b[1+int(b[0]):]
	}
	return b
}

// Link is the predecessor of a Fresh record, the successor of a Rotated one.
func (s Session) Link() Name {
	return Name(s.tail()[linkLen(s.State())-nameLen:])
}

// Attrs are the encoded attributes.
func (s Session) Attrs() []byte {
	return s.tail()[linkLen(s.State()):]
}

// head is what stands before link and attributes.
func (s Session) head() []byte {
	b := s.body()
	return b[:len(b)-len(s.tail())]
}

// WithAttrs returns the body with other attributes.
func (s Session) WithAttrs(attrs []byte) []byte {
	b := s.body()
	head := b[:len(b)-len(s.Attrs())]
	return append(append(make([]byte, 0, len(head)+len(attrs)), head...), attrs...)
}

// Touch returns the body with another lastSeen.
func (s Session) Touch(now int64) []byte {
	b := append([]byte(nil), s.body()...)
	putMillis(b[offLastSeen:], now)
	return b
}

// Retire returns the body that a record has from the first use of its successor
// on: it ends at until.
func (s Session) Retire(now, until int64, successor Name) []byte {
	head, attrs := s.head(), s.Attrs()
	b := make([]byte, len(head), len(head)+millisLen+nameLen+len(attrs))
	copy(b, head)
	b[offState] = byte(Rotated)
	putMillis(b[offLastSeen:], now) // or the idle timeout would cut the grace period short
	b = appendMillis(b, until)
	return append(append(b, successor[:]...), attrs...)
}

// Activate returns the body that a Fresh record has from its first use on, with
// the attributes that its predecessor had last.
func (s Session) Activate(now int64, attrs []byte) []byte {
	head := s.head()
	b := make([]byte, len(head), len(head)+len(attrs))
	copy(b, head)
	b[offState] = byte(Live)
	putMillis(b[offLastSeen:], now)
	return append(b, attrs...)
}
