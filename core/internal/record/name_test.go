package record

import (
	"crypto/sha256"
	"strings"
	"testing"
)

func TestNamesAreHashes(t *testing.T) {
	token := strings.Repeat("A", TokenLen)
	sum := sha256.Sum256([]byte(token))
	if n := OfToken(token); string(n[:]) != string(sum[:16]) {
		t.Errorf("got %x", n)
	}
	if OfUser("ab", "c") == OfUser("a", "bc") {
		t.Error("the boundary between appid and openid is lost")
	}
}

func TestKeysHoldTheirNames(t *testing.T) {
	n := OfParts([]byte("x"))
	key := n.Key(UserPrefix)
	if NameIn(key) != n || !strings.HasPrefix(key, "u:") || len(key) != 24 {
		t.Errorf("the key is %q", key)
	}
	for _, room := range [][]byte{nil, make([]byte, 0, 30)} {
		in, rest := n.KeyIn(UserPrefix, room)
		if in != key || len(rest) != 0 || cap(room) == 30 && (string(room[:24]) != key || cap(rest) != 6) {
			t.Errorf("in room for %d bytes the key is %q, and %d are left", cap(room), in, cap(rest))
		}
	}
}

func TestHashingATokenAllocatesNothing(t *testing.T) {
	token := strings.Repeat("A", TokenLen)
	room := make([]byte, 0, 24)
	if n := testing.AllocsPerRun(100, func() { OfToken(token).KeyIn(SessionPrefix, room) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
