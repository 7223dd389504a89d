package core

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"sync"
	"unicode"
	"unicode/utf8"

	"github.com/wxsession/wxsession/core/wxapi"
)

// LoginRequest is what a client sends to log in. Most need only Code.
type LoginRequest struct {
	Code   string // from wx.login; valid 5 minutes, once
	AppID  string // one of the configured apps; "": the default
	Device string // label for the list of sessions; at most 128 bytes

	// RawData and Signature come from wx.getUserInfo together, as do
	// EncryptedData and IV. Where they are given they must fit the session_key.
	RawData, Signature string
	EncryptedData, IV  string

	// Header is the HTTP request's, for a Source that reads it; may be nil.
	Header Header

	// lenient lets a login pass whose profile does not decrypt.
	lenient bool
}

const (
	maxCode     = 128
	maxDevice   = 128
	maxIdentity = 128 // openid and unionid have 28 characters today, and no promise
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

func (m *Manager) login(ctx context.Context, r LoginRequest) (token string, s *Session, profile []byte, err error) {
	if err := r.validate(); err != nil {
		return "", nil, nil, err
	}
	app, err := m.app(r.AppID)
	if err != nil {
		return "", nil, nil, err
	}
	r.AppID = app.id
	id, err := app.identify(ctx, r)
	if err != nil {
		return "", nil, nil, err
	}
	profile, err = m.verifyProfile(ctx, r, id)
	if err != nil && !(r.lenient && CodeOf(err) == InvalidSignature) {
		return "", nil, nil, err
	}
	token = newToken()
	s = m.newSession(token, m.firstFields(r.AppID, id))
	if err := m.onLogin(ctx, s, profile); err != nil {
		return "", nil, nil, err
	}
	if err := m.start(ctx, s, token, id.SessionKey, r.Device); err != nil {
		return "", nil, nil, err
	}
	s.present(s.face) // the hook may have changed its copy
	return token, s, profile, nil
}

func (r *LoginRequest) validate() error {
	switch {
	case len(r.Code) > maxCode || !codeShaped(r.Code):
		return errBadRequest("code is not one that wx.login returns")
	case (r.RawData == "") != (r.Signature == ""):
		return errBadRequest("rawData and signature belong together")
	case (r.EncryptedData == "") != (r.IV == "") && !r.lenient:
		return errBadRequest("encryptedData and iv belong together")
	case len(r.Device) > maxDevice || !printable(r.Device):
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
	return utf8.ValidString(s) && !slices.ContainsFunc([]rune(s), func(r rune) bool { return !unicode.IsPrint(r) })
}

func (m *Manager) firstFields(appID string, id Identity) fields {
	now := m.now()
	return fields{
		id: newSessionID(), appID: appID, openID: id.OpenID, unionID: id.UnionID, created: now, lastSeen: now,
		idle: m.cfg.IdleTimeout.Milliseconds(), lifetime: m.cfg.Lifetime.Milliseconds(),
	}
}

// newSession makes the session of a token that nobody has yet.
func (m *Manager) newSession(token string, f fields) *Session {
	s := new(Session)
	s.rec = newRecord(f)
	d := tokenDigest(token)
	s.key.put(sessionPrefix, &d)
	if m.local {
		s.present(nil)
	} else {
		s.rec.mask(token)
		s.present(m.faces.of(s.rec, token, &d))
	}
	return s
}

// verifyProfile checks what came with the code. Its session_key is the one that
// WeChat just handed out; but data that the client fetched before wx.login may
// be encrypted with the one before, which the user record still has.
func (m *Manager) verifyProfile(ctx context.Context, r LoginRequest, id Identity) ([]byte, error) {
	if r.Signature == "" && r.EncryptedData == "" {
		return nil, nil
	}
	keys := []wxapi.Secret{id.SessionKey}
	profile, err := r.openProfile(id.OpenID, keys)
	if err == nil {
		return profile, nil
	}
	held, err := m.sessionKeys(ctx, userKey(r.AppID, id.OpenID))
	if err != nil {
		return nil, err
	}
	for _, h := range held {
		keys = append(keys, h.key)
	}
	return r.openProfile(id.OpenID, keys)
}

// openProfile tries the keys in turn.
func (r *LoginRequest) openProfile(openID string, keys []wxapi.Secret) ([]byte, error) {
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

func (m *Manager) onLogin(ctx context.Context, s *Session, profile []byte) error {
	if m.cfg.OnLogin == nil {
		return nil
	}
	s.change().profile = profile
	err := m.cfg.OnLogin(ctx, s)
	if err == nil || CodeOf(err) != "" {
		return err
	}
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return errStore(err) // the application could not decide: try again
	}
	return &Error{Code: LoginDenied, Message: "the application refused the login", cause: err}
}

// start stores the session, then lists it. Until both are done nobody has the
// token, so that a crash in between leaves nothing that could be used.
func (m *Manager) start(ctx context.Context, s *Session, token string, key wxapi.Secret, device string) error {
	raw, err := s.changed() // by a hook
	if err != nil {
		return err
	}
	userKey := s.userKey()
	stored, err := m.createAndRead(ctx, s, raw, userKey)
	if err == nil {
		err = m.list(ctx, s, token, userKey, stored, key, device)
	}
	if err != nil {
		m.discard(ctx, s.key.text())
	}
	return err
}

// createAndRead stores the session as raw, and reads the user's record. Both at
// the same time save a login a round trip; a store of this process answers
// sooner than another goroutine starts.
func (m *Manager) createAndRead(ctx context.Context, s *Session, raw record, userKey string) (storedUser, error) {
	if m.local {
		if err := m.create(ctx, s, raw); err != nil {
			return storedUser{}, err
		}
		return m.readUser(ctx, userKey)
	}
	var (
		stored  storedUser
		errRead error
		reading sync.WaitGroup
	)
	reading.Go(func() { stored, errRead = m.readUser(ctx, userKey) })
	err := m.create(ctx, s, raw)
	reading.Wait()
	return stored, cmp.Or(err, errRead)
}

// create stores a session that is new as raw.
func (m *Manager) create(ctx context.Context, s *Session, raw record) error {
	if err := m.store.Swap(ctx, s.key.text(), nil, raw, raw.ttl(m.now())); err != nil {
		return errStore(err)
	}
	s.rec, s.draft = raw, nil
	return nil
}

// list enters the session in its user's record.
func (m *Manager) list(ctx context.Context, s *Session, token, userKey string, stored storedUser, key wxapi.Secret, device string) error {
	u, err := m.editStored(ctx, userKey, stored, func(u *user) error {
		if err := m.makeRoom(ctx, u); err != nil {
			return err
		}
		m.holdKey(u, userKey, key)
		u.entries = append(u.entries, entry{
			id: s.rec.id(), created: s.rec.created(), ends: s.rec.endsAt(),
			device: device, records: []digest{tokenDigest(token)},
		})
		return nil
	})
	if err != nil {
		return err
	}
	return m.execute(ctx, userKey, u)
}

// makeRoom keeps the index below the cap: what is dead goes first, then the
// oldest sessions.
func (m *Manager) makeRoom(ctx context.Context, u *user) error {
	if len(u.entries) < m.cfg.MaxSessions {
		return nil
	}
	_, dead, err := m.census(ctx, u)
	if err != nil {
		return err
	}
	u.drop(dead)
	for len(u.entries) >= m.cfg.MaxSessions {
		oldest := slices.MinFunc(u.entries, func(a, b entry) int { return int(a.created - b.created) })
		u.doomEntry(oldest.id, byCap)
	}
	return nil
}

// holdKey puts a new session_key into the user's ring.
func (m *Manager) holdKey(u *user, userKey string, key wxapi.Secret) {
	if key == "" {
		return // a Source without session_keys
	}
	if held, changed := m.openKeys(u, userKey).add(key, m.now()); changed {
		u.sealed = m.keys.seal(userKey, held.encode())
		u.verdict = verdict{}
	}
}

// openKeys returns the user's ring. One that no key of ours opens any more
// counts as empty: the next login brings what WeChat gives again.
func (m *Manager) openKeys(u *user, userKey string) sessionKeys {
	if len(u.sealed) == 0 {
		return nil
	}
	plain, err := m.keys.open(userKey, u.sealed)
	if err == nil {
		var keys sessionKeys
		if keys, err = decodeSessionKeys(plain); err == nil {
			return keys
		}
	}
	m.log.Error("cannot read stored session_keys", "error", err)
	return nil
}

// sessionKeys reads the user's ring; it is empty where the store has none.
func (m *Manager) sessionKeys(ctx context.Context, userKey string) (sessionKeys, error) {
	stored, err := m.readUser(ctx, userKey)
	if stored.user == nil || err != nil {
		return nil, err
	}
	return m.openKeys(stored.user, userKey), nil
}
