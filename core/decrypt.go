package core

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"time"

	"github.com/wxsession/wxsession/core/wxapi"
)

// Sealed is data that WeChat encrypted for the mini program, as the client
// passes it on.
type Sealed struct {
	EncryptedData, IV string

	// MaxAge refuses what WeChat encrypted longer ago; 0: any age passes.
	MaxAge time.Duration
	// Once refuses data that was opened before, on any instance. It needs a
	// MaxAge: what has been seen is remembered as long as it could pass.
	Once bool
}

// Opened is what was inside.
type Opened struct {
	JSON json.RawMessage // an object, with its watermark
	// Previous tells that the data was encrypted under the session_key before
	// the current one, just before a login.
	Previous bool
}

// Open decrypts data of the user's (wx.getUserInfo, wx.getWeRunData, the phone
// number button's old way …). It tries the user's current session_key, then the
// one before, through whichever session of the user it is called, and accepts
// only what names this app in its watermark and, where it names an openId,
// this user.
//
// Every flaw of the data gives the same InvalidSignature. SessionKeyExpired
// means that the store holds no session_key for the user: a new login helps.
func (m *Manager) Open(ctx context.Context, s *Session, sealed Sealed) (Opened, error) {
	if sealed.Once && sealed.MaxAge <= 0 {
		return Opened{}, errBadRequest("Sealed.Once needs a MaxAge")
	}
	keys, err := m.heldKeys(ctx, s)
	if err != nil {
		return Opened{}, err
	}
	want := wxapi.Watermark{AppID: s.AppID, OpenID: s.OpenID, MaxAge: sealed.MaxAge, Now: m.cfg.Now}
	for i, held := range keys {
		plain, err := wxapi.Decrypt(held.key, sealed.EncryptedData, sealed.IV, want)
		if err == nil {
			return Opened{JSON: plain, Previous: i > 0}, m.firstTime(ctx, s, sealed, plain)
		}
	}
	return Opened{}, errInvalidSignature()
}

// Decrypt is Open for most uses: it decodes the JSON inside into v.
func (m *Manager) Decrypt(ctx context.Context, s *Session, encryptedData, iv string, v any) error {
	opened, err := m.Open(ctx, s, Sealed{EncryptedData: encryptedData, IV: iv})
	if err != nil {
		return err
	}
	if json.Unmarshal(opened.JSON, v) != nil {
		return errInvalidSignature()
	}
	return nil
}

// VerifySignature checks that rawData, byte for byte as wx.getUserInfo returned
// it, is signed with the user's current session_key or the one before.
// Errors as of Open.
func (m *Manager) VerifySignature(ctx context.Context, s *Session, rawData, signature string) error {
	keys, err := m.heldKeys(ctx, s)
	if err != nil {
		return err
	}
	for _, held := range keys {
		if wxapi.VerifySignature(rawData, signature, held.key) {
			return nil
		}
	}
	return errInvalidSignature()
}

// heldKeys returns at least one key.
func (m *Manager) heldKeys(ctx context.Context, s *Session) (sessionKeys, error) {
	keys, err := m.sessionKeys(ctx, s.userKey())
	if err == nil && len(keys) == 0 {
		err = errSessionKey()
	}
	return keys, err
}

const seenPrefix = "d:"

// firstTime remembers data that is good once. The plain text identifies it: a
// changed iv or a re-encoded ciphertext with the same content is a replay too.
func (m *Manager) firstTime(ctx context.Context, s *Session, sealed Sealed, plain []byte) error {
	if !sealed.Once {
		return nil
	}
	d := digest(sha256.Sum256(append([]byte(s.userKey()), plain...)))
	err := m.store.Swap(ctx, d.key(seenPrefix), nil, []byte{recordVersion}, 2*sealed.MaxAge+time.Minute)
	switch {
	case errors.Is(err, ErrConflict):
		return errInvalidSignature()
	case err != nil:
		return errStore(err)
	}
	return nil
}
