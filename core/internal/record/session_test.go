package record

import (
	"bytes"
	"encoding/hex"
	"strings"
	"testing"
)

func sampleFields() Fields {
	return Fields{
		ID: "AAAAAAAAAAAAAAAA", Created: 1_700_000_000_000, LastSeen: 1_700_000_001_000,
		Idle: 259_200_000, Lifetime: 2_592_000_000,
		AppID: "wx4f4bc4dec97d474b", OpenID: "oGZUI0egBJY1zhBYw2KhdUfwVJJE", UnionID: "ocMvos6NjeKLIBqg5Mr9QjxrP1FA",
		Attrs: Attributes{"uid": "42", "role": "admin"}.Encode(),
	}
}

// inClear is a value as it stands in a store without keys.
func inClear(body []byte) Value { return append(Value{version}, body...) }

func mustParse(t testing.TB, body []byte) Session {
	t.Helper()
	s, err := ParseSession(inClear(body))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// fieldsOf reads everything back, but the attributes.
func fieldsOf(s Session) Fields {
	f := Fields{State: s.State(), ID: s.ID(), Created: s.Created(), LastSeen: s.LastSeen(), Idle: s.Idle(), Lifetime: s.Lifetime()}
	f.AppID, f.OpenID, f.UnionID = s.Owner()
	if f.State == Fresh {
		f.Predecessor = s.Link()
	}
	return f
}

func TestSessionsRoundTrip(t *testing.T) {
	bare, long, fresh := sampleFields(), sampleFields(), sampleFields()
	bare.UnionID, bare.Attrs = "", nil
	long.OpenID, long.UnionID = strings.Repeat("o", 255), strings.Repeat("u", 255)
	fresh.State, fresh.Predecessor = Fresh, Name{1, 2, 3}
	for _, want := range []Fields{sampleFields(), bare, long, fresh} {
		s := mustParse(t, want.Encode())
		attrs := want.Attrs
		want.Attrs = nil
		if got := fieldsOf(s); got.ID != want.ID || got.OpenID != want.OpenID || got.UnionID != want.UnionID || got.AppID != want.AppID ||
			got.Created != want.Created || got.LastSeen != want.LastSeen || got.Idle != want.Idle || got.Lifetime != want.Lifetime ||
			got.State != want.State || got.Predecessor != want.Predecessor || !bytes.Equal(s.Attrs(), attrs) || s.Until() != 0 {
			t.Errorf("got %+v, want %+v", got, want)
		}
	}
}

// TestTheFormatIsTheOneInThePackageComment: stores hold these bytes.
func TestTheFormatIsTheOneInThePackageComment(t *testing.T) {
	f := Fields{
		State: Fresh, ID: "0123456789abcdef", Created: 1, LastSeen: 2, Idle: 3, Lifetime: 4,
		AppID: "wx", OpenID: "o", Predecessor: Name{0xaa, 15: 0xbb}, Attrs: Attributes{"b": "2", "a": ""}.Encode(),
	}
	u := User{
		Epoch: 300, EndedAt: 5,
		Keys: SessionKeys{{"k1", 7}}, Asked: KeyCheck{6, true},
		Entries: []Entry{{
			ID: "0123456789abcdef", Created: 1, Ends: 2, Parent: "fedcba9876543210", Device: "d",
			Records: []Entered{{Name{0xcc}, Retired}}, Tickets: []Ticket{{Name{0xdd}, 9}},
		}},
		Pending: []Revocation{{Name{0xee}, ByCap, true}, {Name{0xef}, ByTheft, false}}, Tombstones: []Name{{0xff}},
	}
	name := func(b string) string { return b + strings.Repeat("00", 15) }
	id, other := hex.EncodeToString([]byte("0123456789abcdef")), hex.EncodeToString([]byte("fedcba9876543210"))
	for what, c := range map[string]struct{ got, want string }{
		"session": {hex.EncodeToString(f.Encode()), "01" + id + "000000000001" + "000000000002" + "000000000003" + "000000000004" +
			"027778" + "016f" + "00" + "aa" + strings.Repeat("00", 14) + "bb" + "016100" + "01620132"},
		"rotated": {hex.EncodeToString(mustParse(t, f.Encode()).Retire(8, 9, Name{0xcc})), "02" + id + "000000000001" + "000000000008" +
			"000000000003" + "000000000004" + "027778" + "016f" + "00" + "000000000009" + name("cc") + "016100" + "01620132"},
		"tombstone": {hex.EncodeToString(Tombstone(ByCap, 10, Name{0xaa, 15: 0xbb})), "03" + "03" + "00000000000a" + "aa" + strings.Repeat("00", 14) + "bb"},
		"user": {hex.EncodeToString(u.Encode()), "ac02" + "05" + "01" + "000000000007" + "026b31" + "000000000006" + "01" +
			"01" + id + "000000000001" + "000000000002" + "03" + other + "0164" + "01" + name("cc") + "03" +
			"01" + name("dd") + "000000000009" + "02" + name("ee") + "83" + name("ef") + "04" + "01" + name("ff")},
		"access token": {hex.EncodeToString(AccessToken{"tok", 1, 2, 3}.Encode()), "000000000001" + "000000000002" + "000000000003" + "746f6b"},
		"ticket":       {hex.EncodeToString(HandOver{"wx", "o", "i"}.Encode()), "027778" + "016f" + "0169"},
	} {
		if c.got != c.want {
			t.Errorf("%s: %s, want %s", what, c.got, c.want)
		}
	}
}

func TestASessionIsCompact(t *testing.T) {
	f := sampleFields()
	if n := len(f.Encode()); n > 150 {
		t.Errorf("openid, unionid and two attributes take %d bytes, want at most 150", n)
	}
}

func TestReadingASessionAllocatesNothing(t *testing.T) {
	f := sampleFields()
	v := inClear(f.Encode())
	if n := testing.AllocsPerRun(100, func() {
		s, err := ParseSession(v)
		_, openID, _ := s.Owner()
		uid, _ := FindAttribute(s.Attrs(), "uid")
		if err != nil || openID == "" || uid != "42" {
			t.Fatal("does not parse")
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestTouchChangesOnlyLastSeen(t *testing.T) {
	f := sampleFields()
	s := mustParse(t, f.Encode())
	before := bytes.Clone(s)
	touched := mustParse(t, s.Touch(f.LastSeen+5000))
	if touched.LastSeen() != f.LastSeen+5000 || !bytes.Equal(touched.Touch(f.LastSeen), f.Encode()) {
		t.Errorf("got %x from %x", touched, s)
	}
	if !bytes.Equal(s, before) {
		t.Error("Touch has changed the record it was called on")
	}
}

func TestRetireAndActivateKeepTheRest(t *testing.T) {
	fresh := sampleFields()
	fresh.State, fresh.Predecessor = Fresh, Name{7}
	attrs := Attributes{"cart": "3"}.Encode()
	active := mustParse(t, mustParse(t, fresh.Encode()).Activate(8, attrs))
	if active.State() != Live || active.LastSeen() != 8 || !bytes.Equal(active.Attrs(), attrs) || active.ID() != fresh.ID {
		t.Errorf("activated: %+v", fieldsOf(active))
	}
	for _, f := range []Fields{sampleFields(), fresh} {
		old := mustParse(t, mustParse(t, f.Encode()).Retire(8, 9, Name{5}))
		if old.State() != Rotated || old.LastSeen() != 8 || old.Until() != 9 || old.Link() != (Name{5}) || !bytes.Equal(old.Attrs(), f.Attrs) {
			t.Errorf("retired: %+v", fieldsOf(old))
		}
	}
}

// FuzzSession: what ParseSession takes can be read to its last field, whatever
// the bytes are, and changed without losing the rest.
func FuzzSession(f *testing.F) {
	plain, fresh := sampleFields(), sampleFields()
	fresh.State = Fresh
	corpus := [][]byte{
		inClear(plain.Encode()), inClear(fresh.Encode()), inClear(mustParse(f, plain.Encode()).Retire(1, 2, Name{3})),
		inClear(Tombstone(ByDevice, 5, Name{})), {version}, {version, byte(Revoked)}, inClear(plain.Encode())[:60],
	}
	good := 0
	for _, b := range corpus {
		f.Add(b)
		if _, err := ParseSession(b); err == nil {
			good++
		}
	}
	if good != 4 {
		f.Fatalf("%d sessions of the corpus parse, want 4", good)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		if len(b) == 0 || b[0]&sealed != 0 {
			return // Open refuses it
		}
		s, err := ParseSession(b)
		if err != nil {
			return
		}
		_ = s.Until()
		if s.State() == Revoked {
			_ = s.Why()
			return
		}
		for range ScanAttributes(s.Attrs()) {
		}
		body := Value(b).Body()
		if got := s.WithAttrs(s.Attrs()); !bytes.Equal(got, body) {
			t.Fatalf("%x became %x", body, got)
		}
		if got := s.Touch(s.LastSeen()); !bytes.Equal(got, body) {
			t.Fatalf("%x became %x", body, got)
		}
		old := mustParse(t, s.Retire(s.LastSeen(), 5, Name{9}))
		appID, openID, unionID := s.Owner()
		a, o, u := old.Owner()
		if old.Link() != (Name{9}) || old.Until() != 5 || a != appID || o != openID || u != unionID || !bytes.Equal(old.Attrs(), s.Attrs()) {
			t.Fatalf("%x became %x", b, old)
		}
	})
}
