package record

import "errors"

const (
	version = 1
	sealed  = 0x80 // in the version byte

	idLen    = 2 // of a key
	nonceLen = 12
	tagLen   = 16

	clearHead  = 1
	idAt       = 1
	nonceAt    = idAt + idLen
	sealedHead = nonceAt + nonceLen

	// Overhead is what sealing adds to a value, in bytes.
	Overhead = sealedHead + tagLen - clearHead
)

var (
	// ErrVersion is about a value that a later release may have written.
	ErrVersion = errors.New("a stored value has a version that this release does not know")
	// ErrNoKey is about a sealed value where no keys are configured.
	ErrNoKey = errors.New("a stored value is sealed, and there are no Keys (WX_KEYS): set those of the other instances")
	// ErrOtherKey is about a value that none of the configured keys has sealed.
	ErrOtherKey = errors.New("a stored value is sealed with a key that is not among Keys (WX_KEYS): put it back at their end; a new key stands at the end, everywhere, before it stands in front")
	// ErrForged is about a sealed value that was written by somebody else, moved
	// from another key, or damaged.
	ErrForged = errors.New("a stored value does not open under its key: it was damaged, moved or forged")
	// ErrClear is about a value in clear where only sealed ones are accepted.
	ErrClear = errors.New("a stored value is in clear, and Keys are set: set AcceptClear (WX_ACCEPT_CLEAR) while they are being introduced")
)

// Value is a value of the store. Where it is sealed, its body stands opened in
// the place of the ciphertext; the nonce stays, so that Keyring.Stored finds the
// bytes of the store again.
type Value []byte

// Body is what the value says.
func (v Value) Body() []byte {
	if v[0]&sealed != 0 {
		return v[sealedHead : len(v)-tagLen]
	}
	return v[clearHead:]
}
