package core

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"
)

// This file is all that the rig knows of the core's insides: the names and the
// bytes of records, unexported fields, and which of the promises that changed
// this core has made its own. Another core means another version of this file
// (see rig_doc_test.go).

// ruleSet tells which rules the old tests of the rig go by. The tests of the new
// rules (interleave_holders_test.go, interleave_answers_test.go, model_holders_test.go)
// do not ask it.
type ruleSet struct {
	// firstUse: a rotated token's grace period begins with the first use of its
	// successor, and a rotation with it from then on ends the session.
	firstUse bool
	// answerOrder: the ring goes by the order in which WeChat answered, not by
	// that of the index writes.
	answerOrder bool
	// staleVerbs are those by which a near cache may answer.
	staleVerbs []string
}

func coreRules() ruleSet {
	return ruleSet{firstUse: false, answerOrder: false, staleVerbs: []string{"Get", "AppendGet"}}
}

// mayBeStale tells whether a near cache may answer a call.
func (r ruleSet) mayBeStale(verb, key string) bool {
	return strings.HasPrefix(key, sessionPrefix) && slices.Contains(r.staleVerbs, verb)
}

// tokensAtOnce is how many tokens of one session can work at the same time.
const tokensAtOnce = maxRecords

func tokenOfNobody() string { return newToken() }

// usersIndex is what a user record says of the user's sessions.
type usersIndex struct {
	entries []indexEntry
	doomed  []string // keys of the records that have to die and are not known to be dead
}

type indexEntry struct {
	id      string
	records []string // keys of those that may live
}

func (x usersIndex) ids() []string {
	var list []string
	for _, e := range x.entries {
		list = append(list, e.id)
	}
	return list
}

// names tells whether key is named: in the entry of the session, or as doomed.
func (x usersIndex) names(id, key string) bool {
	return slices.Contains(x.doomed, key) || slices.ContainsFunc(x.entries, func(e indexEntry) bool {
		return e.id == id && slices.Contains(e.records, key)
	})
}

// readIndex reads a user record as m would; what is none has no sessions.
func readIndex(_ *Manager, _ string, raw []byte) (x usersIndex) {
	u, err := decodeUser(raw)
	if err != nil {
		return x
	}
	for _, e := range u.entries {
		listed := indexEntry{id: e.id}
		for _, d := range e.records {
			listed.records = append(listed.records, d.key(sessionPrefix))
		}
		x.entries = append(x.entries, listed)
	}
	for _, d := range u.doomed {
		x.doomed = append(x.doomed, d.record.key(sessionPrefix))
	}
	return x
}

// ringOf returns the session_keys that m has for a user, the newest first.
func ringOf(m *Manager, appID, openID string) (ring []string, err error) {
	keys, err := m.sessionKeys(context.Background(), userKey(appID, openID))
	for _, k := range keys {
		ring = append(ring, k.key.Reveal())
	}
	return ring, err
}

// recordLives tells whether raw is a record under key whose token would be
// served at now.
func recordLives(_ *Manager, _ string, raw []byte, now int64) bool {
	rec, err := parseRecord(raw)
	return err == nil && rec.check(now) == nil
}

// expiryOf is when raw, a record under key, dies if nobody uses it; 0 for what is
// no such record.
func expiryOf(_ *Manager, _ string, raw []byte) int64 {
	rec, err := parseRecord(raw)
	if err != nil || rec.state() == revoked {
		return 0
	}
	return rec.expiresAt()
}

// useIsWritten tells whether raw, a live record under key, is renewed by use: it
// has not been rotated away.
func useIsWritten(_ *Manager, _ string, raw []byte) bool {
	rec, err := parseRecord(raw)
	return err == nil && rec.state() == live
}

func isSessionRecord(key string) bool        { return strings.HasPrefix(key, sessionPrefix) }
func indexKeyOf(appID, openID string) string { return userKey(appID, openID) }
func recordKeyOf(s *Session) string          { return s.key.text() }
func maxSessionsOf(m *Manager) int           { return m.cfg.MaxSessions }
func graceOf(m *Manager) time.Duration       { return m.cfg.RotateGrace }
func idleTimeoutOf(m *Manager) time.Duration { return m.cfg.IdleTimeout }
func lifetimeOf(m *Manager) time.Duration    { return m.cfg.Lifetime }
func millisOf(m *Manager) int64              { return m.now() }
func talksTo(m *Manager, s Store) bool       { return m.store == s }

func recordKey(token string) string {
	d := tokenDigest(token)
	return d.key(sessionPrefix)
}

// editable is what a function given to Update, or an OnLogin hook, may do.
type editable interface {
	Attr(name string) string
	SetAttr(name, value string)
}

func edit(ctx context.Context, m *Manager, s *Session, fn func(editable)) error {
	return m.Update(ctx, s, func(s *Session) error {
		fn(s)
		return nil
	})
}

// hook makes a Config.OnLogin of fn; a login that it refuses is LoginDenied.
func hook(fn func(openID string, s editable) (refused bool)) func(context.Context, *Session) error {
	return func(_ context.Context, s *Session) error {
		if fn(s.OpenID, s) {
			return errors.New("not you")
		}
		return nil
	}
}

// keptVerdict tells whether the session_key is valid, by what WeChat has said
// within the last maxAge.
func keptVerdict(ctx context.Context, m *Manager, s *Session, maxAge time.Duration) error {
	return m.RequireSessionKey(ctx, s, maxAge)
}

// provider proves who logs in.
type provider interface {
	Identify(ctx context.Context, r LoginRequest) (Identity, error)
}

// identifyBy sets the provider of the default app, identifyAlsoBy adds an app
// with the same.
func identifyBy(cfg *Config, p provider) { cfg.Source = p }

func identifyAlsoBy(cfg *Config, appID string, p provider) {
	cfg.Apps = append(cfg.Apps, App{AppID: appID, Source: p})
}

func isIdentified(cfg *Config) bool { return cfg.Source != nil }

func giveSecret(cfg *Config, secret string) { cfg.Secret = secret }

// liftLimits lifts the limits that runs in no time would reach. This core has none.
func liftLimits(*Config) {}

// logoutEverywhere is POST /wx/logout?all=1, up to the reply.
func logoutEverywhere(ctx context.Context, m *Manager, token string) error {
	_, err := m.serveLogout(ctx, Request{Query: "all=1", Header: http.Header{"Authorization": {"Bearer " + token}}})
	return err
}

// restarted returns a manager that remembers nothing of the run before, as time
// begins anew in the next one. This core's remember nothing at all.
func restarted(m *Manager, _ func() *Manager) *Manager { return m }
