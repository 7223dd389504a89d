package record

import (
	"strings"
	"testing"
)

// BenchmarkRead is what a request asks of a session's record: whose it is, when
// it ends, and an attribute.
func BenchmarkRead(b *testing.B) {
	f := sampleFields()
	f.Attrs = Attributes{"uid": "1234567", "role": "user", "shop": "77"}.Encode()
	v := inClear(f.Encode())
	for b.Loop() {
		s, err := ParseSession(v)
		if err != nil || s.State() != Live {
			b.Fatal(err)
		}
		_, openID, _ := s.Owner()
		uid, found := FindAttribute(s.Attrs(), "uid")
		if len(openID) != len(f.OpenID) || !found || len(uid) != 7 || len(s.ID()) != IDLen {
			b.Fatal(openID, uid)
		}
	}
}

func BenchmarkKey(b *testing.B) {
	token := strings.Repeat("A", TokenLen)
	n := OfToken(token)
	b.Run("OfToken", func(b *testing.B) {
		for b.Loop() {
			n = OfToken(token)
		}
	})
	b.Run("KeyIn", func(b *testing.B) {
		room := make([]byte, 0, keyLen)
		for b.Loop() {
			n.KeyIn(SessionPrefix, room)
		}
	})
}
