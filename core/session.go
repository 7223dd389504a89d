package core

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"maps"
	"time"
)

// Session is what is known of a logged-in user. A Session that Authenticate
// or an adapter hands out is a snapshot: reading it is safe for concurrent
// use, and changing it changes nothing that is stored (see Manager.Update).
type Session struct {
	AppID   string `json:"appid"`
	OpenID  string `json:"openid"`            // unique and stable per user and app; case-sensitive
	UnionID string `json:"unionid,omitempty"` // only where WeChat gives one
	ID      string `json:"id"`                // public handle; no credential; survives rotation

	rec   record
	face  *face  // whose session it is, where the record hides it; else nil
	draft *draft // of a session being changed; nil: see rec

	key keyBuffer // of the record, in the store
	// buf holds the record of most sessions, to save an allocation. Its size
	// makes an attached session fill a size class of the allocator (320 bytes).
	buf [155]byte
}

// draft is what the application gets to see or to change before it is stored.
type draft struct {
	attrs   attributes
	profile json.RawMessage
}

// Attr returns the attribute called name, and "" if there is none.
func (s *Session) Attr(name string) string {
	if s.draft != nil {
		return s.draft.attrs[name]
	}
	return findAttr(s.rec.attrs(), name)
}

// Attrs yields all attributes, in no particular order.
func (s *Session) Attrs() iter.Seq2[string, string] {
	if s.draft != nil {
		return maps.All(s.draft.attrs)
	}
	return scanAttrs(s.rec.attrs())
}

// SetAttr sets an attribute. It is stored only where the manager hands out a
// session to be changed: in Config.OnLogin and in the function given to
// Manager.Update. All names and values together may take 4 KiB; beyond it the
// login or update fails with BadRequest and nothing is stored.
func (s *Session) SetAttr(name, value string) {
	s.change().attrs[name] = value
}

// DeleteAttr removes an attribute, under the conditions of SetAttr.
func (s *Session) DeleteAttr(name string) {
	delete(s.change().attrs, name)
}

func (s *Session) change() *draft {
	if s.draft == nil {
		s.draft = &draft{attrs: maps.Collect(scanAttrs(s.rec.attrs()))}
	}
	return s.draft
}

// CreatedAt is the time of the login.
func (s *Session) CreatedAt() time.Time { return time.UnixMilli(s.rec.created()) }

// LastSeen is the last use that was written down; it lags behind by up to a
// twentieth of the idle timeout.
func (s *Session) LastSeen() time.Time { return time.UnixMilli(s.rec.lastSeen()) }

// ExpiresAt is when the session ends if it is not used until then.
func (s *Session) ExpiresAt() time.Time { return time.UnixMilli(s.rec.expiresAt()) }

// EndsAt is when the session ends however much it is used. For a token that
// was rotated away it is the end of its grace period.
func (s *Session) EndsAt() time.Time { return time.UnixMilli(s.rec.endsAt()) }

// Profile is the user info that came encrypted with the login: WeChat's JSON
// (openId, nickName, …), verified to be of this user and app. It is there in
// Config.OnLogin only, and nil if the client sent none. Since 2022 WeChat fills
// it with placeholders ("微信用户"); take names and avatars from the user.
func (s *Session) Profile() json.RawMessage {
	if s.draft == nil {
		return nil
	}
	return s.draft.profile
}

// Format prints app and public id for every verb: attributes may hold what
// belongs in no log, and a record's bytes are noise.
func (s Session) Format(f fmt.State, _ rune) {
	fmt.Fprintf(f, "Session{AppID:%s ID:%s}", s.AppID, s.ID)
}

// load makes s the view of a record that was read or written. Whose session it
// is becomes known by its token, or from another record of the session.
func (s *Session) load(raw []byte) error {
	rec, err := parseRecord(raw)
	if err != nil {
		return err
	}
	s.rec, s.draft = rec, nil
	return nil
}

// present fills in the exported fields. face is nil where the record does not
// hide whose session it is.
func (s *Session) present(f *face) {
	s.face = f
	s.AppID, s.OpenID, s.UnionID = s.owner()
	s.ID = s.rec.id()
}

// changed returns the record with the attributes that were set.
func (s *Session) changed() (record, error) {
	if s.draft == nil {
		return s.rec, nil
	}
	attrs, err := s.draft.attrs.encode()
	if err != nil {
		return nil, err
	}
	return s.rec.withAttrs(attrs), nil
}

// userKey does not go by the exported fields: those are the application's to
// change.
func (s *Session) userKey() string {
	appID, openID, _ := s.owner()
	return userKey(appID, openID)
}

func (s *Session) owner() (appID, openID, unionID string) {
	appID, openID, unionID, _ = s.rec.texts()
	if s.face != nil {
		openID, unionID = s.face.openID, s.face.unionID
	}
	return appID, openID, unionID
}

type sessionKey struct{}

// attached is a session and the context that carries it, in one allocation.
type attached struct {
	context.Context
	session Session
}

func (a *attached) Value(key any) any {
	if _, ok := key.(sessionKey); ok {
		return &a.session
	}
	return a.Context.Value(key)
}

// FromContext returns the session that a middleware put into ctx, and nil on a
// route without one.
func FromContext(ctx context.Context) *Session {
	s, _ := ctx.Value(sessionKey{}).(*Session)
	return s
}
