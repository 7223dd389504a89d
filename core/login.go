package core

import (
	"context"
	"encoding/json"
	"unicode"
	"unicode/utf8"

	"github.com/wxsession/wxsession/core/wxapi"
)

// LoginRequest is what a client sends to log in. Most need only Code. It prints,
// logs and marshals as app and device only.
type LoginRequest struct {
	Code   string // from wx.login; valid 5 minutes, once
	AppID  string // one of the configured apps; "": the default
	Device string // label for the list of sessions; at most 128 bytes

	// RawData and Signature come from wx.getUserInfo together, as do
	// EncryptedData and IV. Where they are given they must fit the session_key.
	RawData, Signature string
	EncryptedData, IV  string

	// Header is the HTTP request's, for an IdentityProvider that reads it, and for
	// Config.OnLogin; may be nil.
	Header Header

	// lenient lets a login pass whose profile does not decrypt.
	lenient bool
}

const (
	maxCode   = 128
	maxDevice = 128
)

// Login exchanges the code, runs Config.OnLogin and starts a session. The
// token is the only time that the 3rd_session is seen; the store gets its hash.
//
// When it fails, no token was handed out, nothing was stored that anybody could
// use, and the code may be consumed: the client calls wx.login again. Logins
// with one code at the same time cost one call to WeChat.
func (m *Manager) Login(ctx context.Context, r LoginRequest) (token string, s *Session, err error) {
	token, s, _, err = m.login(ctx, r)
	return token, s, err
}

// login also returns the verified profile.
func (m *Manager) login(ctx context.Context, r LoginRequest) (token string, s *Session, profile json.RawMessage, err error) {
	ctx, end := m.observe(ctx, OpLogin)
	defer func() { end(err) }()
	if err := r.validate(); err != nil {
		return "", nil, nil, err
	}
	app, err := m.app(r.AppID)
	if err != nil {
		return "", nil, nil, err
	}
	r.AppID = app.id
	id, err := m.identify(ctx, app, r)
	if err != nil {
		return "", nil, nil, err
	}
	profile, err = m.verifyProfile(ctx, r, id)
	if err != nil && !(r.lenient && CodeOf(err) == CodeInvalidSignature) {
		return "", nil, nil, err
	}
	token, s, err = m.issue(ctx, issuance{app: app, id: id, device: r.Device, profile: profile, header: r.Header})
	return token, s, profile, err
}

func (r *LoginRequest) validate() error {
	switch {
	case len(r.Code) > maxCode || !codeShaped(r.Code):
		return errBadRequest("code is not one that wx.login returns")
	case (r.RawData == "") != (r.Signature == ""):
		return errBadRequest("rawData and signature belong together")
	case (r.EncryptedData == "") != (r.IV == "") && !r.lenient:
		return errBadRequest("encryptedData and iv belong together")
	}
	return validateDevice(r.Device)
}

func validateDevice(label string) error {
	if len(label) > maxDevice || !printable(label) {
		return errBadRequest("device must be at most 128 bytes of printable text")
	}
	return nil
}

// codeShaped lets spaces pass: DevTools without an appid sends "the code is a
// mock one", and WeChat's answer to it is the best explanation.
func codeShaped(code string) bool {
	for _, c := range code {
		if c != ' ' && !urlSafe(c) {
			return false
		}
	}
	return true
}

func printable(s string) bool {
	for _, r := range s {
		if !unicode.IsPrint(r) {
			return false
		}
	}
	return utf8.ValidString(s)
}

// verifyProfile checks what came with the code. Its session_key is the one that
// WeChat just handed out; but data that the client fetched before wx.login may
// be encrypted with the one before, which the user record still has.
func (m *Manager) verifyProfile(ctx context.Context, r LoginRequest, id Identity) (json.RawMessage, error) {
	if r.Signature == "" && r.EncryptedData == "" {
		return nil, nil
	}
	keys := []wxapi.Secret{id.SessionKey}
	profile, err := r.openProfile(id.OpenID, keys)
	if err == nil {
		return profile, nil
	}
	u, err := m.readUser(ctx, userKey(r.AppID, id.OpenID))
	if err != nil {
		return nil, err
	}
	for _, held := range u.Keys {
		keys = append(keys, wxapi.Secret(held.Key))
	}
	return r.openProfile(id.OpenID, keys)
}

// openProfile tries the keys in turn.
func (r *LoginRequest) openProfile(openID string, keys []wxapi.Secret) (json.RawMessage, error) {
	for _, key := range keys {
		if r.Signature != "" && !wxapi.VerifySignature(r.RawData, r.Signature, key) {
			continue
		}
		if r.EncryptedData == "" {
			return nil, nil
		}
		plain, err := wxapi.Decrypt(key, r.EncryptedData, r.IV, wxapi.Watermark{AppID: r.AppID, OpenID: openID})
		if err == nil {
			return plain, nil
		}
	}
	return nil, errInvalidSignature()
}
