package core

import (
	"context"
	"time"

	"github.com/wxsession/wxsession/core/internal/record"
	"github.com/wxsession/wxsession/core/wxapi"
)

// keyCheckTime is how long WeChat's word on a session_key is kept: a client that
// asks again and again costs one call in that time.
const keyCheckTime = 10 * time.Second

// CheckSessionKey tells by WeChat's word (/wxa/checksession), which may be ten
// seconds old, whether the user's stored session_key is still the valid one.
// CodeSessionKeyExpired if it is not: the client calls wx.login and logs in again
// when it needs one; the session lives on.
//
// wx.checkSession in the mini program asks something else: whether the key of
// its last wx.login is valid, be that one known here or not.
func (m *Manager) CheckSessionKey(ctx context.Context, s *Session) error {
	return m.checkSessionKey(ctx, s, keyCheckTime)
}

// checkSessionKey asks WeChat only if its last answer is older than maxAge. The
// answer is kept with the user, for all sessions and instances.
func (m *Manager) checkSessionKey(ctx context.Context, s *Session, maxAge time.Duration) (err error) {
	ctx, end := m.observe(ctx, OpSessionKey)
	defer func() { end(err) }()
	if !s.made() {
		return errNoSession()
	}
	key := s.userKey()
	done := m.checks.DoChan(key+maxAge.String(), func() (_ any, err error) {
		ctx := context.WithoutCancel(ctx)
		defer m.recoverPanic(ctx, "a check of a session_key panicked", &err)
		return nil, m.askAboutKey(ctx, s, key, maxAge)
	})
	select {
	case <-ctx.Done():
		return errWeChat(ctx.Err())
	case result := <-done:
		return result.Err
	}
}

func (m *Manager) askAboutKey(ctx context.Context, s *Session, key string, maxAge time.Duration) error {
	u, err := m.readUser(ctx, key)
	if err != nil {
		return err
	}
	if len(u.Keys) == 0 {
		return errSessionKey()
	}
	if age := m.now() - u.Asked.At; u.Asked.At != 0 && age < maxAge.Milliseconds() && age >= 0 {
		if u.Asked.Dead {
			return errSessionKey()
		}
		return nil
	}
	appID, openID, _ := s.rec.Owner()
	client, err := m.Client(appID)
	if err != nil {
		return err
	}
	asked := u.Keys[0]
	err = m.upstream(ctx, m.apps[appID], keyCalls, func() error {
		return client.CheckSessionKey(ctx, openID, wxapi.Secret(asked.Key))
	})
	word := record.KeyCheck{At: m.now()}
	if err != nil {
		e := upstreamError(err)
		if e.Code != CodeSessionKeyExpired {
			return e
		}
		word.Dead, err = true, e
	}
	m.keepWord(ctx, key, asked, word)
	return err
}

// keepWord stores what WeChat said of a session_key, unless a login has brought
// it, or another one, meanwhile. Without it WeChat is asked again.
func (m *Manager) keepWord(ctx context.Context, key string, asked record.SessionKey, word record.KeyCheck) {
	_, err := m.editUser(ctx, key, func(u *user) error {
		if len(u.Keys) > 0 && u.Keys[0] == asked {
			u.Asked = word
		}
		return nil
	})
	if err != nil {
		m.log.failure(ctx, "cannot keep what WeChat said of a session_key", err)
	}
}

// ResetSessionKey replaces the user's session_key (/wxa/resetusersessionkey),
// for example after it may have leaked. The old one dies at once, the new one
// expires when the old one would have. WeChat limits how often this may be done.
func (m *Manager) ResetSessionKey(ctx context.Context, s *Session) (err error) {
	ctx, end := m.observe(ctx, OpSessionKey)
	defer func() { end(err) }()
	client, openID, held, err := m.signing(ctx, s)
	if err != nil {
		return err
	}
	fresh, err := client.ResetSessionKey(ctx, openID, held)
	if err != nil {
		return upstreamError(err)
	}
	id := Identity{SessionKey: fresh, answered: m.stamps.next(m.now())}
	// WeChat has changed the key: storing it must not fail because a client left.
	_, err = m.editUser(context.WithoutCancel(ctx), s.userKey(), func(u *user) error {
		u.addKey(id, m.now())
		return nil
	})
	return err
}

// UserEncryptKeys returns the keys that wx.getUserCryptoManager gives the mini
// program for this user; wxapi.DecryptUserCrypto opens what it encrypted.
func (m *Manager) UserEncryptKeys(ctx context.Context, s *Session) (keys []wxapi.UserKey, err error) {
	ctx, end := m.observe(ctx, OpSessionKey)
	defer func() { end(err) }()
	client, openID, held, err := m.signing(ctx, s)
	if err != nil {
		return nil, err
	}
	keys, err = client.UserEncryptKeys(ctx, openID, held)
	if err != nil {
		return nil, upstreamError(err)
	}
	return keys, nil
}

// signing returns what a call that proves the session_key needs.
func (m *Manager) signing(ctx context.Context, s *Session) (client *wxapi.Client, openID string, held wxapi.Secret, err error) {
	keys, err := m.heldKeys(ctx, s)
	if err != nil {
		return nil, "", "", err
	}
	appID, openID, _ := s.rec.Owner()
	client, err = m.Client(appID)
	return client, openID, wxapi.Secret(keys[0].Key), err
}
