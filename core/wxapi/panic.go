package wxapi

import (
	"fmt"
	"path"
	"runtime"
	"strings"
)

// recoverInto is deferred around code that the application supplied (a
// transport, a hook, a source of tokens): its panic becomes the error of the
// call that ran it, and does not end a process that called from a goroutine of
// its own.
func recoverInto(err *error) {
	if v := recover(); v != nil {
		*err = fmt.Errorf("panic in %s: %s", panicOrigin(), panicText(v))
	}
}

// askFor calls a source of tokens.
func askFor(source func() (Secret, error)) (token Secret, err error) {
	defer recoverInto(&err)
	return source()
}

// panicText tells of a panic's value only the type: its text may hold the URL,
// and in it the secret. The runtime's own texts hold indices and types.
func panicText(v any) string {
	name := fmt.Sprintf("%T", v)
	if e, ok := v.(runtime.Error); ok && strings.HasPrefix(strings.TrimPrefix(name, "*"), "runtime.") {
		return e.Error()
	}
	return name
}

// panicOrigin names the function that panicked, and its line.
func panicOrigin() string {
	pcs := make([]uintptr, 64)
	frames := runtime.CallersFrames(pcs[:runtime.Callers(0, pcs)])
	for panicking := false; ; {
		f, more := frames.Next()
		switch {
		case f.Function == "runtime.gopanic":
			panicking = true
		case panicking && !strings.HasPrefix(f.Function, "runtime."):
			return fmt.Sprintf("%s (%s:%d)", f.Function, path.Base(f.File), f.Line)
		}
		if !more {
			return "an unknown function"
		}
	}
}
