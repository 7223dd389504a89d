package memory

import (
	"encoding/binary"

	"github.com/wxsession/wxsession/core"
)

// record is an entry as bytes, in a buffer of its reader or writer:
//
//	8 bytes  end, ticks; length of the value; kind of the key (39, 20 and 5 bits)
//	8 bytes  length of the key, where that is a text
//	         the key: a name, or a text and zeros up to a whole word
//	         the value
type record []byte

const (
	maxKey   = 1<<8 - 1
	maxValue = 1<<20 - 1
	maxEnd   = 1<<39 - 1

	valueShift = 39
	kindShift  = 59
)

// head is the first word of a record.
type head uint64

func newHead(end int64, valueLen int, kind uint64) head {
	return head(min(end, maxEnd)) | head(valueLen)<<valueShift | head(kind)<<kindShift
}

func (h head) end() int64    { return int64(h & maxEnd) }
func (h head) valueLen() int { return int(h >> valueShift & maxValue) }
func (h head) kind() uint64  { return uint64(h >> kindShift) }

// keyOffset is where the key begins in a record with a key of that kind.
func keyOffset(kind uint64) int {
	if kind == isText {
		return 2 * wordSize
	}
	return wordSize
}

// valueOffset is where the value begins in a record with that key.
func valueOffset(kind uint64, keyLen int) int {
	return keyOffset(kind) + (keyLen+wordSize-1)/wordSize*wordSize
}

func (k storedKey) valueOffset() int { return valueOffset(k.kind, len(k.text)) }

// newRecord uses buf if the record fits.
func newRecord(buf []byte, key storedKey, value []byte, end int64) record {
	at := key.valueOffset()
	size := at + len(value)
	if size > len(buf) {
		buf = make([]byte, size)
	}
	r := record(buf[:size])
	binary.LittleEndian.PutUint64(r, uint64(newHead(end, len(value), key.kind)))
	if key.kind == isText {
		binary.LittleEndian.PutUint64(r[wordSize:], uint64(len(key.text)))
	}
	from := keyOffset(key.kind)
	clear(r[from+copy(r[from:at], key.text) : at])
	copy(r[at:], value)
	return r
}

func (r record) head() head { return head(binary.LittleEndian.Uint64(r)) }
func (r record) end() int64 { return r.head().end() }

func (r record) keyLen() int {
	if r.head().kind() == isText {
		return int(binary.LittleEndian.Uint64(r[wordSize:]) & maxKey)
	}
	return nameLen
}

// key shares r's memory.
func (r record) key() storedKey {
	kind := r.head().kind()
	from := keyOffset(kind)
	return storedKey{text: viewOf(r[from : from+r.keyLen()]), kind: kind}
}

func (r record) valueOffset() int { return valueOffset(r.head().kind(), r.keyLen()) }
func (r record) size() int        { return r.valueOffset() + r.head().valueLen() }

func (r record) hasKey(key storedKey) bool { return r.key() == key }

func (r record) value() []byte { return r[r.valueOffset():r.size()] }

// appendLive appends the value, unless there is no record or it has expired.
func (r record) appendLive(dst []byte, now int64) ([]byte, error) {
	if r == nil || r.end() <= now {
		return nil, core.ErrNotFound
	}
	return append(dst, r.value()...), nil
}
