package core

import (
	"encoding/binary"
	"errors"
	"fmt"
	"time"
	"unsafe"
)

// A session record is a fixed header, three short strings, and the attributes:
//
//	 0  version (1)
//	 1  state; its highest bit tells that openid and unionid are masked
//	 2  session id, 16 characters of base64url
//	18  created   ┐
//	24  lastSeen  │ Unix milliseconds, 6 bytes each, big-endian
//	30  until     ┘ end of the grace period; 0 unless superseded
//	36  idle      ┐ milliseconds, 6 bytes each
//	42  lifetime  ┘
//	48  appid, openid, unionid: length byte and text each
//	    digest of the successor (32 bytes), only if superseded
//	    attributes up to the end: name and value, each a uvarint length and text
//
// Times stand at fixed offsets so that a renewal patches six bytes. A
// tombstone is version, state, and a reason, nothing else.
const (
	recordVersion = 1

	offState    = 1
	offID       = 2
	offCreated  = offID + sessionIDLen
	offLastSeen = offCreated + 6
	offUntil    = offLastSeen + 6
	offIdle     = offUntil + 6
	offLifetime = offIdle + 6
	offStrings  = offLifetime + 6

	sessionIDLen = 16
	tombstoneLen = 3
)

type state byte

const (
	live state = iota
	superseded
	revoked
)

// reason says in a tombstone who ended the session.
type reason byte

const (
	byLogout reason = iota // leaves no tombstone: the client knows
	byDevice
	byEverywhere
	byCap
)

func (r reason) String() string {
	switch r {
	case byDevice:
		return "by another device or an administrator"
	case byEverywhere:
		return "by a log-out everywhere"
	case byCap:
		return "because the user logged in on too many devices"
	default:
		return "by a log-out"
	}
}

var (
	errRecord        = errors.New("malformed session record")
	errRecordVersion = errors.New("session record of a version this release does not know")
)

// record is a session record as it stands in the store. Fields are read where
// they lie, so that a request decodes only what it asks for; texts are views of
// the bytes, which nobody modifies.
type record []byte

// fields is what a new record is made of.
type fields struct {
	id                     string // 16 characters
	appID, openID, unionID string // 255 bytes at most
	created, lastSeen      int64
	idle, lifetime         int64
}

func newRecord(f fields) record {
	r := make(record, offStrings, offStrings+3+len(f.appID)+len(f.openID)+len(f.unionID))
	r[0], r[offState] = recordVersion, byte(live)
	copy(r[offID:offCreated], f.id)
	putMillis(r[offCreated:], f.created)
	putMillis(r[offLastSeen:], f.lastSeen)
	putMillis(r[offIdle:], f.idle)
	putMillis(r[offLifetime:], f.lifetime)
	for _, s := range []string{f.appID, f.openID, f.unionID} {
		r = append(r, byte(len(s)))
		r = append(r, s...)
	}
	return r
}

// parseRecord checks everything that the methods rely on. The framing of the
// attributes is checked where they are read.
func parseRecord(raw []byte) (record, error) {
	switch {
	case len(raw) < tombstoneLen:
		return nil, errRecord
	case raw[0] != recordVersion:
		return nil, errRecordVersion
	case state(raw[offState]) == revoked && len(raw) == tombstoneLen:
		return raw, nil
	case state(raw[offState]&^masked) > superseded || len(raw) < offStrings:
		return nil, errRecord
	}
	at := offStrings
	for range 3 {
		if at >= len(raw) || at+int(raw[at]) >= len(raw) {
			return nil, errRecord
		}
		at += 1 + int(raw[at])
	}
	if state(raw[offState]&^masked) == superseded && len(raw)-at < len(digest{}) {
		return nil, errRecord
	}
	return raw, nil
}

func (r record) state() state    { return state(r[offState] &^ masked) }
func (r record) why() reason     { return reason(r[tombstoneLen-1]) } // of a tombstone
func (r record) id() string      { return view(r[offID:offCreated]) }
func (r record) created() int64  { return getMillis(r[offCreated:]) }
func (r record) lastSeen() int64 { return getMillis(r[offLastSeen:]) }
func (r record) until() int64    { return getMillis(r[offUntil:]) }
func (r record) idle() int64     { return getMillis(r[offIdle:]) }
func (r record) lifetime() int64 { return getMillis(r[offLifetime:]) }

