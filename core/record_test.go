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
)

func sampleRecord() record {
	attrs, _ := attributes{"uid": "42", "role": "admin"}.encode()
	return record{
		id: "AAAAAAAAAAAAAAAA", created: 1_700_000_000_000, lastSeen: 1_700_000_001_000,
		idle: defaultIdleTimeout.Milliseconds(), lifetime: defaultLifetime.Milliseconds(),
		appID: "wx4f4bc4dec97d474b", openID: "oGZUI0egBJY1zhBYw2KhdUfwVJJE", unionID: "ocMvos6NjeKLIBqg5Mr9QjxrP1FA",
		attrs: attrs,
	}
}

func TestRecordsRoundTrip(t *testing.T) {
	plain := sampleRecord()
	gone := sampleRecord()
	gone.state, gone.until, gone.next = superseded, gone.created+30_000, bytes.Repeat([]byte{7}, 32)
	bare := sampleRecord()
	bare.unionID, bare.attrs = "", nil
	for name, want := range map[string]record{"live": plain, "superseded": gone, "bare": bare} {
		var got record
		if err := got.parse(want.encode()); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		got.raw = nil
		if len(want.attrs) == 0 {
			got.attrs = nil
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%s: got %+v, want %+v", name, got, want)
		}
	}
}

func TestARecordIsCompact(t *testing.T) {
	rec := sampleRecord()
	if n := len(rec.encode()); n > 160 {
		t.Errorf("openid, unionid and two attributes take %d bytes, want at most 160", n)
	}
}

func TestParsingARecordAllocatesNothing(t *testing.T) {
	raw := (&record{appID: "wx1", openID: "o1", id: "AAAAAAAAAAAAAAAA"}).encode()
	var rec record
	if n := testing.AllocsPerRun(100, func() {
		if rec.parse(raw) != nil {
			t.Fatal("does not parse")
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestTouchedChangesOnlyLastSeen(t *testing.T) {
	rec := sampleRecord()
	rec.raw = rec.encode()
	want := rec
	want.lastSeen += 5000
	if got := rec.touched(want.lastSeen); !bytes.Equal(got, want.encode()) {
		t.Errorf("got %x, want %x", got, want.encode())
	}
	if bytes.Equal(rec.raw, want.encode()) {
		t.Error("touched has changed the record it was called on")
	}
}

func TestRecordExpiry(t *testing.T) {
	rec := sampleRecord()
	rec.idle, rec.lifetime = 10_000, 15_000
	end := rec.lastSeen + rec.idle
	if err := rec.check(end - 1); err != nil {
		t.Errorf("a millisecond before its idle timeout: %v", err)
	}
	if err := rec.check(end); CodeOf(err) != InvalidSession {
		t.Errorf("at its idle timeout: %v", err)
	}
	rec.lastSeen = rec.created + 14_000
	end = rec.created + rec.lifetime
	if rec.check(end-1) != nil || CodeOf(rec.check(end)) != InvalidSession {
		t.Error("a session in use must end exactly at its lifetime")
	}
	rec.state, rec.until = superseded, rec.created+14_500
	if rec.check(rec.until-1) != nil || CodeOf(rec.check(rec.until)) != InvalidSession {
		t.Error("a rotated token must end exactly with its grace period")
	}
	var stone record
	if stone.parse(tombstone(byCap)) != nil || CodeOf(stone.check(0)) != SessionRevoked {
		t.Error("a tombstone must say session_revoked")
	}
}

func TestRenewalIsDueAfterATwentieth(t *testing.T) {
	rec := sampleRecord()
	rec.idle = 20_000
	for after, want := range map[int64]bool{-5000: false, 0: false, 1000: false, 1001: true} {
		if got := rec.due(rec.lastSeen + after); got != want {
			t.Errorf("%d ms after the last use: %v", after, got)
		}
	}
	rec.state = superseded
	if rec.due(rec.lastSeen + 5000) {
		t.Error("a superseded record must not be renewed")
	}
}

func TestARecordOfAnotherVersionIsNoLogout(t *testing.T) {
	rec := sampleRecord()
	raw := rec.encode()
	raw[0] = recordVersion + 1
	err := recordError(new(record).parse(raw))
	if CodeOf(err) != StoreUnavailable || !errors.Is(err, errRecordVersion) {
		t.Errorf("got %v", err)
	}
	if err := recordError(new(record).parse(raw[:2])); CodeOf(err) != InvalidSession {
		t.Errorf("a malformed record: %v", err)
	}
}

// FuzzRecord: parse never fails otherwise than by an error, and what it takes
// encodes to the same bytes.
func FuzzRecord(f *testing.F) {
	one := sampleRecord()
	two := sampleRecord()
	two.state, two.until, two.next = superseded, 1, bytes.Repeat([]byte{1}, 32)
	corpus := [][]byte{one.encode(), two.encode(), tombstone(byDevice), {}, {1, 0}}
	good := 0
	for _, b := range corpus {
		f.Add(b)
		if new(record).parse(b) == nil {
			good++
		}
	}
	if good != 3 {
		f.Fatalf("%d records of the corpus parse, want 3", good)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		var rec record
		if rec.parse(b) != nil {
			return
		}
		if rec.state == revoked {
			if !bytes.Equal(tombstone(rec.why), b) {
				t.Fatalf("tombstone %x does not round-trip", b)
			}
			return
		}
		if got := rec.encode(); !bytes.Equal(got, b) {
			t.Fatalf("%x became %x", b, got)
		}
		for range scanAttrs(rec.attrs) {
		}
		_ = rec.check(0)
		_ = rec.touched(1)
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
