package core

import (
	"encoding/binary"
	"errors"
	"slices"
	"time"
)

// user is the record that ties a user's sessions together. Its invariant: every
// session record that somebody may hold a token of is named here, in an entry
// or among the doomed, and a name is taken out only after its record was seen
// dead or was deleted. Whatever crashes, the next operation on the user can
// find every live session.
//
// Encoded: version (1); sealed session_keys, uvarint length and bytes; verdict;
// count of entries and the entries; count of doomed and the doomed.
type user struct {
	sealed  []byte // sessionKeys, sealed by the keyring; nil: none
	verdict verdict
	entries []entry
	doomed  []doom
}

// entry is one session in the index.
type entry struct {
	id      string // the public one
	created int64
	ends    int64 // created + lifetime
	device  string
	records []digest // that may live: the current one, and those in their grace period
}

// verdict is what WeChat last said of the current session_key.
type verdict struct {
	at   int64 // Unix milliseconds; 0: not asked yet
	dead bool
}

// doom is a record that has to die. It is listed before it is killed.
type doom struct {
	record digest
	why    reason
}

// maxRecords bounds the records of one session: rotations within one grace
// period.
const maxRecords = 16

var errUser = errors.New("malformed user record")

func (u *user) find(id string) *entry {
	for i := range u.entries {
		if u.entries[i].id == id {
			return &u.entries[i]
		}
	}
	return nil
}

// doomEntry moves the session's records to the doomed.
func (u *user) doomEntry(id string, why reason) bool {
	e := u.find(id)
	if e == nil {
		return false
	}
	for _, d := range e.records {
		u.doomRecord(d, why)
	}
	u.entries = slices.DeleteFunc(u.entries, func(e entry) bool { return e.id == id })
	return true
}

func (u *user) doomAll() {
	for len(u.entries) > 0 {
		u.doomEntry(u.entries[0].id, byEverywhere)
	}
}

// doomRecord keeps the first reason of a record that is doomed twice.
func (u *user) doomRecord(d digest, why reason) {
	if !slices.ContainsFunc(u.doomed, func(x doom) bool { return x.record == d }) {
		u.doomed = append(u.doomed, doom{d, why})
	}
}

// doomLast makes d the last to be killed. As long as others live, the client
// that has d's token finds its session, and can try to log out again.
func (u *user) doomLast(d digest, why reason) {
	if i := slices.IndexFunc(u.doomed, func(x doom) bool { return x.record == d }); i >= 0 {
		why = u.doomed[i].why
		u.doomed = slices.Delete(u.doomed, i, i+1)
	}
	u.doomed = append(u.doomed, doom{d, why})
}

// drop dooms the records that were found dead, and forgets a session that has
// no other. They are deleted rather than only forgotten: an instance whose
// clock is behind may still take them for alive.
func (u *user) drop(dead []digest) {
	for i := range u.entries {
		e := &u.entries[i]
		e.records = slices.DeleteFunc(e.records, func(d digest) bool {
			if !slices.Contains(dead, d) {
				return false
			}
			u.doomRecord(d, byLogout)
			return true
		})
	}
	u.entries = slices.DeleteFunc(u.entries, func(e entry) bool { return len(e.records) == 0 })
}

// pardon forgets the doomed that are dead now.
func (u *user) pardon(dead []doom) {
	u.doomed = slices.DeleteFunc(u.doomed, func(d doom) bool { return slices.Contains(dead, d) })
}

// ttl outlives every session in the index.
func (u *user) ttl(now int64, lifetime time.Duration) time.Duration {
	ttl := lifetime
	for _, e := range u.entries {
		ttl = max(ttl, time.Duration(e.ends-now)*time.Millisecond)
	}
	return ttl + time.Second // strictly: clocks of stores are coarse
}

func (u *user) encode() []byte {
	const common = 64 + sessionIDLen + len(digest{}) // of a session without a long label
	b := make([]byte, 1, common+len(u.sealed)+len(u.entries)*common+len(u.doomed)*(len(digest{})+1))
	b[0] = recordVersion
	b = appendText(b, view(u.sealed))
	b = append(b, make([]byte, 7)...)
	putMillis(b[len(b)-7:], u.verdict.at)
	if u.verdict.dead {
		b[len(b)-1] = 1
	}
	b = binary.AppendUvarint(b, uint64(len(u.entries)))
	for _, e := range u.entries {
		b = append(b, e.id...)
		b = append(b, make([]byte, 12)...)
		putMillis(b[len(b)-12:], e.created)
		putMillis(b[len(b)-6:], e.ends)
		b = appendText(b, e.device)
		b = binary.AppendUvarint(b, uint64(len(e.records)))
		for _, d := range e.records {
			b = append(b, d[:]...)
		}
	}
	b = binary.AppendUvarint(b, uint64(len(u.doomed)))
	for _, d := range u.doomed {
		b = append(b, d.record[:]...)
		b = append(b, byte(d.why))
	}
	return b
}

// decodeUser returns a user that shares no memory with b.
func decodeUser(b []byte) (*user, error) {
	if len(b) == 0 || b[0] != recordVersion {
		return nil, errRecordVersion
	}
	r := reader{rest: b[1:]}
	u := &user{
		sealed:  []byte(r.text()),
		verdict: verdict{at: r.millis(), dead: r.take(1)[0] != 0},
	}
	for range r.count(sessionIDLen + 14) {
		e := entry{
			id:      string(r.take(sessionIDLen)),
			created: r.millis(),
			ends:    r.millis(),
			device:  string([]byte(r.text())),
		}
		for range r.count(len(digest{})) {
			e.records = append(e.records, r.digest())
		}
		u.entries = append(u.entries, e)
	}
	for range r.count(len(digest{}) + 1) {
		u.doomed = append(u.doomed, doom{r.digest(), reason(r.take(1)[0])})
	}
	if r.bad || len(r.rest) != 0 {
		return nil, errUser
	}
	return u, nil
}

// reader takes fields off a record; after the first that does not fit it is
// bad and yields zeros.
type reader struct {
	rest []byte
	bad  bool
}

func (r *reader) take(n int) []byte {
	if r.bad || len(r.rest) < n {
		r.bad = true
		return make([]byte, n)
	}
	b := r.rest[:n]
	r.rest = r.rest[n:]
	return b
}

func (r *reader) millis() int64 { return getMillis(r.take(6)) }

func (r *reader) digest() digest { return digest(r.take(len(digest{}))) }

func (r *reader) text() string {
	s, rest, ok := cutText(r.rest)
	if r.bad || !ok {
		r.bad = true
		return ""
	}
	r.rest = rest
	return s
}

// count reads how many items of at least size bytes follow, and refuses a
// number that the rest cannot hold.
func (r *reader) count(size int) int {
	n, used := binary.Uvarint(r.rest)
	if r.bad || used <= 0 || n > uint64(len(r.rest)-used)/uint64(size) {
		r.bad = true
		return 0
	}
	r.rest = r.rest[used:]
	return int(n)
}
