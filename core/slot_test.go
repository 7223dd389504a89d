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
		{"clear", unsafe.Sizeof(clearSlot{}), 288, len(clearSlot{}.buf), 149},
		{"sealed", unsafe.Sizeof(sealedSlot{}), 320, len(sealedSlot{}.buf), 179},
		{"clear, in a context", unsafe.Sizeof(clearContextSlot{}), 288, len(clearContextSlot{}.buf), 149},
		{"sealed, in a context", unsafe.Sizeof(sealedContextSlot{}), 320, len(sealedContextSlot{}.buf), 179},
	} {
		if c.size != c.want || c.room < c.need {
			t.Errorf("%s: %d bytes, %d of them for the record; want %d, and %d at least", c.name, c.size, c.room, c.want, c.need)
		}
	}
}
