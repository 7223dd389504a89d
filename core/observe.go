package core

import (
	"context"
	"errors"
	"time"

	"github.com/wxsession/wxsession/core/internal/record"
	"github.com/wxsession/wxsession/core/wxapi"
)

// Observer is told of everything worth counting or tracing. What it is told
// holds no secret, no openid and no token. Its methods are called by many
// goroutines at once, on the way of the request: they should be quick.
type Observer interface {
	// Begin is called before something happens, with its Kind and Name. What
	// happens within gets the context that it returns, and so does End: a tracer
	// puts a span into it.
	Begin(ctx context.Context, e Event) context.Context
	// End is called after it, with the outcome.
	End(ctx context.Context, e Event)
}

// Event is something that a manager does.
type Event struct {
	Kind EventKind
	// Name is an operation's (OpLogin …), the path of WeChat's endpoint, or the verb
	// of a call to the store: get, near (the read by which requests are
	// authenticated), swap, delete; or that of a moment. There are few of them.
	Name string

	Code     Code // how it ended; "" is well
	ErrCode  int  // of WeChat
	Status   int  // of the reply, for MomentRefused
	Reason   Reason
	Duration time.Duration
}

// EventKind says what an Event is.
type EventKind string

const (
	KindOperation EventKind = "operation" // of the manager
	KindWeChat    EventKind = "wechat"    // one attempt at a call to WeChat
	KindStore     EventKind = "store"     // a call to the store
	KindMoment    EventKind = "moment"    // of the manager: it has no duration, and nothing happens within
)

// The names of operations. A renewal happens within an authentication.
const (
	OpLogin        = "login" // Issue too
	OpAuthenticate = "authenticate"
	OpCheck        = "check"
	OpRenew        = "renew"
	OpUpdate       = "update"
	OpRotate       = "rotate"
	OpRevoke       = "revoke" // every way of ending sessions
	OpSessions     = "sessions"
	OpTicket       = "ticket"
	OpRedeem       = "redeem"
	OpDecrypt      = "decrypt" // VerifySignature too
	OpPhone        = "phone"
	OpSessionKey   = "session_key" // whatever asks WeChat about a session_key
)

// The names of moments.
const (
	// MomentRefused: Refuse has put an error into a reply, one of the application's
	// own too. What was refused before any operation began shows here only.
	MomentRefused = "refused"
	// MomentEnded: a session has ended before its time; Reason says why. From here on
	// it is bound to end: what is left to do is done now, or by whoever comes next.
	MomentEnded = "ended"
)

// observe tells the observer that an operation begins; the function that it
// returns, that it has ended.
func (m *Manager) observe(ctx context.Context, name string) (context.Context, func(error)) {
	o := m.cfg.Observe
	if o == nil { // most have none, and pay nothing for an Event
		return ctx, unobserved
	}
	return beginEvent(ctx, o, Event{Kind: KindOperation, Name: name})
}

func observe(ctx context.Context, o Observer, e Event) (context.Context, func(error)) {
	if o == nil {
		return ctx, unobserved
	}
	return beginEvent(ctx, o, e)
}

// beginEvent is apart from observe because what it keeps would cost an
// allocation there. Here it costs one, as nothing that it keeps is changed.
func beginEvent(ctx context.Context, o Observer, e Event) (context.Context, func(error)) {
	within := o.Begin(ctx, e)
	began := time.Now()
	return within, func(err error) {
		ended := e
		ended.Duration = time.Since(began)
		ended.Code, ended.ErrCode = outcome(err)
		ended.Reason = reasonOf(err)
		o.End(within, ended)
	}
}

func unobserved(error) {}

// Reason tells more of an Event where its Code does not; mostly it is "".
type Reason string

// The reasons of a failure.
const (
	ReasonCanceled  Reason = "canceled"  // the caller went away: not the store's fault, nor WeChat's
	ReasonBreaker   Reason = "breaker"   // WeChat was not asked, as it has been silent
	ReasonExchanges Reason = "exchanges" // Config.LimitExchanges
	ReasonAddress   Reason = "address"   // Config.LimitAddress
	ReasonUser      Reason = "user"      // Config.LimitUser
)

// The reasons of MomentEnded.
const (
	ReasonLogout     Reason = "logout"     // by its client
	ReasonDevice     Reason = "device"     // by another device of the user, or an administrator
	ReasonEverywhere Reason = "everywhere" // LogoutUser, or ?all=1
	ReasonCap        Reason = "cap"        // Config.MaxSessions
	ReasonTheft      Reason = "theft"      // a token was rotated within Config.RotateGrace after the first use of its successor
	ReasonHandOver   Reason = "hand_over"  // a newer hand-over took its place
)

