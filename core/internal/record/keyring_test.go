package record

import (
	"bytes"
	"errors"
	"testing"
)

func testKeys(n ...byte) (keys [][]byte) {
	for _, b := range n {
		keys = append(keys, bytes.Repeat([]byte{b}, KeyLen))
	}
	return keys
}

func mustRing(t testing.TB, prefix string, clear bool, n ...byte) *Keyring {
	t.Helper()
	r, err := NewKeyring(testKeys(n...), prefix, clear)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

const sampleKey = "s:AAAAAAAAAAAAAAAAAAAAAA"

// write returns what a ring puts into the store.
func write(r *Keyring, key string, body []byte) []byte {
	return bytes.Clone(r.Stored(key, r.New(body)))
}

func TestAValueOpensUnderItsOwnKeyOnly(t *testing.T) {
	ring := mustRing(t, "wx:", false, 1)
	body := []byte("a body")
	raw := write(ring, sampleKey, body)
	if len(raw) != 1+len(body)+Overhead || bytes.Contains(raw, body) {
		t.Errorf("sealed to %q", raw)
	}
	v, err := ring.Open(sampleKey, bytes.Clone(raw))
	if err != nil || !bytes.Equal(v.Body(), body) || ring.Stale(v) || !bytes.Equal(ring.Stored(sampleKey, v), raw) {
		t.Errorf("opened to %q, %v", v, err)
	}
	flip := func(i int) []byte {
		b := bytes.Clone(raw)
		b[i] ^= 1
		return b
	}
	inClear := append([]byte{version}, body...)
	for name, c := range map[string]struct {
		ring *Keyring
		key  string
		raw  []byte
		want error
	}{
		"another name":              {ring, sampleKey[:23] + "B", raw, ErrForged},
		"another kind":              {ring, "u" + sampleKey[1:], raw, ErrForged},
		"another prefix":            {mustRing(t, "other:", false, 1), sampleKey, raw, ErrForged},
		"another key":               {mustRing(t, "wx:", false, 2), sampleKey, raw, ErrOtherKey},
		"no key":                    {mustRing(t, "wx:", false), sampleKey, raw, ErrNoKey},
		"in clear":                  {ring, sampleKey, inClear, ErrClear},
		"a later version":           {ring, sampleKey, append([]byte{sealed | 2}, raw[1:]...), ErrVersion},
		"a later version, in clear": {ring, sampleKey, append([]byte{2}, raw[1:]...), ErrVersion},
		"nothing":                   {ring, sampleKey, nil, ErrMalformed},
		"one byte":                  {ring, sampleKey, raw[:1], ErrForged},
		"truncated":                 {ring, sampleKey, raw[:len(raw)-1], ErrForged},
		"without its body":          {ring, sampleKey, raw[:sealedHead+tagLen-1], ErrForged},
		"another nonce":             {ring, sampleKey, flip(nonceAt), ErrForged},
		"another body":              {ring, sampleKey, flip(sealedHead), ErrForged},
		"another tag":               {ring, sampleKey, flip(len(raw) - 1), ErrForged},
	} {
		if _, err := c.ring.Open(c.key, bytes.Clone(c.raw)); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
	if v, err := mustRing(t, "wx:", true, 1).Open(sampleKey, bytes.Clone(inClear)); err != nil || !bytes.Equal(v.Body(), body) || !ring.Stale(v) {
		t.Errorf("in clear, where it is accepted: %q, %v", v, err)
	}
}

func TestKeysCanBeRotated(t *testing.T) {
	old, both := mustRing(t, "", false, 1), mustRing(t, "", false, 2, 1)
	raw := write(old, sampleKey, []byte("x"))
	v, err := both.Open(sampleKey, bytes.Clone(raw))
	if err != nil || !both.Stale(v) || !bytes.Equal(both.Stored(sampleKey, v), raw) {
		t.Errorf("an older key's value: %v; stale %v", err, err == nil && both.Stale(v))
	}
	if _, err := mustRing(t, "", false, 2).Open(sampleKey, write(both, sampleKey, []byte("x"))); err != nil {
		t.Errorf("the first key does not seal: %v", err)
	}
}

func TestARingRefusesKeysThatCannotStandTogether(t *testing.T) {
	for name, keys := range map[string][][]byte{
		"a short key": {make([]byte, 31)}, "a long key": {make([]byte, 33)}, "a key twice": testKeys(1, 2, 1),
	} {
		if _, err := NewKeyring(keys, "", false); err == nil {
			t.Errorf("%s is accepted", name)
		}
	}
}

func TestEverySealingIsAnother(t *testing.T) {
	ring := mustRing(t, "", false, 1)
	if bytes.Equal(write(ring, sampleKey, []byte("x")), write(ring, sampleKey, []byte("x"))) {
		t.Error("two values of one body are equal: the nonce is not random")
	}
}

// TestSubkeysAreUsedEvenly: one that gets more than its share reaches the bound
// of random nonces sooner.
func TestSubkeysAreUsedEvenly(t *testing.T) {
	var used [256]int
	const names = 256 * 400
	for i := range names {
		used[subkey(OfParts([]byte{byte(i), byte(i >> 8), byte(i >> 16)}).Key(SessionPrefix))]++
	}
	for i, n := range used {
		if n < 300 || n > 500 {
			t.Errorf("subkey %d is used %d times of %d", i, n, names)
		}
	}
}

func TestOpeningAllocatesNothing(t *testing.T) {
	ring := mustRing(t, "wx:", false, 1)
	raw := write(ring, sampleKey, make([]byte, 150))
	buf := make([]byte, 0, 200)
	if n := testing.AllocsPerRun(100, func() {
		if _, err := ring.Open(sampleKey, append(buf, raw...)); err != nil {
			t.Fatal(err)
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkOpen(b *testing.B) {
	ring := mustRing(b, "wx:", false, 1)
	raw := write(ring, sampleKey, make([]byte, 150))
	buf := make([]byte, 0, 200)
	for b.Loop() {
		if _, err := ring.Open(sampleKey, append(buf, raw...)); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkSeal(b *testing.B) {
	ring := mustRing(b, "wx:", false, 1)
	body := make([]byte, 150)
	for b.Loop() {
		ring.Stored(sampleKey, ring.New(body))
	}
}

// FuzzOpen: nothing that the ring has not sealed opens, and nothing panics.
func FuzzOpen(f *testing.F) {
	ring := mustRing(f, "wx:", false, 1, 2)
	good := write(ring, sampleKey, []byte("a body"))
	corpus := [][]byte{good, write(mustRing(f, "wx:", false, 2), sampleKey, nil), good[:20], {}, {version}, {version | sealed}}
	opened := 0
	for _, b := range corpus {
		f.Add(b)
		if _, err := ring.Open(sampleKey, bytes.Clone(b)); err == nil {
			opened++
		}
	}
	if opened != 2 {
		f.Fatalf("%d values of the corpus open, want 2", opened)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		v, err := ring.Open(sampleKey, bytes.Clone(b))
		if err == nil && !bytes.Equal(ring.Stored(sampleKey, v), b) {
			t.Fatalf("%x opens to %x", b, v)
		}
	})
}
