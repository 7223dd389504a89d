package redis

// breakers are one for a server that has all keys. Of a cluster, each 64th of the
// slots has its own, as a master has slots that are neighbours: the silence of one
// must neither open the breaker for the others' keys nor take their places.
type breakers []*breaker

const (
	groups = 64
	// With as many places each, all groups together stay below rueidis' queue too.
	maxInGroup = maxInFlight * 3 / 2 / groups
)

func newBreakers(t topology) breakers {
	if t != cluster {
		return breakers{newBreaker(maxInFlight)}
	}
	b := make(breakers, groups+1) // the last is for calls without a key
	for i := range b {
		b[i] = newBreaker(maxInGroup)
	}
	return b
}

// of returns the breaker of a key with its prefix; "" is none.
func (b breakers) of(key string) *breaker {
	if len(b) == 1 || key == "" {
		return b[len(b)-1]
	}
	return b[crc16(key)%allSlots/(allSlots/groups)]
}

func (b breakers) open() bool {
	for _, one := range b {
		if one.open() {
			return true
		}
	}
	return false
}

// busy reports whether more than one call is under way.
func (b breakers) busy() bool {
	calls := 0
	for _, one := range b {
		if calls += len(one.slots); calls > 1 {
			return true
		}
	}
	return false
}

// crc16 is what a cluster's slots go by (XMODEM). No key of ours has braces.
func crc16(key string) (crc uint16) {
	for i := range len(key) {
		for _, nibble := range [2]byte{key[i] >> 4, key[i] & 15} {
			crc = crc<<4 ^ crcOfNibble[byte(crc>>12)^nibble]
		}
	}
	return crc
}

var crcOfNibble = [16]uint16{
	0x0000, 0x1021, 0x2042, 0x3063, 0x4084, 0x50a5, 0x60c6, 0x70e7,
	0x8108, 0x9129, 0xa14a, 0xb16b, 0xc18c, 0xd1ad, 0xe1ce, 0xf1ef,
}
