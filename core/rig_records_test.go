package core

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/wxsession/wxsession/core/internal/record"
)

// This file is all that the rig knows of the core's insides: the names and the
// bytes of records, unexported fields, and which of the promises that changed
// this core has made its own. Another core means another version of this file
// (see rig_doc_test.go).

// The codes that the rig goes by.
const (
	AppUnavailable    = CodeAppUnavailable
	BadRequest        = CodeBadRequest
	NotFound          = CodeNotFound
	LoginDenied       = CodeLoginDenied
	RateLimited       = CodeRateLimited
	NoSession         = CodeNoSession
	InvalidSession    = CodeInvalidSession
	SessionRevoked    = CodeSessionRevoked
	SessionKeyExpired = CodeSessionKeyExpired
	InvalidTicket     = CodeInvalidTicket
	StoreUnavailable  = CodeStoreUnavailable
)

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
	return ruleSet{firstUse: true, answerOrder: true, staleVerbs: []string{"AppendGet"}}
}

// mayBeStale tells whether a near cache may answer a call.
func (r ruleSet) mayBeStale(verb, key string) bool {
	return isSessionRecord(key) && slices.Contains(r.staleVerbs, verb)
}

// tokensAtOnce is how many tokens of one session can work at the same time.
const tokensAtOnce = maxSuccessors

func tokenOfNobody() string { return newToken() }

// usersIndex is what a user record says of the user's sessions.
type usersIndex struct {
	epoch   uint64 // another after each log-out everywhere
	entries []indexEntry
	doomed  []string // keys of the records that have to die and are not known to be dead
}

