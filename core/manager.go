package core

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"time"

	"golang.org/x/sync/singleflight"

	"github.com/wxsession/wxsession/core/internal/record"
	"github.com/wxsession/wxsession/core/wxapi"
)

// Manager issues sessions and answers for them. It holds no session itself:
// any number of processes may work on one store. Its methods are safe for
// concurrent use, and their errors are *Error except where said otherwise.
type Manager struct {
	cfg      Config // without its secrets: whoever prints a Manager prints this too
	values   *values
	apps     map[string]*app
	cookies  *cookies // nil: browsers have none
	first    *app     // the default
	log      *logger
	clock    clock
	local    bool          // the store's values do not leave this process
	patience time.Duration // for the store, of an operation of several calls; 0: as long as it takes

	exchanges   *places // for the calls to WeChat under way
	addresses   *limiter
	sites       *limiter
	deadLogouts *limiter
	users       *limiter
	proxyNoted  atomic.Bool // warnOfProxy has written its line
	silentNoted atomic.Bool // warnOfSilentProxy has

	turns turns
	// deadTurns is for the log-outs of tokens that are dead.
	deadTurns turns
	checks    singleflight.Group // of session_keys, by user
	stamps    stamps
	pause     func(ctx context.Context, d time.Duration) error
}

// app is a configured mini program.
type app struct {
	id       string
	identity IdentityProvider
	client   *wxapi.Client // nil: no secret
	breakers [callKinds]breaker
}

// New checks cfg and returns a Manager that keeps its sessions in store. It
// waits for nobody: a store or a WeChat that is down shows in the requests.
func New(cfg Config, store Store) (*Manager, error) {
	m, err := newManager(cfg, store)
	if err != nil {
		return nil, fmt.Errorf("cannot use this configuration: %w", err)
	}
	return m, nil
}

func newManager(cfg Config, store Store) (*Manager, error) {
	cfg, err := cfg.withDefaults()
	if err == nil && store == nil {
		err = errors.New("no store: pass what stores.Open returns")
	}
	if err != nil {
		return nil, err
	}
	m := &Manager{cfg: cfg, apps: map[string]*app{}, log: newLogger(cfg.Logger), pause: pause}
	m.clock.set = cfg.Now
	m.exchanges = newPlaces(cfg.LimitExchanges)
	m.addresses, m.users = newLimiter(cfg.LimitAddress), newLimiter(cfg.LimitUser)
	m.sites = newLimiter(cfg.LimitAddress.times(siteFactor))
	m.deadLogouts = newLimiter(cfg.LimitAddress)
	if m.cookies, err = cfg.newCookies(); err != nil {
		return nil, err
	}
	if err := m.useStore(store); err != nil {
		return nil, err
	}
	if err := m.addApps(); err != nil {
		return nil, err
	}
	m.cfg = cfg.hidden()
	if w, ok := storeAs[Warner](store); ok {
		go m.warn(w)
	}
	return m, nil
}

// operationCalls bounds an operation that asks the store several times: it may
// take as long as so many calls that use up their time limit.
const operationCalls = 4

// storeTimeout is taken for that of a store that does not tell.
const storeTimeout = 500 * time.Millisecond

func (m *Manager) useStore(store Store) error {
	if in, ok := storeAs[InProcess](store); ok {
		m.local = in.InProcess()
	}
	m.tellOfStore(store)
	keys, err := decodeKeys(m.cfg.Keys)
	if err != nil {
		return err
	}
	if m.cfg.AcceptClear && len(keys) == 0 {
		m.cfg.Logger.Warn("AcceptClear (WX_ACCEPT_CLEAR) does nothing without keys: set Keys (WX_KEYS) to what `wxsession keygen` makes, or leave it out")
	}
	if m.local {
		keys = nil // nobody else sees the values
	} else {
		m.patience = operationCalls * storeTimeout
		if t, ok := storeAs[Timeouter](store); ok && t.Timeout() > 0 {
			m.patience = operationCalls * t.Timeout()
		}
		if len(keys) == 0 {
			m.cfg.Logger.Warn("sessions and session_keys are stored in clear: set Keys (WX_KEYS) to what `wxsession keygen` makes, and AcceptClear (WX_ACCEPT_CLEAR) to true for one lifetime, or everybody is logged out if there are sessions already")
		}
	}
	if m.cfg.Observe != nil {
		store = newObservedStore(store, m.cfg.Observe)
	}
	m.values, err = newValues(store, keys, m.cfg.AcceptClear || m.local)
	return err
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
	app := &app{id: a.AppID, identity: a.IdentityProvider}
	if !a.Secret.IsZero() {
		tokens := m.newTokenSource(a.AppID)
		client, err := m.cfg.newClient(a, tokens)
		if err != nil {
			return nil, err
		}
		app.client, tokens.client = client, client
	}
	if app.identity == nil {
		app.identity = newCodeExchange(app.client)
	}
	if x, ok := app.identity.(*codeExchange); ok {
		app.identity = x.usedBy(m, app)
	}
	return app, nil
}

// Ping reports whether the store answers, for health checks.
func (m *Manager) Ping(ctx context.Context) error {
	var err error
	if p, ok := storeAs[Pinger](m.values.store); ok {
		err = p.Ping(ctx)
	} else if _, err = m.values.store.Get(ctx, record.SessionPrefix); errors.Is(err, ErrNotFound) {
		err = nil
	}
	if err != nil {
		return errStore(err)
	}
	return nil
}

// operation bounds what an operation that asks the store several times may take
// in all: slow answers, each below the store's own time limit, add up.
func (m *Manager) operation(ctx context.Context) (context.Context, context.CancelFunc) {
	if m.patience == 0 {
		return ctx, func() {}
	}
	return context.WithTimeout(ctx, m.patience)
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
