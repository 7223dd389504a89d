package core

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"golang.org/x/sync/singleflight"

	"github.com/wxsession/wxsession/core/wxapi"
)

// Manager issues sessions and answers for them. It holds no session itself:
// any number of processes may work on one store. Its methods are safe for
// concurrent use, and their errors are *Error except where said otherwise.
type Manager struct {
	cfg   Config // without its secrets: whoever prints a Manager prints this too
	store Store
	get   AppendGetter // the store, too
	keys  keyring
	apps  map[string]*app
	first *app // the default
	log   *slog.Logger
	clock clock
	local bool // the store's values do not leave this process

	checks singleflight.Group // of session_keys, by user
	faces  *faces             // nil: nothing is hidden
}

// app is a configured mini program.
type app struct {
	id     string
	source Source
	api    *wxapi.Client // nil: no secret
}

// New checks cfg and returns a Manager that keeps its sessions in store. It
// talks to nobody: a store or a WeChat that is down shows in the requests.
func New(cfg Config, store Store) (*Manager, error) {
	cfg, err := cfg.withDefaults()
	if err == nil && store == nil {
		err = errors.New("no store: pass what stores.Open returns")
	}
	var keys keyring
	if err == nil {
		keys, err = newKeyring(cfg.Keys)
	}
	if err != nil {
		return nil, fmt.Errorf("cannot use this configuration: %w", err)
	}
	m := &Manager{cfg: cfg, store: store, get: asAppendGetter(store), keys: keys, apps: map[string]*app{}, log: cfg.Logger}
	m.clock.set = cfg.Now
	if err := m.addApps(); err != nil {
		return nil, fmt.Errorf("cannot use this configuration: %w", err)
	}
	m.cfg = cfg.hidden()
	if in, ok := storeAs[InProcess](store); ok {
		m.local = in.InProcess()
	}
	if !m.local {
		m.faces = new(faces)
	}
	if len(keys) == 0 && !m.local {
		m.log.Warn("session_keys are stored in clear: set Keys (WX_KEYS) to encrypt them, for example to the output of `openssl rand -base64 32`")
	}
	return m, nil
}

func (m *Manager) addApps() error {
	for _, a := range m.cfg.apps() {
		app, err := m.newApp(a)
		if err != nil {
			return err
		}
		m.apps[a.AppID] = app
		if m.first == nil {
			m.first = app
		}
	}
	return nil
}

func (m *Manager) newApp(a App) (*app, error) {
	app := &app{id: a.AppID, source: a.Source}
	if a.Secret != "" {
		tokens := m.newTokenSource(a.AppID)
		api, err := m.cfg.newClient(a, tokens)
		if err != nil {
			return nil, err
		}
		app.api, tokens.api = api, api
	}
	if app.source == nil {
		app.source = newCodeSource(app.api)
	}
	return app, nil
}

// Ping reports whether the store answers, for health checks.
func (m *Manager) Ping(ctx context.Context) error {
	var err error
	if p, ok := storeAs[Pinger](m.store); ok {
		err = p.Ping(ctx)
	} else if _, err = m.store.Get(ctx, sessionPrefix); errors.Is(err, ErrNotFound) {
		err = nil
	}
	if err != nil {
		return errStore(err)
	}
	return nil
}

// Authenticate returns the session that token stands for and renews it: its
// idle timeout starts anew. Most users have an adapter's middleware call it.
//
// It costs one Get of the store; the renewal is written only when more than a
// twentieth of the idle timeout has passed since the last one. A renewal that
// fails does not fail the request. Errors: NoSession, InvalidSession,
// SessionRevoked, StoreUnavailable.
func (m *Manager) Authenticate(ctx context.Context, token string) (*Session, error) {
	s := new(Session)
	if err := m.authenticate(ctx, token, s); err != nil {
		return nil, err
	}
	return s, nil
}

// Check is Authenticate without the renewal: the server's counterpart of
// wx.checkSession.
func (m *Manager) Check(ctx context.Context, token string) (*Session, error) {
	s := new(Session)
	if err := m.find(ctx, token, s, m.now()); err != nil {
		return nil, err
	}
	return s, nil
}

func (m *Manager) authenticate(ctx context.Context, token string, s *Session) error {
	now := m.now()
	if err := m.find(ctx, token, s, now); err != nil {
		return err
	}
	if s.rec.due(now) {
		m.renew(ctx, s, now)
	}
	return nil
}

// find makes s the live session of token.
func (m *Manager) find(ctx context.Context, token string, s *Session, now int64) error {
	if !tokenShaped(token) {
		return errNoSession()
	}
	d := tokenDigest(token)
	if err := m.read(ctx, s, &d); err != nil {
		return err
	}
	if err := s.rec.check(now); err != nil {
		return err
	}
	s.present(m.faces.of(s.rec, token, &d))
	return nil
}

// read makes s the record under d, dead or alive.
func (m *Manager) read(ctx context.Context, s *Session, d *digest) error {
	s.key.put(sessionPrefix, d)
	return m.fetch(ctx, s)
}

// fetch makes s the record under its key.
func (m *Manager) fetch(ctx context.Context, s *Session) error {
	raw, err := m.get.AppendGet(ctx, s.buf[:0], s.key.text())
	if errors.Is(err, ErrNotFound) {
		return errInvalidSession()
	}
	if err != nil {
		return errStore(err)
	}
	if err := s.load(raw); err != nil {
		return recordError(err)
	}
	return nil
}

// renew writes down that s is in use. A conflict means that another request
// renewed, changed or ended the session meanwhile, and none of these must be
// undone; a store that fails gets another chance at the next request.
func (m *Manager) renew(ctx context.Context, s *Session, now int64) {
	raw := s.rec.touched(now)
	switch err := m.store.Swap(ctx, s.key.text(), s.rec, raw, raw.ttl(now)); {
	case err == nil:
		s.rec = raw // nothing else has changed
	case !errors.Is(err, ErrConflict):
		m.log.WarnContext(ctx, "cannot renew a session", "error", err)
	}
}

func (m *Manager) now() int64 { return m.clock.now() }

// app returns the app called id; "" is the default.
func (m *Manager) app(id string) (*app, error) {
	if id == "" {
		return m.first, nil
	}
	if a := m.apps[id]; a != nil {
		return a, nil
	}
	return nil, errBadRequest("appid is none of the configured apps")
}

// refererHost begins the Referer of every request of a mini program. WeChat
// sets it, a page cannot.
const refererHost = "https://servicewechat.com/"

// appFromReferer returns the appid in WeChat's Referer if it is configured, else "".
func (m *Manager) appFromReferer(referer string) string {
	path, found := strings.CutPrefix(referer, refererHost)
	if !found {
		return ""
	}
	id, _, _ := strings.Cut(path, "/")
	if m.apps[id] == nil {
		return ""
	}
	return id
}

// wholeSeconds rounds milliseconds down.
func wholeSeconds(ms int64) int64 {
	return max(0, ms/int64(time.Second/time.Millisecond))
}
