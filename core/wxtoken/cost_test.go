package wxtoken_test

import (
	"strings"
	"testing"
)

func TestCost(t *testing.T) {
	w := newWorld(t, nil)
	_, s := w.login(t, "o-alice")
	signed, _, err := w.issuer.Token(t.Context(), s, "")
	if err != nil {
		t.Fatal(err)
	}
	v := w.verifier(t, nil)
	if _, err := v.Verify(t.Context(), signed); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name string
		most float64
		do   func()
	}{
		{"signing", 110, func() { _, _, _ = w.issuer.Token(t.Context(), s, "") }},
		{"verifying", 190, func() { _, _ = v.Verify(t.Context(), signed) }},
		{"refusing what is too long", 6, func() { _, _ = v.Verify(t.Context(), long) }},
	} {
		if got := testing.AllocsPerRun(50, c.do); got > c.most {
			t.Errorf("%s allocates %v times, want %v at most", c.name, got, c.most)
		}
	}
}

var long = strings.Repeat("a", 1<<20)

func BenchmarkToken(b *testing.B) {
	w := newWorld(b, nil)
	_, s := w.login(b, "o-alice")
	for b.Loop() {
		if _, _, err := w.issuer.Token(b.Context(), s, ""); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkVerify(b *testing.B) {
	w := newWorld(b, nil)
	_, s := w.login(b, "o-alice")
	signed, _, err := w.issuer.Token(b.Context(), s, "")
	if err != nil {
		b.Fatal(err)
	}
	v := w.verifier(b, nil)
	for b.Loop() {
		if _, err := v.Verify(b.Context(), signed); err != nil {
			b.Fatal(err)
		}
	}
}
