package core

import (
	"encoding/binary"
	"fmt"
	"iter"
	"maps"
	"slices"
)

// maxAttributes bounds a session's attributes: all names and values together,
// in bytes.
const maxAttributes = 4 << 10

// attributes are encoded as name and value in turn, each with a uvarint
// length, sorted by name, so that equal attributes are equal bytes.
type attributes map[string]string

// scanAttrs yields the pairs in b, and stops at the first malformed one.
func scanAttrs(b []byte) iter.Seq2[string, string] {
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

// findAttr returns the value of name in b without building anything.
func findAttr(b []byte, name string) string {
	for len(b) > 0 {
		n, rest, ok := cutText(b)
		if !ok {
			return ""
		}
		value, rest, ok := cutText(rest)
		if !ok {
			return ""
		}
		if n == name {
			return value
		}
		b = rest
	}
	return ""
}

// cutText splits off one length-prefixed text, as a view.
func cutText(b []byte) (text string, rest []byte, ok bool) {
	if len(b) > 0 && int(b[0]) < min(len(b), 0x80) { // most are short
		n := int(b[0])
		return view(b[1 : 1+n]), b[1+n:], true
	}
	n, used := binary.Uvarint(b)
	if used <= 0 || n > uint64(len(b)-used) {
		return "", nil, false
	}
	end := used + int(n)
	return view(b[used:end]), b[end:], true
}

func appendText(b []byte, s string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(s))), s...)
}

// encode refuses attributes over the bound.
func (a attributes) encode() ([]byte, error) {
	size := 0
	for name, value := range a {
		size += len(name) + len(value)
	}
	if size > maxAttributes {
		return nil, errBadRequest(fmt.Sprintf("attributes take %d bytes, at most %d are kept", size, maxAttributes))
	}
	names := slices.AppendSeq(make([]string, 0, len(a)), maps.Keys(a))
	slices.Sort(names)
	b := make([]byte, 0, size+2*binary.MaxVarintLen16*len(a))
	for _, name := range names {
		b = appendText(appendText(b, name), a[name])
	}
	return b, nil
}
