package core

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"log/slog"
	"strconv"
	"time"

	"github.com/wxsession/wxsession/core/internal/record"
)

// Session is what is known of a logged-in user: a snapshot, which may be read by
// many goroutines. To change what is stored see Manager.Update.
//
// A Session may be kept, and so may its strings. One string keeps the whole Session,
// attributes included, in memory: strings.Clone for many of them. One that a
// middleware found by Manager.Require, Optional or RequireSessionKey keeps that
// request's context too; by RequireHTTP, AuthenticateRequest or Authenticate, nothing
// of a request.
//
// It prints, logs and marshals as its app and public id only: an openid belongs
// in no log, and attributes may not either.
type Session struct {
	AppID   string
	OpenID  string // unique and stable per user and app; case-sensitive
	UnionID string // "" where WeChat gives none
	ID      string // public handle; no credential; survives rotation

	rec  record.Session // nil in a Session that no manager has made
	name record.Name    // of rec
}

// set makes s the view of a record that was read or written.
func (s *Session) set(rec record.Session) {
	s.rec = rec
	s.AppID, s.OpenID, s.UnionID = rec.Owner()
	s.ID = rec.ID()
}

// made reports whether a manager has made s. The methods of Manager go by the
// record, not by the exported fields: those are the application's to change.
func (s *Session) made() bool { return s != nil && s.rec != nil }

// key is the key of s's record.
func (s *Session) key() string { return s.name.Key(record.SessionPrefix) }

// userKey is the key of the user's record.
func (s *Session) userKey() string {
	appID, openID, _ := s.rec.Owner()
	return userKey(appID, openID)
}

func userKey(appID, openID string) string {
	return record.OfUser(appID, openID).Key(record.UserPrefix)
}

// Attr returns the attribute called name, and "" if there is none.
func (s *Session) Attr(name string) string {
	value, _ := s.LookupAttr(name)
	return value
}

// LookupAttr also tells an empty attribute from one that is not there.
func (s *Session) LookupAttr(name string) (value string, found bool) {
	if !s.made() {
		return "", false
	}
	return record.FindAttribute(s.rec.Attrs(), name)
}

// AttrInt returns an attribute as a number, and 0 if it is none or missing: for
// the id that the application's own database gave the user.
func (s *Session) AttrInt(name string) int64 { return parseInt(s.Attr(name)) }

func parseInt(text string) int64 {
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return 0
	}
	return n
}

// Attrs yields all attributes, in no particular order.
func (s *Session) Attrs() iter.Seq2[string, string] {
	if !s.made() {
		return func(func(string, string) bool) {}
	}
	return record.ScanAttributes(s.rec.Attrs())
}

// CreatedAt is the time of the login.
func (s *Session) CreatedAt() time.Time { return s.time(record.Session.Created) }

// LastSeen is the last use that was written down; it lags behind by up to a
// twentieth of the idle timeout.
func (s *Session) LastSeen() time.Time { return s.time(record.Session.LastSeen) }

// ExpiresAt is when the session ends if it is not used until then.
func (s *Session) ExpiresAt() time.Time { return s.time(expiresAt) }

// EndsAt is when the session ends however much it is used. For a token that
// was rotated away it is the end of its grace period.
func (s *Session) EndsAt() time.Time { return s.time(endsAt) }

func (s *Session) time(of func(record.Session) int64) time.Time {
	if !s.made() {
		return time.Time{}
	}
	return time.UnixMilli(of(s.rec))
}

// Format prints app and public id for every verb.
func (s Session) Format(f fmt.State, _ rune) {
	fmt.Fprintf(f, "Session{AppID:%s ID:%s}", s.AppID, s.ID)
}

// LogValue is for slog: app and public id.
func (s Session) LogValue() slog.Value {
	return slog.GroupValue(slog.String("appid", s.AppID), slog.String("id", s.ID))
}

// MarshalJSON writes app and public id. What else a client should see, the
// application sends by name.
func (s Session) MarshalJSON() ([]byte, error) {
	return json.Marshal(shownSession{s.AppID, s.ID})
}

// MarshalYAML writes app and public id; yaml.v2, v3 and goccy/go-yaml ask for it.
func (s Session) MarshalYAML() (any, error) { return shownSession{s.AppID, s.ID}, nil }

// shownSession is what others see of a Session.
type shownSession struct {
	AppID string `json:"appid" yaml:"appid"`
	ID    string `json:"id" yaml:"id"`
}

type sessionKey struct{}

// sessionContext is a context with a session. It points to that: fmt shows what is in
// a context that stands in a printed request, and does not ask Format there.
type sessionContext struct {
	context.Context
	session *Session
}

func (c *sessionContext) Value(key any) any {
	if _, ok := key.(sessionKey); ok {
		return c.session
	}
	return c.Context.Value(key)
}

// Format keeps a context that is printed from showing whose it is.
func (c *sessionContext) Format(f fmt.State, _ rune) {
	fmt.Fprintf(f, "%v.WithSession", c.Context)
}

// FromContext returns the session that a middleware put into ctx, and nil on a
// route without one.
func FromContext(ctx context.Context) *Session {
	s, _ := ctx.Value(sessionKey{}).(*Session)
	return s
}
