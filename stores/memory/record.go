package memory

import "encoding/binary"

// record is an entry where it lies in a chunk; the slice goes on beyond its end.
//
//	7 bytes  end, microseconds
//	1 byte   length of the key
//	3 bytes  length of the value
//	         key, value
type record []byte

const (
	headerSize = 11
	maxKey     = 1<<8 - 1
	maxValue   = 1<<24 - 1
	maxEnd     = 1<<56 - 1
)

func recordSize(key string, value []byte) int { return headerSize + len(key) + len(value) }

func (r record) put(key string, value []byte, end int64) {
	binary.LittleEndian.PutUint64(r, uint64(min(end, maxEnd))|uint64(len(key))<<56)
	r[8], r[9], r[10] = byte(len(value)), byte(len(value)>>8), byte(len(value)>>16)
	copy(r[headerSize:], key)
	copy(r[headerSize+len(key):], value)
}

func (r record) end() int64    { return int64(binary.LittleEndian.Uint64(r) & maxEnd) }
func (r record) keyLen() int   { return int(r[7]) }
func (r record) valueLen() int { return int(r[8]) | int(r[9])<<8 | int(r[10])<<16 }
func (r record) size() int     { return headerSize + r.keyLen() + r.valueLen() }

func (r record) hasKey(key string) bool {
	return r.keyLen() == len(key) && string(r[headerSize:headerSize+len(key)]) == key
}

func (r record) value() []byte {
	start := headerSize + r.keyLen()
	return r[start : start+r.valueLen()]
}
