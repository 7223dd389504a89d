package record

import (
	"maps"
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
