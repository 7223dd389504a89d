package core

import (
	"fmt"
	"testing"
)

// hidden returns a token with a masked record of the openid.
func hidden(openID string) (token string, d digest, r record) {
	token = newToken()
	f := sampleFields()
	f.openID = openID
	r = newRecord(f)
	r.mask(token)
	return token, tokenDigest(token), r
}

// TestFacesOfManySessions has far more sessions than places, so that they keep
// taking each other's.
func TestFacesOfManySessions(t *testing.T) {
	all := new(faces)
	type session struct {
		token  string
		digest digest
		rec    record
	}
	sessions := make([]session, 3*facesLen)
	for i := range sessions {
		s := &sessions[i]
		s.token, s.digest, s.rec = hidden(fmt.Sprint("o", i))
	}
	for range 2 {
		for i, s := range sessions {
			if f := all.of(s.rec, s.token, &s.digest); f.openID != fmt.Sprint("o", i) || f.unionID != sampleFields().unionID {
				t.Fatalf("session %d: %q, %q", i, f.openID, f.unionID)
			}
		}
	}
}

func TestFacesDoNotTrustThePlaceAlone(t *testing.T) {
	all := new(faces)
	token, d, r := hidden("alice")
	all.of(r, token, &d)
	other, _, theirs := hidden("bob")
	near := d
	near[31]++ // the same place
	if f := all.of(theirs, other, &near); f.openID != "bob" {
		t.Errorf("bob is taken for %s", f.openID)
	}
}

func TestAFaceIsComputedOnce(t *testing.T) {
	all := new(faces)
	token, d, r := hidden("alice")
	first := all.of(r, token, &d)
	if n := testing.AllocsPerRun(100, func() {
		if all.of(r, token, &d) != first {
			t.Fatal("computed again")
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
	if (*faces)(nil).of(sampleRecord(), token, &d) != nil {
		t.Error("a record that hides nothing has a face")
	}
}
