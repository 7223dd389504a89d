package core

import (
	"context"
	"time"

	"github.com/wxsession/wxsession/core/wxapi"
)

// API returns the client of WeChat's server API for one of the configured apps
// ("" is the default one), with the access token that all instances share, for
// the calls that need no session: PaidUnionID, PluginOpenPID, CheckEncryptedMsg.
func (m *Manager) API(appID string) (*wxapi.Client, error) {
	a, err := m.app(appID)
	if err != nil {
		return nil, err
	}
	if a.api == nil {
		return nil, &Error{Code: Misconfigured, Message: "this app has no Secret to call WeChat's API with"}
	}
	return a.api, nil
}

// CheckSessionKey asks WeChat (/wxa/checksession) whether the user's stored
// session_key is still the valid one. SessionKeyExpired if it is not: the
// client calls wx.login and logs in again when it needs one; the session lives
// on. The answer is kept for RequireSessionKey.
//
// wx.checkSession in the mini program asks something else: whether the key of
// its last wx.login is valid, be that one known here or not.
func (m *Manager) CheckSessionKey(ctx context.Context, s *Session) error {
	return m.RequireSessionKey(ctx, s, 0)
}

// RequireSessionKey is CheckSessionKey for every request of a route: it asks
// WeChat only if its last answer is older than maxAge. The answer is kept with
// the user, for all sessions and instances.
func (m *Manager) RequireSessionKey(ctx context.Context, s *Session, maxAge time.Duration) error {
	key := s.userKey()
	_, err, _ := m.checks.Do(key+maxAge.String(), func() (any, error) {
		return nil, m.requireSessionKey(context.WithoutCancel(ctx), s, key, maxAge)
	})
	return err
}

func (m *Manager) requireSessionKey(ctx context.Context, s *Session, key string, maxAge time.Duration) error {
	stored, err := m.readUser(ctx, key)
	if err != nil {
		return err
	}
	u := stored.user
	if u == nil || len(u.sealed) == 0 {
		return errSessionKey()
	}
	if v := u.verdict; v.at != 0 && m.now() < v.at+maxAge.Milliseconds() {
		if v.dead {
			return errSessionKey()
		}
		return nil
	}
	verdict, err := m.askWeChat(ctx, s, u)
	if verdict.at != 0 {
		m.keepVerdict(ctx, key, u.sealed, verdict)
	}
	return err
}

// askWeChat returns a zero verdict where WeChat gave none.
func (m *Manager) askWeChat(ctx context.Context, s *Session, u *user) (verdict, error) {
	api, err := m.API(s.AppID)
	if err != nil {
		return verdict{}, err
	}
	held := m.openKeys(u, s.userKey())
	if len(held) == 0 {
		return verdict{}, errSessionKey()
	}
	err = api.CheckSessionKey(ctx, s.OpenID, held[0].key)
	if err == nil {
		return verdict{at: m.now()}, nil
	}
	e := sourceError(err)
	if e.Code == SessionKeyExpired {
		return verdict{at: m.now(), dead: true}, e
	}
	return verdict{}, e
}

// keepVerdict stores what WeChat said of the keys in sealed, unless a login has
// brought another one meanwhile. Without it WeChat is asked again.
func (m *Manager) keepVerdict(ctx context.Context, key string, sealed []byte, v verdict) {
	_, err := m.editUser(ctx, key, func(u *user) error {
		if string(u.sealed) == string(sealed) {
			u.verdict = v
		}
		return nil
	})
	if err != nil {
		m.log.WarnContext(ctx, "cannot keep the state of a session_key", "error", err)
	}
}

// ResetSessionKey replaces the user's session_key (/wxa/resetusersessionkey),
// for example after it may have leaked. The old one dies at once, the new one
// expires when the old one would have. WeChat limits how often this may be done.
func (m *Manager) ResetSessionKey(ctx context.Context, s *Session) error {
	api, held, err := m.signing(ctx, s)
	if err != nil {
		return err
	}
	fresh, err := api.ResetSessionKey(ctx, s.OpenID, held)
	if err != nil {
		return sourceError(err)
	}
	key := s.userKey()
	// WeChat has changed the key: storing it must not fail because a client left.
	_, err = m.editUser(context.WithoutCancel(ctx), key, func(u *user) error {
		m.holdKey(u, key, fresh)
		return nil
	})
	return err
}

// UserEncryptKeys returns the keys that wx.getUserCryptoManager gives the mini
// program for this user; wxapi.DecryptUserCrypto opens what it encrypted.
func (m *Manager) UserEncryptKeys(ctx context.Context, s *Session) ([]wxapi.UserKey, error) {
	api, held, err := m.signing(ctx, s)
	if err != nil {
		return nil, err
	}
	keys, err := api.UserEncryptKeys(ctx, s.OpenID, held)
	if err != nil {
		return nil, sourceError(err)
	}
	return keys, nil
}

// signing returns what a call that proves the session_key needs.
func (m *Manager) signing(ctx context.Context, s *Session) (*wxapi.Client, wxapi.Secret, error) {
	api, err := m.API(s.AppID)
	if err != nil {
		return nil, "", err
	}
	keys, err := m.heldKeys(ctx, s)
	if err != nil {
		return nil, "", err
	}
	return api, keys[0].key, nil
}

// PhoneNumber exchanges the code of the getPhoneNumber button (not that of
// wx.login) for the phone number. Errors as of Login.
func (m *Manager) PhoneNumber(ctx context.Context, appID, code string) (wxapi.Phone, error) {
	return m.phoneNumber(ctx, appID, "", code)
}

// phoneNumber lets WeChat check that the code is openID's, if that is not "".
func (m *Manager) phoneNumber(ctx context.Context, appID, openID, code string) (wxapi.Phone, error) {
	if code == "" || len(code) > maxCode || !codeShaped(code) {
		return wxapi.Phone{}, errBadRequest("code is not one that the getPhoneNumber button returns")
	}
	api, err := m.API(appID)
	if err != nil {
		return wxapi.Phone{}, err
	}
	phone, err := api.PhoneNumber(ctx, code, openID)
	if err == nil {
		return phone, nil
	}
	e := sourceError(err)
	if e.ErrCode == errcodeOpenID && openID != "" {
		e.Code, e.RetryAfter = InvalidCode, 0
	}
	if e.Code == InvalidCode {
		e.Message = "the code is not this user's, or has expired: the user has to tap the getPhoneNumber button again"
	}
	return wxapi.Phone{}, e
}
