package memory

import (
	"encoding/binary"

	"github.com/wxsession/wxsession/core"
)

// record is an entry as bytes, in a buffer of its reader or writer:
//
//	7 bytes  end, microseconds
//	1 byte   length of the key's text
//	3 bytes  length of the value
//	5 bytes  kind of the key
//	         the key's text
//	         zeros, so that the value begins with a word; none for names
//	         value
type record []byte

const (
	headerSize = 2 * wordSize // the key begins with a word, too
	maxKey     = 1<<8 - 1
	maxValue   = 1<<24 - 1
	maxEnd     = 1<<56 - 1
	kindShift  = 24
)

// valueOffset is where the value begins in a record with a key of that length.
func valueOffset(keyLen int) int {
	return headerSize + (keyLen+wordSize-1)/wordSize*wordSize
}

// newRecord uses buf if the record fits.
func newRecord(buf []byte, key storedKey, value []byte, end int64) record {
	at := valueOffset(len(key.text))
	size := at + len(value)
	if size > len(buf) {
		buf = make([]byte, size)
	}
	r := record(buf[:size])
	binary.LittleEndian.PutUint64(r, uint64(min(end, maxEnd))|uint64(len(key.text))<<56)
	binary.LittleEndian.PutUint64(r[wordSize:], uint64(len(value))|key.kind<<kindShift)
	clear(r[headerSize+copy(r[headerSize:], key.text) : at])
	copy(r[at:], value)
	return r
}

func (r record) end() int64    { return int64(binary.LittleEndian.Uint64(r) & maxEnd) }
func (r record) keyLen() int   { return int(r[7]) }
func (r record) valueLen() int { return int(binary.LittleEndian.Uint64(r[wordSize:]) & maxValue) }
func (r record) kind() uint64  { return binary.LittleEndian.Uint64(r[wordSize:]) >> kindShift }
func (r record) size() int     { return valueOffset(r.keyLen()) + r.valueLen() }

func (r record) hasKey(key storedKey) bool {
	return r.keyLen() == len(key.text) && r.kind() == key.kind && string(r[headerSize:headerSize+len(key.text)]) == key.text
}

func (r record) value() []byte { return r[valueOffset(r.keyLen()):r.size()] }

// appendLive appends the value, unless there is no record or it has expired.
func (r record) appendLive(dst []byte, now int64) ([]byte, error) {
	if r == nil || r.end() <= now {
		return nil, core.ErrNotFound
	}
	return append(dst, r.value()...), nil
}
