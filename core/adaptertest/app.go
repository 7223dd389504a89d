package adaptertest

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"sync"
	"time"

	"github.com/wxsession/wxsession/core"
)

// App describes the application that a harness builds. All routes, the login
// routes too, stand in Group; the middlewares are the adapter's:
//
//	GET, HEAD  /me      Require   text: app.Who(context, Session)
//	GET        /public  Optional  the same
//	GET, HEAD  /plain   none      the same
//	GET        /key     RequireSessionKey with app.KeyMaxAge, the same
//	GET        /me/key  Require, then RequireSessionKey, the same
//	GET, POST  /with    With      text: app.Who(context, the argument)
//	POST       /echo    Require   the body of the request
//	GET        /refuse  none      refuses with app.Err() as the adapter lets handlers do it
//	GET        /stream  Require   app.Stream(body, flush)
//	GET        /hijack  Require   app.Hijack(connection)
//	GET        /panic   Require   app.Panic()
//	POST       /upload  Optional, then Require, then RequireSessionKey: app.Upload(request); with Harness.Uploads
//
// app.Routes are mounted beside them by the adapter's MountRoutes, and no proxy is
// trusted by the framework's own settings. Before the adapter has a say in a
// reply, the application calls app.Before, which sets headers.
//
// /me uses the middleware that Mount returns. Who gets the context that a
// handler passes down, and what the adapter's Session returns. Flushing and
// hijacking use what the framework's own writer offers (http.Flusher,
// http.Hijacker), without unwrapping it.
//
// Outside of the adapter's middlewares the application recovers from panics
// and hands the value to app.Recovered, and hands the errors that the
// framework's error path receives to app.Failed.
type App struct {
	Manager *core.Manager
	Group   string // "" or a path such as /v1; "" means on the application itself

	Routes []core.Route // the application's own

	KeyMaxAge time.Duration // what /key and /me/key give to RequireSessionKey

	proceed chan struct{} // closed: Stream goes on

	mu       sync.Mutex
	refusal  error
	reply    core.Reply
	served   int // calls of handlers
	upload   upload
	errs     []error
	panicked []any
}

// identity is what Who tells: openids, empty for strangers.
type identity struct {
	Session string `json:"session"` // by the adapter's Session
	Context string `json:"context"` // by core.FromContext
}

// Who returns the text that tells the table whom the handler sees.
func (a *App) Who(ctx context.Context, s *core.Session) string {
	a.count()
	var id identity
	if s != nil {
		id.Session = s.OpenID
	}
	if s := core.FromContext(ctx); s != nil {
		id.Context = s.OpenID
	}
	text, _ := json.Marshal(id) // two strings
	return string(text)
}

const (
	streamFirst, streamSecond = "first\n", "second\n"

	hijackReply = "HTTP/1.1 101 Switching Protocols\r\nConnection: close\r\n\r\nhijacked"
)

// Stream writes a part of the body, flushes, waits until the client has seen
// it, and writes the rest.
func (a *App) Stream(w io.Writer, flush func()) {
	a.count()
	_, _ = io.WriteString(w, streamFirst)
	flush()
	<-a.proceed
	_, _ = io.WriteString(w, streamSecond)
}

// Hijack uses a connection that was taken over, and closes it.
func (a *App) Hijack(conn net.Conn) {
	a.count()
	_, _ = io.WriteString(conn, hijackReply)
	_ = conn.Close()
}

var errPanic = errors.New("the handler's own panic")

// Panic panics.
func (a *App) Panic() {
	a.count()
	panic(errPanic)
}

// Err returns the error that /refuse refuses with.
func (a *App) Err() error {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.refusal
}

func (a *App) setErr(err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.refusal = err
}

// Reply returns what /reply answers.
func (a *App) Reply() core.Reply {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.reply
}

func (a *App) setReply(r core.Reply) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.reply = r
}

// earlierCookie is one that the application sets on every reply.
const earlierCookie = "app=1; Path=/"

// Before sets headers of a reply, as middlewares of an application do: set gives
// the named header one value.
func (a *App) Before(set func(name, value string)) {
	set("Cache-Control", "public, max-age=60")
	set("Set-Cookie", earlierCookie)
}

// Recovered takes the value of a panic that left the adapter's middlewares.
func (a *App) Recovered(v any) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.panicked = append(a.panicked, v)
}

// Failed takes an error that the framework's error path received.
func (a *App) Failed(err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.errs = append(a.errs, err)
}

func (a *App) count() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.served++
}

// calls returns how often a handler of the application ran.
func (a *App) calls() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.served
}

func (a *App) failures() []error {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.errs[:len(a.errs):len(a.errs)]
}

func (a *App) panics() []any {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.panicked[:len(a.panicked):len(a.panicked)]
}