// texts also returns what follows them. For openid and unionid see reveal.
func (r record) texts() (appID, openID, unionID string, rest []byte) {
	appID, rest = cutShort(r[offStrings:])
	openID, rest = cutShort(rest)
	unionID, rest = cutShort(rest)
	return appID, openID, unionID, rest
}

// cutShort splits off a text with a length byte that parseRecord has checked.
func cutShort(b []byte) (text string, rest []byte) {
	n := 1 + int(b[0])
	return view(b[1:n]), b[n:]
}

// next is the record that a rotation made of this one.
func (r record) next() digest {
	_, _, _, rest := r.texts()
	return digest(rest)
}

func (r record) attrs() []byte {
	_, _, _, rest := r.texts()
	if r.state() == superseded {
		rest = rest[len(digest{}):]
	}
	return rest
}

// withAttrs returns the record with other attributes.
func (r record) withAttrs(attrs []byte) record {
	head := r[:len(r)-len(r.attrs())]
	return append(append(make(record, 0, len(head)+len(attrs)), head...), attrs...)
}

// touched returns the record with another lastSeen.
func (r record) touched(now int64) record {
	b := append(record(nil), r...)
	putMillis(b[offLastSeen:], now)
	return b
}

// superseded returns what becomes of the live record r when a rotation makes
// next of it: it ends at until, the end of the grace period.
func (r record) superseded(until int64, next digest) record {
	attrs := r.attrs()
	b := append(make(record, 0, len(r)+len(next)), r[:len(r)-len(attrs)]...)
	b[offState] = byte(superseded) | b[offState]&masked
	putMillis(b[offUntil:], until)
	return append(append(b, next[:]...), attrs...)
}

func tombstone(why reason) record {
	return record{recordVersion, byte(revoked), byte(why)}
}

// expiresAt is the moment from which on the record is dead if nobody uses it,
// in Unix milliseconds.
func (r record) expiresAt() int64 {
	return min(r.lastSeen()+r.idle(), r.endsAt())
}

// endsAt is the moment from which on the record is dead whatever happens.
func (r record) endsAt() int64 {
	end := r.created() + r.lifetime()
	if r.state() == superseded {
		end = min(end, r.until())
	}
	return end
}

// check says whether a request at now may use the record.
func (r record) check(now int64) error {
	if r.state() == revoked {
		return errRevoked(r.why())
	}
	if now >= r.expiresAt() {
		return errInvalidSession()
	}
	return nil
}

// due reports whether use at now is worth a write: a twentieth of the idle
// timeout has passed since the last one. A superseded record is not renewed.
func (r record) due(now int64) bool {
	return r.state() == live && now-r.lastSeen() > r.idle()/20
}

// ttl is how long the store must keep the record at least. It is positive even
// if the record has expired since it was checked: a store takes nothing else,
// and its refusal would look like an outage.
func (r record) ttl(now int64) time.Duration {
	return max(time.Duration(r.expiresAt()-now), 1) * time.Millisecond
}

// view returns b as a string that shares its memory.
func view(b []byte) string {
	return unsafe.String(unsafe.SliceData(b), len(b))
}

func getMillis(b []byte) int64 {
	_ = b[5]
	return int64(binary.BigEndian.Uint16(b))<<32 | int64(binary.BigEndian.Uint32(b[2:]))
}

func putMillis(b []byte, ms int64) {
	binary.BigEndian.PutUint16(b, uint16(ms>>32))
	binary.BigEndian.PutUint32(b[2:], uint32(ms))
}

// recordError maps what parse found to what the client hears. A version from
// the future is a roll-out in progress, so the token may still be good; a
// malformed record can only be replaced by a new login.
func recordError(err error) error {
	if errors.Is(err, errRecordVersion) {
		return errStore(err)
	}
	e := errInvalidSession()
	e.cause = fmt.Errorf("cannot use the stored session: %w", err)
	return e
}
