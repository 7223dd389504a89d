package record

// HandOver says which session a ticket belongs to.
type HandOver struct{ AppID, OpenID, ID string }

// Encode returns the body.
func (h HandOver) Encode() []byte {
	return appendShort(appendShort(appendShort(nil, h.AppID), h.OpenID), h.ID)
}

// DecodeHandOver returns a hand-over that shares no memory with b.
func DecodeHandOver(b []byte) (HandOver, error) {
	r := reader{rest: b}
	short := func() string { return string(r.take(int(r.byte()))) }
	h := HandOver{AppID: short(), OpenID: short(), ID: short()}
	if r.bad || len(r.rest) != 0 {
		return HandOver{}, ErrMalformed
	}
	return h, nil
}
