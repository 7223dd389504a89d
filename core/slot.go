package core

import (
	"context"
	"net/http"
)

// The record of most sessions has room in the memory that its Session is made
// in: 149 bytes, and 179 sealed, and before it 24 of its key, which a store in this
// process does not ask for. The sizes fill size classes of the allocator, 256 to
// 352 bytes. Whoever keeps a Session, or a string of it, keeps all that is here: so
// no request may be.
type (
	namedSlot struct {
		session Session
		buf     [152]byte
	}
	clearSlot struct {
		session Session
		buf     [184]byte
	}
	sealedSlot struct {
		session Session
		buf     [216]byte
	}
	namedContextSlot struct {
		sessionContext
		session Session
		buf     [160]byte
	}
	clearContextSlot struct {
		sessionContext
		session Session
		buf     [192]byte
	}
	sealedContextSlot struct {
		sessionContext
		session Session
		buf     [224]byte
	}
)

// requestSlot is a request and the context that puts a session into it. The session
// lives elsewhere, so that it can outlast them.
type requestSlot struct {
	sessionContext
	request http.Request
}

// newSession returns a session and room for its record, in one allocation.
func (m *Manager) newSession() (*Session, []byte) {
	switch {
	case m.values.named != nil:
		slot := new(namedSlot)
		return &slot.session, slot.buf[:0]
	case m.values.ring.Seals():
		slot := new(sealedSlot)
		return &slot.session, slot.buf[:0]
	}
	slot := new(clearSlot)
	return &slot.session, slot.buf[:0]
}

// newSessionIn is newSession with ctx and the session in a context as well, still in
// one allocation.
func (m *Manager) newSessionIn(ctx context.Context) (*sessionContext, []byte) {
	switch {
	case m.values.named != nil:
		slot := new(namedContextSlot)
		slot.sessionContext = sessionContext{ctx, &slot.session}
		return &slot.sessionContext, slot.buf[:0]
	case m.values.ring.Seals():
		slot := new(sealedContextSlot)
		slot.sessionContext = sessionContext{ctx, &slot.session}
		return &slot.sessionContext, slot.buf[:0]
	}
	slot := new(clearContextSlot)
	slot.sessionContext = sessionContext{ctx, &slot.session}
	return &slot.sessionContext, slot.buf[:0]
}

// attach returns a copy of r with s in its context, as WithContext would, in
// one allocation for both.
func attach(r *http.Request, s *Session) *http.Request {
	slot := new(requestSlot)
	slot.sessionContext = sessionContext{r.Context(), s}
	slot.request = *r.WithContext(&slot.sessionContext)
	return &slot.request
}
