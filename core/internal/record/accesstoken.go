package record

// AccessToken is what the instances share of an app's access token. Times are
// Unix milliseconds.
type AccessToken struct {
	Token   string // secret; "": none
	Expires int64
	// Lease is until when one instance has the task of fetching a new one; 0:
	// nobody has.
	Lease int64
	Given int64 // when WeChat gave it
}

// Encode returns the body.
func (a AccessToken) Encode() []byte {
	b := make([]byte, 0, 3*millisLen+len(a.Token))
	return append(appendMillis(appendMillis(appendMillis(b, a.Expires), a.Lease), a.Given), a.Token...)
}

// DecodeAccessToken returns an access token that shares no memory with b.
func DecodeAccessToken(b []byte) (AccessToken, error) {
	r := reader{rest: b}
	a := AccessToken{Expires: r.millis(), Lease: r.millis(), Given: r.millis()}
	if r.bad {
		return AccessToken{}, ErrMalformed
	}
	a.Token = string(r.rest)
	return a, nil
}
