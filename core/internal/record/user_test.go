package record

import (
	"reflect"
	"testing"
)

func sampleUser() *User {
	return &User{
		Epoch: 3, EndedAt: 1_700_000_000_000,
		Keys: SessionKeys{{"tiihtNczf5v6AKRyjwEUhQ==", 5}, {"HyVFkGl5F5OQWJZZaNzBBg==", 4}}, Asked: KeyCheck{At: 1_700_000_000_000, Dead: true},
		Entries: []Entry{
			{ID: "AAAAAAAAAAAAAAAA", Created: 1, Ends: 2, Device: "手机", Records: []Entered{{Name{1}, Current}, {Name{2}, Retiring}}, Tickets: []Ticket{{Name{8}, 9}}},
			{ID: "BBBBBBBBBBBBBBBB", Created: 3, Ends: 4, Parent: "AAAAAAAAAAAAAAAA", Records: []Entered{{Name{3}, Successor}}},
		},
		Pending:    []Revocation{{Name{4}, ByCap, false}, {Name{5}, ByEverywhere, true}},
		Tombstones: []Name{{5}, {6}},
	}
}

func TestUsersRoundTrip(t *testing.T) {
	for _, want := range []*User{sampleUser(), {}, {Keys: SessionKeys{{"k", 1}}}} {
		got, err := DecodeUser(want.Encode())
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("got %+v, %v; want %+v", got, err, want)
		}
	}
}

func TestADecodedUserSharesNoMemory(t *testing.T) {
	b := sampleUser().Encode()
	u, err := DecodeUser(b)
	if err != nil {
		t.Fatal(err)
	}
	clear(b)
	if !reflect.DeepEqual(u, sampleUser()) {
		t.Error("the user changed with the bytes it was read from")
	}
}

func TestAUserIsCompact(t *testing.T) {
	u := &User{
		Keys:    SessionKeys{{"tiihtNczf5v6AKRyjwEUhQ==", 1_700_000_000_000}},
		Entries: []Entry{{ID: "AAAAAAAAAAAAAAAA", Device: "iPhone 15", Records: []Entered{{Name{1}, Current}}}},
	}
	if n := len(u.Encode()); n > 112 {
		t.Errorf("a session_key and a session take %d bytes, want at most 112", n)
	}
	if b := sampleUser().Encode(); cap(b) > len(b)*5/4 {
		t.Errorf("%d bytes are made for %d", cap(b), len(b))
	}
}

// FuzzUser: DecodeUser never panics, and what it takes encodes to something
// that decodes to the same (uvarints can be padded).
func FuzzUser(f *testing.F) {
	corpus := [][]byte{
		sampleUser().Encode(), (&User{}).Encode(), {0, 0, 0, 0, 0, 0, 0, 3}, {0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 255, 255, 15}, {},
		sampleUser().Encode()[:80],
	}
	good := 0
	for _, b := range corpus {
		f.Add(b)
		if _, err := DecodeUser(b); err == nil {
			good++
		}
	}
	if good != 2 {
		f.Fatalf("%d users of the corpus decode, want 2", good)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		u, err := DecodeUser(b)
		if err != nil {
			return
		}
		again, err := DecodeUser(u.Encode())
		if err != nil || !reflect.DeepEqual(again, u) {
			t.Fatalf("%+v became %+v, %v", u, again, err)
		}
	})
}

// FuzzSmallRecords does the same for access tokens and tickets.
func FuzzSmallRecords(f *testing.F) {
	corpus := [][]byte{AccessToken{"token", 1, 2, 3}.Encode(), HandOver{"wx", "o", "id"}.Encode(), {}, {200}}
	tokens, tickets := 0, 0
	for _, b := range corpus {
		f.Add(b)
		if _, err := DecodeAccessToken(b); err == nil {
			tokens++
		}
		if _, err := DecodeHandOver(b); err == nil {
			tickets++
		}
	}
	if tokens != 1 || tickets != 1 {
		f.Fatalf("the corpus holds %d access tokens and %d tickets, want one of each", tokens, tickets)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		if a, err := DecodeAccessToken(b); err == nil && string(a.Encode()) != string(b) {
			t.Fatalf("%x became %x", b, a.Encode())
		}
		if h, err := DecodeHandOver(b); err == nil && string(h.Encode()) != string(b) {
			t.Fatalf("%x became %x", b, h.Encode())
		}
	})
}