type indexEntry struct {
	id      string
	records []string // keys of those that may live
	tickets []string // keys of those that may be redeemed
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

// holds tells whether a session has the ticket.
func (x usersIndex) holds(ticket string) bool {
	key := record.OfToken(ticket).Key(record.TicketPrefix)
	return slices.ContainsFunc(x.entries, func(e indexEntry) bool { return slices.Contains(e.tickets, key) })
}

func openUser(m *Manager, key string, raw []byte) *record.User {
	value, err := m.values.ring.Open(key, slices.Clone(raw))
	if err != nil {
		return new(record.User)
	}
	u, err := record.DecodeUser(value.Body())
	if err != nil {
		return new(record.User)
	}
	return u
}

// readIndex reads a user record as m would; what is none has no sessions.
func readIndex(m *Manager, key string, raw []byte) (x usersIndex) {
	u := openUser(m, key, raw)
	x.epoch = u.Epoch
	for _, e := range u.Entries {
		listed := indexEntry{id: e.ID}
		for _, r := range e.Records {
			listed.records = append(listed.records, r.Name.Key(record.SessionPrefix))
		}
		for _, ticket := range e.Tickets {
			listed.tickets = append(listed.tickets, ticket.Name.Key(record.TicketPrefix))
		}
		x.entries = append(x.entries, listed)
	}
	for _, p := range u.Pending {
		x.doomed = append(x.doomed, p.Record.Key(record.SessionPrefix))
	}
	return x
}

// ringOf returns the session_keys that m has for a user, the newest first.
func ringOf(m *Manager, appID, openID string) (ring []string, err error) {
	u, err := m.readUser(context.Background(), indexKeyOf(appID, openID))
	if err != nil {
		return nil, err
	}
	for _, k := range u.Keys {
		ring = append(ring, k.Key)
	}
	return ring, nil
}

func openSession(m *Manager, key string, raw []byte) record.Session {
	value, err := m.values.ring.Open(key, slices.Clone(raw))
	if err != nil {
		return nil
	}
	rec, err := record.ParseSession(value)
	if err != nil {
		return nil
	}
	return rec
}

// recordLives tells whether raw is a record under key whose token would be
// served at now.
func recordLives(m *Manager, key string, raw []byte, now int64) bool {
	rec := openSession(m, key, raw)
	return rec != nil && check(rec, now) == nil
}

// expiryOf is when raw, a record under key, dies if nobody uses it; 0 for what is
// no such record.
func expiryOf(m *Manager, key string, raw []byte) int64 {
	rec := openSession(m, key, raw)
	if rec == nil || rec.State() == record.Revoked {
		return 0
	}
	return expiresAt(rec)
}

// useIsWritten tells whether raw, a live record under key, is renewed by use: it
// has not been rotated away.
func useIsWritten(m *Manager, key string, raw []byte) bool {
	rec := openSession(m, key, raw)
	return rec != nil && rec.State() != record.Rotated
}

func isSessionRecord(key string) bool        { return strings.HasPrefix(key, record.SessionPrefix) }
func indexKeyOf(appID, openID string) string { return userKey(appID, openID) }
func recordKeyOf(s *Session) string          { return s.key() }
func maxSessionsOf(m *Manager) int           { return m.cfg.MaxSessions }
func graceOf(m *Manager) time.Duration       { return m.cfg.RotateGrace }
func idleTimeoutOf(m *Manager) time.Duration { return m.cfg.IdleTimeout }
func lifetimeOf(m *Manager) time.Duration    { return m.cfg.Lifetime }
func millisOf(m *Manager) int64              { return m.now() }
func seals(m *Manager) bool                  { return m.values.ring.Seals() }

func recordKey(token string) string { return record.OfToken(token).Key(record.SessionPrefix) }

// editable is what a function given to Update, or an OnLogin hook, may do.
type editable interface {
	Attr(name string) string
	SetAttr(name, value string)
}

func edit(ctx context.Context, m *Manager, s *Session, fn func(editable)) error {
	return m.Update(ctx, s, func(d *Draft) error {
		fn(d)
		return nil
	})
}

// hook makes a Config.OnLogin of fn; a login that it refuses is LoginDenied.
func hook(fn func(openID string, s editable) (refused bool)) func(context.Context, *Draft) error {
	return func(_ context.Context, d *Draft) error {
		if fn(d.OpenID, d) {
			return Deny("not you")
		}
		return nil
	}
}

// keptVerdict tells whether the session_key is valid, by what WeChat has said
// within the last maxAge.
func keptVerdict(ctx context.Context, m *Manager, s *Session, maxAge time.Duration) error {
	return m.checkSessionKey(ctx, s, maxAge)
}

// provider proves who logs in.
type provider interface {
	Identify(ctx context.Context, r LoginRequest) (Identity, error)
}

// identifyBy sets the provider of the default app, identifyAlsoBy adds an app
// with the same.
func identifyBy(cfg *Config, p provider) { cfg.IdentityProvider = p }

func identifyAlsoBy(cfg *Config, appID string, p provider) {
	cfg.Apps = append(cfg.Apps, App{AppID: appID, IdentityProvider: p})
}

func isIdentified(cfg *Config) bool { return cfg.IdentityProvider != nil }

func giveSecret(cfg *Config, secret string) { cfg.Secret = NewSecret(secret) }

// liftLimits lifts the limits that runs in no time would reach.
func liftLimits(cfg *Config) { cfg.LimitUser, cfg.LimitAddress = Rate{N: -1}, Rate{N: -1} }

// logoutEverywhere is POST /wx/logout?all=1, up to the reply.
func logoutEverywhere(ctx context.Context, m *Manager, token string) error {
	_, err := m.serveLogout(ctx, Request{Query: "all=1", Header: http.Header{"Authorization": {"Bearer " + token}}})
	return err
}

// restarted returns a manager that remembers nothing of the run before, as time
// begins anew in the next one. To make another one would take too long.
func restarted(m *Manager, _ func() *Manager) *Manager {
	m.stamps.last.Store(0)
	for _, a := range m.apps {
		a.breakers = [callKinds]breaker{}
	}
	return m
}
