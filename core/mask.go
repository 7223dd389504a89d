package core

import "crypto/sha256"

// Outside this process nobody needs to know whose session a record is: openid
// and unionid are hidden in it under a keystream that only the token gives, and
// the store knows no token. Whoever ends, lists or renews sessions without their
// tokens goes by the record's other fields. In a store of this process it would
// protect nothing, so there the texts stay as they are.
//
// One keystream never hides two texts, as a token has one user. See faces for
// the way back.
const masked = 0x80 // in the state byte

func (r record) isMasked() bool { return r[offState]&masked != 0 }

// mask hides openid and unionid of a record that nobody else has seen.
func (r record) mask(token string) {
	at := offStrings + 1 + int(r[offStrings]) // behind the appid
	openID := r[at+1 : at+1+int(r[at])]
	at += 1 + len(openID)
	unionID := r[at+1 : at+1+int(r[at])]
	xorStream(token, openID, unionID)
	r[offState] |= masked
}

// xorStream goes over the texts with SHA-256(token, 0), SHA-256(token, 1) ….
func xorStream(token string, texts ...[]byte) {
	var input [tokenLen + 1]byte
	copy(input[:], token)
	var stream digest
	used := len(stream)
	for _, text := range texts {
		for i := range text {
			if used == len(stream) {
				stream, used = sha256.Sum256(input[:]), 0
				input[tokenLen]++
			}
			text[i] ^= stream[used]
			used++
		}
	}
}
