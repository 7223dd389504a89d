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

// Log writes a line to Config.Logger, for packages that add routes. Of a message
// there is one line a second, with a count, so that clients cannot fill the log: it
// has to be a constant, and what differs an attribute. No secret and no openid
// belongs in either.
func (m *Manager) Log(ctx context.Context, level slog.Level, message string, attrs ...slog.Attr) {
	m.log.bounded(ctx, lineKind{message: message}, func(ctx context.Context, count int) {
		if count > 1 {
			attrs = append(attrs[:len(attrs):len(attrs)], slog.Int("count", count))
		}
		m.log.line(ctx, level, message, attrs...)
	})
}

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

// silentStore writes the line that requests and the start have in common.
func (l *logger) silentStore(ctx context.Context, err error) {
	l.failure(ctx, "the session store does not answer: see what `wxsession doctor` reports", err)
}

// limited writes a line about e, as often as bounded lets it.
func (l *logger) limited(ctx context.Context, level slog.Level, message string, e *Error, more ...slog.Attr) {
	l.bounded(ctx, lineKind{message, e.Code, e.ErrCode}, func(ctx context.Context, count int) {
		l.write(ctx, level, message, e, count, more)
	})
}

// bounded calls write, unless a line of this kind was written less than a second
// ago: then it only counts, and the second's end writes how many there were. That
// line is in the context of no request: the last one's is over by then.
func (l *logger) bounded(ctx context.Context, kind lineKind, write func(ctx context.Context, count int)) {
	l.mu.Lock()
	if held := l.held[kind]; held != nil {
		held.again++
		held.write = func(count int) { write(context.Background(), count) }
		l.mu.Unlock()
		return
	}
	l.held[kind] = new(heldLine)
	l.mu.Unlock()
	write(ctx, 1)
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
