package core

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"time"

	"github.com/wxsession/wxsession/core/internal/record"
	"github.com/wxsession/wxsession/core/wxapi"
)

// EncryptedData is data that WeChat encrypted for the mini program, as the client
// passes it on.
type EncryptedData struct {
	Data, IV string // base64; the client calls the first one encryptedData

	// MaxAge refuses what WeChat encrypted longer ago; 0: any age passes.
	MaxAge time.Duration
	// Once refuses data that was decrypted before, on any instance. It needs a
	// MaxAge: what has been seen is remembered as long as it could pass.
	Once bool
}

// DecryptedData is what was inside.
type DecryptedData struct {
	JSON json.RawMessage // an object, with its watermark
	// Previous tells that the data was encrypted under the session_key before
	// the current one, just before a login.
	Previous bool
}

// DecryptData decrypts data of the user's (wx.getUserInfo, wx.getWeRunData, the
// phone number button's old way …). It tries the user's current session_key, then the
// one before, through whichever session of the user it is called, and accepts
// only what names this app in its watermark and, where it names an openId,
// this user.
//
// Every flaw of the data gives the same CodeInvalidSignature. CodeSessionKeyExpired
// means that the store holds no session_key for the user: a new login helps.
func (m *Manager) DecryptData(ctx context.Context, s *Session, e EncryptedData) (found DecryptedData, err error) {
	ctx, end := m.observe(ctx, OpDecrypt)
	defer func() { end(err) }()
	if e.Once && e.MaxAge <= 0 {
		return DecryptedData{}, errBadRequest("EncryptedData.Once needs a MaxAge")
	}
	keys, err := m.heldKeys(ctx, s)
	if err != nil {
		return DecryptedData{}, err
	}
	appID, openID, _ := s.rec.Owner()
	want := wxapi.Watermark{AppID: appID, OpenID: openID, MaxAge: e.MaxAge, Now: m.cfg.Now}
	for i, held := range keys {
		plain, err := wxapi.Decrypt(wxapi.Secret(held.Key), e.Data, e.IV, want)
		if err != nil {
			continue
		}
		if err := m.firstTime(ctx, s, e); err != nil {
			return DecryptedData{}, err
		}
		return DecryptedData{JSON: plain, Previous: i > 0}, nil
	}
	return DecryptedData{}, errInvalidSignature()
}

// Decrypt is DecryptData for most uses: it decodes the JSON inside into v.
func (m *Manager) Decrypt(ctx context.Context, s *Session, encryptedData, iv string, v any) error {
	found, err := m.DecryptData(ctx, s, EncryptedData{Data: encryptedData, IV: iv})
	if err != nil {
		return err
	}
	if json.Unmarshal(found.JSON, v) != nil {
		return errInvalidSignature()
	}
	return nil
}

// VerifySignature checks that rawData, byte for byte as wx.getUserInfo returned
// it, is signed with the user's current session_key or the one before.
// Errors as of DecryptData.
func (m *Manager) VerifySignature(ctx context.Context, s *Session, rawData, signature string) (err error) {
	ctx, end := m.observe(ctx, OpDecrypt)
	defer func() { end(err) }()
	keys, err := m.heldKeys(ctx, s)
	if err != nil {
		return err
	}
	for _, held := range keys {
		if wxapi.VerifySignature(rawData, signature, wxapi.Secret(held.Key)) {
			return nil
		}
	}
	return errInvalidSignature()
}

// heldKeys returns at least one key.
func (m *Manager) heldKeys(ctx context.Context, s *Session) (record.SessionKeys, error) {
	if !s.made() {
		return nil, errNoSession()
	}
	u, err := m.readUser(ctx, s.userKey())
	if err != nil {
		return nil, err
	}
	if len(u.Keys) == 0 {
		return nil, errSessionKey()
	}
	return u.Keys, nil
}

// firstTime remembers data that is good once. The end of its ciphertext
// identifies it: a client may change the iv, the beginning, and how base64 is written.
//
// What it stores is random. Where the store does not say whether it was the first,
// it is looked at again, and must not be taken for what an earlier use has left.
func (m *Manager) firstTime(ctx context.Context, s *Session, e EncryptedData) error {
	if !e.Once {
		return nil
	}
	digest, err := wxapi.CiphertextDigest(e.Data)
	if err != nil {
		return errInvalidSignature()
	}
	appID, openID, _ := s.rec.Owner()
	name := record.OfParts([]byte(appID), []byte(openID), digest[:])
	var mark [8]byte
	rand.Read(mark[:]) // never fails: see crypto/rand
	_, err = m.values.swap(ctx, name.Key(record.SeenPrefix), nil, m.values.ring.New(mark[:]), 2*e.MaxAge+time.Minute)
	switch {
	case errors.Is(err, ErrConflict):
		return errInvalidSignature()
	case err != nil:
		return errStore(err)
	}
	return nil
}
