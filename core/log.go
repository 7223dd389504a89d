package core

import (
	"context"
	"log/slog"
	"sync"
	"time"
)

// logger writes what an operator should see. During an outage it writes one
// line a second and kind, with a count, not one per request.
//
// A Handler that panics loses its line, as one that fails does: lines are written
// in goroutines, too, where a panic would end the process.
type logger struct {
	to *slog.Logger

	mu   sync.Mutex
	held map[lineKind]*heldLine
}

// lineKind is what one line a second is written of. There are few: messages are
// constants, and errcodes WeChat's.
type lineKind struct {
	message string
	code    Code
	errcode int
}

// heldLine is a line that was written less than a second ago, and how often it
// would have been written again.
type heldLine struct {
	again int
	write func(count int)
}

const logInterval = time.Second

func newLogger(l *slog.Logger) *logger { return &logger{to: l, held: map[lineKind]*heldLine{}} }

// line writes a line.
func (l *logger) line(ctx context.Context, level slog.Level, message string, attrs ...slog.Attr) {
	defer loseLine()
	l.to.LogAttrs(ctx, level, message, attrs...)
}

// loseLine is deferred around the application's code: its Handler, its errors' texts.
func loseLine() { _ = recover() } // there is no log to tell of it

// failure writes a line about a store or a WeChat that does not answer. A client
// that went away is no outage.
func (l *logger) failure(ctx context.Context, message string, err error) {
	if ctx.Err() == context.Canceled {
		return
	}
	l.limited(ctx, slog.LevelWarn, message, asError(err))
}

// limited writes a line, unless one of its kind was written less than a second
// ago: then it only counts, and the second's end writes how many there were. That
// line is in the context of no request: the last one's is over by then.
func (l *logger) limited(ctx context.Context, level slog.Level, message string, e *Error, more ...slog.Attr) {
	kind := lineKind{message, e.Code, e.ErrCode}
	l.mu.Lock()
	if held := l.held[kind]; held != nil {
		held.again++
		held.write = func(count int) { l.write(context.Background(), level, message, e, count, more) }
		l.mu.Unlock()
		return
	}
	l.held[kind] = new(heldLine)
	l.mu.Unlock()
	l.write(ctx, level, message, e, 1, more)
	time.AfterFunc(logInterval, func() { l.release(kind) })
}

// release writes what was held back, and lets the next second begin.
func (l *logger) release(kind lineKind) {
	l.mu.Lock()
	held := l.held[kind]
	if held.again == 0 {
		delete(l.held, kind)
		l.mu.Unlock()
		return
	}
	l.held[kind] = new(heldLine)
	l.mu.Unlock()
	held.write(held.again)
	time.AfterFunc(logInterval, func() { l.release(kind) })
}

func (l *logger) write(ctx context.Context, level slog.Level, message string, e *Error, count int, more []slog.Attr) {
	defer loseLine()
	attrs := append(e.attrs()[:1:1], e.attrs()[2:]...) // the message is for clients
	if len(attrs) == 1 {                               // and for the log, where nothing else says why
		attrs = append(attrs, slog.String("cause", e.Message))
	}
	if count > 1 {
		attrs = append(attrs, slog.Int("count", count))
	}
	l.line(ctx, level, message, append(attrs, more...)...)
}
