package core

import (
	"context"
	"fmt"
	"log/slog"
	"runtime"
	"runtime/debug"
	"strings"
)

// recoverPanic turns a panic of the application's code into an error: the code
// may run in a goroutine where it would end the process. The stack is logged, of
// several in one second that of the first and the last.
func (m *Manager) recoverPanic(ctx context.Context, what string, err *error) {
	p := recover()
	if p == nil {
		return
	}
	e := errApp(errPanic(p))
	m.log.limited(ctx, slog.LevelError, what, e, slog.String("stack", string(debug.Stack())))
	*err = e
}

// errPanic does not show the value of a panic, which may hold anything, such as
// the URL of a request with the AppSecret.
func errPanic(p any) error { return fmt.Errorf("panic: %s", panicText(p)) }

func panicText(p any) string {
	name := fmt.Sprintf("%T", p)
	if e, ok := p.(runtime.Error); ok && strings.HasPrefix(strings.TrimPrefix(name, "*"), "runtime.") {
		return e.Error()
	}
	return "a value of type " + name
}

// errApp is a failure of the application's own code.
func errApp(cause error) *Error {
	return &Error{Code: CodeAppUnavailable, Message: "the application could not decide about the login, try again", RetryAfter: storeRetry, cause: cause}
}
