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
	var k Key
	k.Put(UserPrefix, n)
	if k.Name() != n || k.Text() != n.Key(UserPrefix) || !strings.HasPrefix(k.Text(), "u:") || len(k.Text()) != 24 {
		t.Errorf("the key is %q", k.Text())
	}
}

func TestHashingATokenAllocatesNothing(t *testing.T) {
	token := strings.Repeat("A", TokenLen)
	var k Key
	if n := testing.AllocsPerRun(100, func() { k.Put(SessionPrefix, OfToken(token)) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
