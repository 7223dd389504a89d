package record

import (
	"encoding/binary"
	"iter"
	"slices"
)

// Attributes are encoded as name and value in turn, sorted by name, so that
// equal attributes are equal bytes.
type Attributes map[string]string

// DecodeAttributes returns a copy of what is in b.
func DecodeAttributes(b []byte) Attributes {
	a := Attributes{}
	for name, value := range ScanAttributes(b) {
		a[string([]byte(name))] = string([]byte(value))
	}
	return a
}

// Size is what the attributes' bound counts: all names and values, in bytes.
func (a Attributes) Size() int {
	size := 0
	for name, value := range a {
		size += len(name) + len(value)
	}
	return size
}

// Encode returns the attributes as they stand in a session.
func (a Attributes) Encode() []byte {
	var room [8]string // spares most an allocation
	names := room[:0]
	for name := range a {
		names = append(names, name)
	}
	slices.Sort(names)
	b := make([]byte, 0, a.Size()+2*binary.MaxVarintLen16*len(a))
	for _, name := range names {
		b = appendText(appendText(b, name), a[name])
	}
	return b
}

// ScanAttributes yields the pairs in b as views, and stops at the first
// malformed one.
func ScanAttributes(b []byte) iter.Seq2[string, string] {
	return func(yield func(string, string) bool) {
		for len(b) > 0 {
			name, rest, ok := cutText(b)
			if !ok {
				return
			}
			value, rest, ok := cutText(rest)
			if !ok || !yield(name, value) {
				return
			}
			b = rest
		}
	}
}

// FindAttribute returns the value of name in b without building anything.
func FindAttribute(b []byte, name string) (value string, found bool) {
	for {
		n, v, ok := shortPair(b)
		if !ok {
			break
		}
		if string(b[1:n]) == name {
			return view(b[n+1 : v]), true
		}
		b = b[v:]
	}
	for n, v := range ScanAttributes(b) {
		if n == name {
			return v, true
		}
	}
	return "", false
}

// shortPair returns where name and value of b's first pair end, if both are as
// short as most.
func shortPair(b []byte) (name, value int, ok bool) {
	if len(b) == 0 {
		return 0, 0, false
	}
	name = 1 + int(b[0])
	if b[0] >= 0x80 || name >= len(b) {
		return 0, 0, false
	}
	value = name + 1 + int(b[name])
	return name, value, b[name] < 0x80 && value <= len(b)
}

// markLead is the length of a text that is not there: who scans attributes stops
// before it.
const markLead = 1<<14 - 1

// MarkLen is the size of what AppendMark appends.
const MarkLen = 6

// AppendMark puts behind attributes who has written them. Two writers that change
// the same value in clear in the same way would store the same bytes, and neither
// could tell afterwards whether they are its own.
func AppendMark(attrs []byte, writer [MarkLen]byte) []byte {
	return append(binary.AppendUvarint(attrs, markLead), writer[:]...)
}
