package core

import (
	"testing"
	"unsafe"
)

// TestSlotsFillSizeClasses: a byte more would cost 32, and a byte less of room a
// second allocation for a record with attributes as most applications have them.
func TestSlotsFillSizeClasses(t *testing.T) {
	if unsafe.Sizeof(uintptr(0)) != 8 {
		return // other sizes of pointers, other classes
	}
	for _, c := range []struct {
		name       string
		size, want uintptr
		room, need int
	}{
		{"by name", unsafe.Sizeof(namedSlot{}), 256, len(namedSlot{}.buf), 149},
		{"clear", unsafe.Sizeof(clearSlot{}), 288, len(clearSlot{}.buf), 24 + 149},
		{"sealed", unsafe.Sizeof(sealedSlot{}), 320, len(sealedSlot{}.buf), 24 + 179},
		{"by name, in a context", unsafe.Sizeof(namedContextSlot{}), 288, len(namedContextSlot{}.buf), 149},
		{"clear, in a context", unsafe.Sizeof(clearContextSlot{}), 320, len(clearContextSlot{}.buf), 24 + 149},
		{"sealed, in a context", unsafe.Sizeof(sealedContextSlot{}), 352, len(sealedContextSlot{}.buf), 24 + 179},
	} {
		if c.size != c.want || c.room < c.need {
			t.Errorf("%s: %d bytes, %d of them for the record; want %d, and %d at least", c.name, c.size, c.room, c.want, c.need)
		}
	}
}
