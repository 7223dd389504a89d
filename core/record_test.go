package core

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"strings"
	"testing"
	"testing/quick"
	"time"
	"unsafe"
)

func sampleFields() fields {
	return fields{
		id: "AAAAAAAAAAAAAAAA", created: 1_700_000_000_000, lastSeen: 1_700_000_001_000,
		idle: defaultIdleTimeout.Milliseconds(), lifetime: defaultLifetime.Milliseconds(),
		appID: "wx4f4bc4dec97d474b", openID: "oGZUI0egBJY1zhBYw2KhdUfwVJJE", unionID: "ocMvos6NjeKLIBqg5Mr9QjxrP1FA",
	}
}

func sampleRecord() record {
	attrs, _ := attributes{"uid": "42", "role": "admin"}.encode()
	return newRecord(sampleFields()).withAttrs(attrs)
}

// fieldsOf reads everything back.
func fieldsOf(r record, token string) fields {
	f := fields{id: r.id(), created: r.created(), lastSeen: r.lastSeen(), idle: r.idle(), lifetime: r.lifetime()}
	f.appID, f.openID, f.unionID, _ = r.texts()
	if r.isMasked() {
		face := unmask(r, token)
		f.openID, f.unionID = face.openID, face.unionID
	}
	return f
}

func TestRecordsRoundTrip(t *testing.T) {
	bare := sampleFields()
	bare.unionID = ""
	long := sampleFields()
	long.openID, long.unionID = strings.Repeat("o", 128), strings.Repeat("u", 128)
	token := newToken()
	for _, want := range []fields{sampleFields(), bare, long} {
		for _, hide := range []bool{false, true} {
			r := newRecord(want)
			if hide {
				r.mask(token)
			}
			attrs := sampleRecord().attrs()
			r = r.withAttrs(attrs)
			over := r.superseded(want.created+30_000, digest{7})
			for _, r := range []record{r, over} {
				got, err := parseRecord(r)
				if err != nil || fieldsOf(got, token) != want || !bytes.Equal(got.attrs(), attrs) {
					t.Errorf("masked %v: got %+v, %v; want %+v", hide, fieldsOf(got, token), err, want)
				}
			}
			if r.state() != live || over.state() != superseded || over.until() != want.created+30_000 || over.next() != (digest{7}) {
				t.Error("superseded has the wrong state, end or successor")
			}
			if hide != r.isMasked() || hide == bytes.Contains(r, []byte(want.openID)) {
				t.Errorf("masked %v: %q", hide, r)
			}
		}
	}
}

func TestAMaskedRecordOpensWithItsOwnTokenOnly(t *testing.T) {
	r := newRecord(sampleFields())
	r.mask(newToken())
	if other := fieldsOf(r, newToken()); other.openID == sampleFields().openID || other.unionID == sampleFields().unionID {
		t.Error("another token opens it")
	}
	again := newRecord(sampleFields())
	again.mask(newToken())
	if bytes.Equal(r, again) {
		t.Error("two sessions of one user can be told to be the same user's")
	}
}

func TestARecordIsCompact(t *testing.T) {
	if n := len(sampleRecord()); n > 160 {
		t.Errorf("openid, unionid and two attributes take %d bytes, want at most 160", n)
	}
}

// TestASessionFillsASizeClass: a byte more would cost 64.
func TestASessionFillsASizeClass(t *testing.T) {
	if n := unsafe.Sizeof(attached{}); n != 320 {
		t.Errorf("a session with its context takes %d bytes, want 320", n)
	}
	if n := len(Session{}.buf); n < len(sampleRecord()) {
		t.Errorf("a session has room for a record of %d bytes; a common one has %d", n, len(sampleRecord()))
	}
}