// noteEnded tells of the sessions that an edit of u has ended, once it is stored.
func (m *Manager) noteEnded(ctx context.Context, u *user) {
	for _, why := range u.ended {
		m.note(ctx, Event{Name: MomentEnded, Reason: endReason(why)})
	}
	u.ended = nil
}

func endReason(why record.Reason) Reason {
	switch why {
	case record.ByDevice:
		return ReasonDevice
	case record.ByEverywhere:
		return ReasonEverywhere
	case record.ByCap:
		return ReasonCap
	case record.ByTheft:
		return ReasonTheft
	case record.ByHandOver:
		return ReasonHandOver
	default:
		return ReasonLogout
	}
}

// note tells the observer of a moment.
func (m *Manager) note(ctx context.Context, e Event) {
	if o := m.cfg.Observe; o != nil {
		e.Kind = KindMoment
		o.End(o.Begin(ctx, e), e)
	}
}

func outcome(err error) (Code, int) {
	if err == nil {
		return "", 0
	}
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Code, e.ErrCode
	}
	switch {
	case errors.Is(err, ErrNotFound):
		return CodeNotFound, 0
	case errors.Is(err, ErrConflict):
		return CodeConflict, 0
	}
	return CodeStoreUnavailable, 0
}

func reasonOf(err error) Reason {
	if e, ok := errors.AsType[*Error](err); ok && e.reason != "" {
		return e.reason
	}
	if errors.Is(err, context.Canceled) {
		return ReasonCanceled
	}
	return ""
}

// beforeCall and onCall tell an observer of the calls to WeChat.
func beforeCall(o Observer) func(context.Context, wxapi.Call) context.Context {
	if o == nil {
		return nil
	}
	return func(ctx context.Context, c wxapi.Call) context.Context {
		return o.Begin(ctx, Event{Kind: KindWeChat, Name: c.Path})
	}
}

func onCall(o Observer) func(context.Context, wxapi.Call) {
	if o == nil {
		return nil
	}
	return func(ctx context.Context, c wxapi.Call) {
		e := Event{Kind: KindWeChat, Name: c.Path, ErrCode: c.ErrCode, Duration: c.Duration}
		if c.Err != nil {
			e.Code, e.Reason = upstreamError(c.Err).Code, reasonOf(c.Err)
		}
		o.End(ctx, e)
	}
}

// observedStore tells an observer of every call.
type observedStore struct {
	WrappedStore
	near     AppendGetter
	observer Observer
}

func newObservedStore(s Store, o Observer) Store {
	observed := observedStore{WrappedStore{s}, nil, o}
	if near, ok := s.(AppendGetter); ok {
		observed.near = near
		return observedAppendGetter{observed}
	}
	return observed
}

func (s observedStore) begin(ctx context.Context, verb string) (context.Context, func(error)) {
	return observe(ctx, s.observer, Event{Kind: KindStore, Name: verb})
}

func (s observedStore) Get(ctx context.Context, key string) ([]byte, error) {
	ctx, end := s.begin(ctx, "get")
	v, err := s.Store.Get(ctx, key)
	end(err)
	return v, err
}

func (s observedStore) Swap(ctx context.Context, key string, old, new []byte, ttl time.Duration) error {
	ctx, end := s.begin(ctx, "swap")
	err := s.Store.Swap(ctx, key, old, new, ttl)
	end(err)
	return err
}

func (s observedStore) Delete(ctx context.Context, key string) error {
	ctx, end := s.begin(ctx, "delete")
	err := s.Store.Delete(ctx, key)
	end(err)
	return err
}

// observedAppendGetter is an observedStore over one that has AppendGet.
type observedAppendGetter struct{ observedStore }

func (s observedAppendGetter) AppendGet(ctx context.Context, dst []byte, key string) ([]byte, error) {
	ctx, end := s.begin(ctx, "near")
	v, err := s.near.AppendGet(ctx, dst, key)
	end(err)
	return v, err
}

// Breakers tells by appid whether WeChat is not asked to exchange the codes of
// logins for a moment, as it has been silent. Its other endpoints have breakers of
// their own, which show in the refusals that have ReasonBreaker.
func (m *Manager) Breakers() map[string]bool {
	open := make(map[string]bool, len(m.apps))
	for id, a := range m.apps {
		open[id] = a.breakers[exchangeCalls].open()
	}
	return open
}

// Stats tells what the store knows of itself; zero for one that knows nothing.
func (m *Manager) Stats() StoreStats {
	if r, ok := storeAs[StatsReporter](m.values.store); ok {
		return r.Stats()
	}
	return StoreStats{}
}
