package record

import (
	"maps"
	"strings"
	"testing"
	"testing/quick"
)

func TestAttributesRoundTrip(t *testing.T) {
	property := func(a map[string]string) bool {
		b := Attributes(a).Encode()
		for name, value := range a {
			if got, found := FindAttribute(b, name); !found || got != value {
				return false
			}
		}
		_, found := FindAttribute(b, "a name that nobody makes up")
		return !found && maps.Equal(DecodeAttributes(b), Attributes(a))
	}
	if err := quick.Check(property, nil); err != nil {
		t.Error(err)
	}
}

func TestEqualAttributesAreEqualBytes(t *testing.T) {
	a := Attributes{"a": "1", "b": "2", "c": "3"}
	for range 20 {
		if string(a.Encode()) != string(maps.Clone(a).Encode()) {
			t.Fatal("the order of a map shows")
		}
	}
	if a.Size() != 6 {
		t.Errorf("names and values have %d bytes, want 6", a.Size())
	}
}

// TestFindingAgreesWithScanning, with texts whose length takes one byte and two,
// and with what somebody has cut off.
func TestFindingAgreesWithScanning(t *testing.T) {
	all := Attributes{"a": "", strings.Repeat("b", 0x7f): "1", "c": strings.Repeat("2", 0x7f), "d": strings.Repeat("3", 0x80), "e": "4", strings.Repeat("Z", 0x80): strings.Repeat("5", 100), "g": "6"}
	encoded := all.Encode()
	for end := range len(encoded) + 1 {
		b := encoded[:end:end]
		scanned := maps.Collect(ScanAttributes(b))
		for name := range all {
			want, listed := scanned[name]
			if got, found := FindAttribute(b, name); got != want || found != listed {
				t.Fatalf("of %d bytes: %.9q is %.9q, %v; scanned it is %.9q, %v", end, name, got, found, want, listed)
			}
		}
	}
	if n := testing.AllocsPerRun(100, func() { _, _ = FindAttribute(encoded, "g") }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