func TestReadingARecordAllocatesNothing(t *testing.T) {
	raw := sampleRecord()
	if n := testing.AllocsPerRun(100, func() {
		r, err := parseRecord(raw)
		_, openID, _, _ := r.texts()
		if err != nil || openID == "" || findAttr(r.attrs(), "uid") != "42" {
			t.Fatal("does not parse")
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestTouchedChangesOnlyLastSeen(t *testing.T) {
	r := sampleRecord()
	before := bytes.Clone(r)
	got := r.touched(r.lastSeen() + 5000)
	if got.lastSeen() != r.lastSeen()+5000 || !bytes.Equal(got.touched(r.lastSeen()), r) {
		t.Errorf("got %x from %x", got, r)
	}
	if !bytes.Equal(r, before) {
		t.Error("touched has changed the record it was called on")
	}
}

func TestRecordExpiry(t *testing.T) {
	f := sampleFields()
	f.idle, f.lifetime = 10_000, 15_000
	r := newRecord(f)
	end := f.lastSeen + f.idle
	if err := r.check(end - 1); err != nil {
		t.Errorf("a millisecond before its idle timeout: %v", err)
	}
	if err := r.check(end); CodeOf(err) != InvalidSession {
		t.Errorf("at its idle timeout: %v", err)
	}
	r = r.touched(f.created + 14_000)
	end = f.created + f.lifetime
	if r.check(end-1) != nil || CodeOf(r.check(end)) != InvalidSession {
		t.Error("a session in use must end exactly at its lifetime")
	}
	end = f.created + 14_500
	r = r.superseded(end, digest{})
	if r.check(end-1) != nil || CodeOf(r.check(end)) != InvalidSession {
		t.Error("a rotated token must end exactly with its grace period")
	}
	stone, err := parseRecord(tombstone(byCap))
	if err != nil || CodeOf(stone.check(0)) != SessionRevoked {
		t.Error("a tombstone must say session_revoked")
	}
}

func TestRenewalIsDueAfterATwentieth(t *testing.T) {
	f := sampleFields()
	f.idle = 20_000
	r := newRecord(f)
	for after, want := range map[int64]bool{-5000: false, 0: false, 1000: false, 1001: true} {
		if got := r.due(f.lastSeen + after); got != want {
			t.Errorf("%d ms after the last use: %v", after, got)
		}
	}
	if r.superseded(f.created+30_000, digest{}).due(f.lastSeen + 5000) {
		t.Error("a superseded record must not be renewed")
	}
}

func TestARecordOfAnotherVersionIsNoLogout(t *testing.T) {
	raw := sampleRecord()
	raw[0] = recordVersion + 1
	_, err := parseRecord(raw)
	if err := recordError(err); CodeOf(err) != StoreUnavailable || !errors.Is(err, errRecordVersion) {
		t.Errorf("got %v", err)
	}
	_, err = parseRecord(raw[:2])
	if err := recordError(err); CodeOf(err) != InvalidSession {
		t.Errorf("a malformed record: %v", err)
	}
}

// FuzzRecord: what parseRecord takes can be read to its last field, whatever
// the bytes are, and changed without losing the rest.
func FuzzRecord(f *testing.F) {
	hidden := newRecord(sampleFields())
	hidden.mask(newToken())
	corpus := [][]byte{
		sampleRecord(), sampleRecord().superseded(1, digest{1}), hidden, tombstone(byDevice), {}, {1, 0},
	}
	good := 0
	for _, b := range corpus {
		f.Add(b)
		if _, err := parseRecord(b); err == nil {
			good++
		}
	}
	if good != 4 {
		f.Fatalf("%d records of the corpus parse, want 4", good)
	}
	token := newToken()
	f.Fuzz(func(t *testing.T, b []byte) {
		r, err := parseRecord(b)
		if err != nil {
			return
		}
		_ = r.check(0)
		if r.state() == revoked {
			return
		}
		for range scanAttrs(r.attrs()) {
		}
		if got := r.withAttrs(r.attrs()); !bytes.Equal(got, b) {
			t.Fatalf("%x became %x", b, got)
		}
		if got := r.touched(r.lastSeen()); !bytes.Equal(got, b) {
			t.Fatalf("%x became %x", b, got)
		}
		if r.state() == live {
			over := r.superseded(5, digest{9})
			if over.next() != (digest{9}) || fieldsOf(over, token) != fieldsOf(r, token) || !bytes.Equal(over.attrs(), r.attrs()) {
				t.Fatalf("%x became %x", b, over)
			}
		}
	})
}

func TestAttributesRoundTrip(t *testing.T) {
	property := func(a map[string]string) bool {
		b, err := attributes(a).encode()
		if err != nil {
			return CodeOf(err) == BadRequest
		}
		for name, value := range a {
			if findAttr(b, name) != value {
				return false
			}
		}
		return maps.Equal(maps.Collect(scanAttrs(b)), a) || len(a) == 0
	}
	if err := quick.Check(property, nil); err != nil {
		t.Error(err)
	}
}

func TestAttributesAreBounded(t *testing.T) {
	fits := attributes{"a": strings.Repeat("x", maxAttributes-1)}
	if _, err := fits.encode(); err != nil {
		t.Errorf("exactly 4 KiB: %v", err)
	}
	over := attributes{"ab": strings.Repeat("x", maxAttributes-1)}
	if _, err := over.encode(); CodeOf(err) != BadRequest {
		t.Errorf("a byte more: %v", err)
	}
}

func sampleUser() *user {
	return &user{
		sealed:  []byte("sealed"),
		verdict: verdict{at: 1_700_000_000_000, dead: true},
		entries: []entry{
			{id: "AAAAAAAAAAAAAAAA", created: 1, ends: 2, device: "手机", records: []digest{{1}, {2}}},
			{id: "BBBBBBBBBBBBBBBB", created: 3, ends: 4, records: []digest{{3}}},
		},
		doomed: []doom{{digest{4}, byCap}},
	}
}

func TestUserRecordsRoundTrip(t *testing.T) {
	for _, want := range []*user{sampleUser(), {sealed: []byte{}}} {
		got, err := decodeUser(want.encode())
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("got %+v, %v; want %+v", got, err, want)
		}
	}
}

func TestAUserRecordOutlivesItsSessions(t *testing.T) {
	now := int64(1_700_000_000_000)
	u := &user{entries: []entry{{ends: now + 90_000}}}
	if ttl := u.ttl(now, 10*time.Second); ttl <= 90*time.Second {
		t.Errorf("ttl %v, although a session lives for another 90s", ttl)
	}
}

// FuzzUser: decodeUser never panics, and what it takes encodes to the same bytes
// or shorter ones (uvarints can be padded).
func FuzzUser(f *testing.F) {
	corpus := [][]byte{sampleUser().encode(), new(user).encode(), {1, 255, 255, 255, 255, 15}, {}}
	good := 0
	for _, b := range corpus {
		f.Add(b)
		if _, err := decodeUser(b); err == nil {
			good++
		}
	}
	if good != 2 {
		f.Fatalf("%d user records of the corpus parse, want 2", good)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		u, err := decodeUser(b)
		if err != nil {
			return
		}
		again, err := decodeUser(u.encode())
		if err != nil || fmt.Sprint(again) != fmt.Sprint(u) {
			t.Fatalf("%+v became %+v, %v", u, again, err)
		}
	})
}

func TestSessionKeysKeepTheCurrentAndThePrevious(t *testing.T) {
	var keys sessionKeys
	for i, key := range []string{"k1", "k1", "k2", "k3"} {
		var changed bool
		keys, changed = keys.add(secret(key), int64(i))
		if changed != (i != 1) {
			t.Errorf("adding %s: changed is %v", key, changed)
		}
	}
	want := sessionKeys{{secret("k3"), 3}, {secret("k2"), 2}}
	if !reflect.DeepEqual(keys, want) {
		t.Fatalf("the ring does not hold the last two keys")
	}
	got, err := decodeSessionKeys(keys.encode())
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("the ring does not round-trip: %v", err)
	}
	if _, err := decodeSessionKeys(keys.encode()[:8]); err == nil {
		t.Error("a truncated ring was taken")
	}
}
