package record

import "encoding/binary"

// User ties a user's sessions together, and holds the session_keys, which
// WeChat gives to users and not to sessions.
type User struct {
	// Epoch tells log-outs everywhere apart, for what was approved before; 0: none
	// yet. EndedAt is the time of the last one.
	Epoch   uint64
	EndedAt int64

	Keys  SessionKeys
	Asked KeyCheck // of Keys[0]

	Entries    []Entry
	Pending    []Revocation
	Tombstones []Name // those of revoked sessions that were left, the oldest first
}

// Entry is one session in the index.
type Entry struct {
	ID      string // the public one
	Created int64
	Ends    int64  // created + lifetime
	Parent  string // id of the session that handed it over; "" for others
	Device  string
	Records []Entered
	Tickets []Ticket // that may be redeemed
}

// Entered is a record that may live, and what it is to its session.
type Entered struct {
	Name Name
	Role Role
}

// Role is what a record is to its session. The index decides it; the record
// follows.
type Role byte

const (
	Current   Role = iota // the record in use; there is one at most
	Successor             // made by a rotation, and not used yet
	Retiring              // its successor is in use; the record does not say so yet
	Retired               // in its grace period
)

// Ticket is good for one session more, handed over by the entry's own.
type Ticket struct {
	Name Name
	Ends int64
}

// Revocation is a record that has to die. It is listed before it is ended.
type Revocation struct {
	Record Name
	Why    Reason
	Dead   bool // has a tombstone that is to be deleted
}

// LeavesWord reports whether a tombstone stays.
func (r Revocation) LeavesWord() bool { return r.Why != ByLogout && r.Why != Unused }

// KeyCheck is what WeChat last said of a session_key.
type KeyCheck struct {
	At   int64 // 0: not asked yet
	Dead bool
}

const (
	flagParent  = 1
	flagTickets = 2

	flagDead = 0x80 // beside the reason
)

// Encode returns the body.
func (u *User) Encode() []byte {
	b := make([]byte, 0, u.size())
	b = binary.AppendUvarint(b, u.Epoch)
	b = binary.AppendUvarint(b, uint64(u.EndedAt)) // of most users 0
	b = u.Keys.append(b)
	if len(u.Keys) > 0 {
		b = append(appendMillis(b, u.Asked.At), flag(u.Asked.Dead, 1))
	}
	b = binary.AppendUvarint(b, uint64(len(u.Entries)))
	for i := range u.Entries {
		b = u.Entries[i].append(b)
	}
	b = binary.AppendUvarint(b, uint64(len(u.Pending)))
	for _, p := range u.Pending {
		b = append(append(b, p.Record[:]...), byte(p.Why)|flag(p.Dead, flagDead))
	}
	b = binary.AppendUvarint(b, uint64(len(u.Tombstones)))
	for _, n := range u.Tombstones {
		b = append(b, n[:]...)
	}
	return b
}

// size is enough, and little more than is needed.
func (u *User) size() int {
	const epoch, uvarint = 7, 3 // an epoch has 48 bits
	n := epoch + 3*uvarint + 3*millisLen + 2 + len(u.Pending)*(nameLen+1) + len(u.Tombstones)*nameLen
	for _, k := range u.Keys {
		n += millisLen + uvarint + len(k.Key)
	}
	for _, e := range u.Entries {
		n += IDLen + 2*millisLen + 1 + len(e.Parent) + uvarint + len(e.Device) + uvarint + len(e.Records)*(nameLen+1)
		n += uvarint + len(e.Tickets)*(nameLen+millisLen)
	}
	return n
}

func (e *Entry) append(b []byte) []byte {
	b = append(b, e.ID...)
	b = appendMillis(appendMillis(b, e.Created), e.Ends)
	b = append(b, flag(e.Parent != "", flagParent)|flag(len(e.Tickets) > 0, flagTickets))
	b = append(b, e.Parent...)
	b = appendText(b, e.Device)
	b = binary.AppendUvarint(b, uint64(len(e.Records)))
	for _, r := range e.Records {
		b = append(append(b, r.Name[:]...), byte(r.Role))
	}
	if len(e.Tickets) > 0 {
		b = binary.AppendUvarint(b, uint64(len(e.Tickets)))
		for _, t := range e.Tickets {
			b = appendMillis(append(b, t.Name[:]...), t.Ends)
		}
	}
	return b
}

func flag(is bool, f byte) byte {
	if is {
		return f
	}
	return 0
}

// DecodeUser returns a user that shares no memory with b.
func DecodeUser(b []byte) (*User, error) {
	r := reader{rest: b}
	u := &User{Epoch: r.uvarint(), EndedAt: int64(r.uvarint())}
	u.Keys = r.sessionKeys()
	if len(u.Keys) > 0 {
		u.Asked = KeyCheck{At: r.millis(), Dead: r.byte() != 0}
	}
	for range r.count(IDLen + 2*millisLen + 3) {
		u.Entries = append(u.Entries, r.entry())
	}
	for range r.count(nameLen + 1) {
		n, why := r.name(), r.byte()
		u.Pending = append(u.Pending, Revocation{n, Reason(why &^ flagDead), why&flagDead != 0})
	}
	for range r.count(nameLen) {
		u.Tombstones = append(u.Tombstones, r.name())
	}
	if r.bad || len(r.rest) != 0 {
		return nil, ErrMalformed
	}
	return u, nil
}

func (r *reader) entry() Entry {
	e := Entry{ID: r.id(), Created: r.millis(), Ends: r.millis()}
	flags := r.byte()
	if flags&flagParent != 0 {
		e.Parent = r.id()
	}
	e.Device = r.text()
	for range r.count(nameLen + 1) {
		e.Records = append(e.Records, Entered{r.name(), Role(r.byte())})
	}
	if flags&flagTickets != 0 {
		for range r.count(nameLen + millisLen) {
			e.Tickets = append(e.Tickets, Ticket{r.name(), r.millis()})
		}
	}
	r.bad = r.bad || flags > flagParent|flagTickets
	return e
}
