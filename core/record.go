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
//	 1  state
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

	// maxMillis is what six bytes hold.
	maxMillis = 1<<48 - 1
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

// record is a decoded session record. Its strings and slices are views of raw,
// which nobody modifies.
type record struct {
	raw      []byte
	state    state
	why      reason // of a tombstone
	id       string
	created  int64
	lastSeen int64
	until    int64
	idle     int64
	lifetime int64
	appID    string
	openID   string
	unionID  string
	next     []byte // digest of the successor
	attrs    []byte // encoded
}

// parse checks the whole of raw except the attributes' inner framing, which
// attributes.parse checks, and fills r without allocating.
func (r *record) parse(raw []byte) error {
	switch {
	case len(raw) < tombstoneLen:
		return errRecord
	case raw[0] != recordVersion:
		return errRecordVersion
	case state(raw[offState]) == revoked && len(raw) == tombstoneLen:
		*r = record{raw: raw, state: revoked, why: reason(raw[2])}
		return nil
	case state(raw[offState]) > superseded || len(raw) < offStrings:
		return errRecord
	}
	r.raw = raw
	r.state = state(raw[offState])
	r.id = view(raw[offID:offCreated])
	r.created = getMillis(raw[offCreated:])
	r.lastSeen = getMillis(raw[offLastSeen:])
	r.until = getMillis(raw[offUntil:])
	r.idle = getMillis(raw[offIdle:])
	r.lifetime = getMillis(raw[offLifetime:])
	return r.parseTail(raw[offStrings:])
}

func (r *record) parseTail(rest []byte) error {
	for _, s := range []*string{&r.appID, &r.openID, &r.unionID} {
		if len(rest) == 0 || len(rest) <= int(rest[0]) {
			return errRecord
		}
		n := 1 + int(rest[0])
		*s, rest = view(rest[1:n]), rest[n:]
	}
	if r.state == superseded {
		if len(rest) < len(digest{}) {
			return errRecord
		}
		r.next, rest = rest[:len(digest{})], rest[len(digest{}):]
	}
	r.attrs = rest
	return nil
}

// encode returns the record's bytes in a fresh slice.
func (r *record) encode() []byte {
	b := make([]byte, offStrings, offStrings+3+len(r.appID)+len(r.openID)+len(r.unionID)+len(r.next)+len(r.attrs))
	b[0], b[offState] = recordVersion, byte(r.state)
	copy(b[offID:], r.id)
	putMillis(b[offCreated:], r.created)
	putMillis(b[offLastSeen:], r.lastSeen)
	putMillis(b[offUntil:], r.until)
	putMillis(b[offIdle:], r.idle)
	putMillis(b[offLifetime:], r.lifetime)
	for _, s := range []string{r.appID, r.openID, r.unionID} {
		b = append(b, byte(len(s)))
		b = append(b, s...)
	}
	b = append(b, r.next...)
	return append(b, r.attrs...)
}

// touched returns the record's bytes with another lastSeen.
func (r *record) touched(now int64) []byte {
	b := append([]byte(nil), r.raw...)
	putMillis(b[offLastSeen:], now)
	return b
}

func tombstone(why reason) []byte {
	return []byte{recordVersion, byte(revoked), byte(why)}
}

// expiresAt is the moment from which on the record is dead if nobody uses it,
// in Unix milliseconds.
func (r *record) expiresAt() int64 {
	return min(r.lastSeen+r.idle, r.endsAt())
}

// endsAt is the moment from which on the record is dead whatever happens.
func (r *record) endsAt() int64 {
	end := r.created + r.lifetime
	if r.state == superseded {
		end = min(end, r.until)
	}
	return end
}

// check says whether a request at now may use the record.
func (r *record) check(now int64) error {
	if r.state == revoked {
		return errRevoked(r.why)
	}
	if now >= r.expiresAt() {
		return errInvalidSession()
	}
	return nil
}

// due reports whether use at now is worth a write: a twentieth of the idle
// timeout has passed since the last one. A superseded record is not renewed.
func (r *record) due(now int64) bool {
	return r.state == live && now-r.lastSeen > r.idle/20
}

// ttl is how long the store must keep the record at least.
func (r *record) ttl(now int64) time.Duration {
	return time.Duration(r.expiresAt()-now) * time.Millisecond
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
