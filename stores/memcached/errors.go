package memcached

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"syscall"
	"time"

	gomemcache "github.com/bradfitz/gomemcache/memcache"

	"github.com/wxsession/wxsession/core"
)

var (
	errClosed     = errors.New("the store is closed")
	errNoCAS      = errors.New("the server does not support compare-and-swap: start it without -C")
	errOutOfStep  = errors.New("the server answered another question than was asked")
	errTooLarge   = errors.New("the value is too large: at most 1 MiB - 1 KiB, or what the server's -I leaves")
	errFull       = fmt.Errorf("%w: raise the server's -m", core.ErrFull)
	errUnexpected = errors.New("the server sent an unexpected reply")
	errPanic      = errors.New("the application's client has panicked")
	errKey        = errors.New("the key with its prefix is longer than 250 bytes, or not printable")
	errNoAnswer   = fmt.Errorf("no answer in time: %w", os.ErrDeadlineExceeded)
	errBusy       = fmt.Errorf("no connection became free in time: %w", os.ErrDeadlineExceeded)
)

// outcome passes on what a server has answered, and makes of everything else
// an error that says where it happened and shows neither key nor value.
func outcome(ctx context.Context, where string, err error) error {
	if err == nil || err == core.ErrNotFound || err == core.ErrConflict {
		return err
	}
	return fmt.Errorf("memcached%s: %w", where, cause(ctx, err))
}

func cause(ctx context.Context, err error) error {
	var dial *gomemcache.ConnectTimeoutError
	switch {
	case ended(ctx) != nil:
		return ended(ctx)
	case err == errBusy:
		return err
	case errors.As(err, &dial), errors.Is(err, os.ErrDeadlineExceeded), errors.Is(err, context.DeadlineExceeded):
		return errNoAnswer
	case errors.Is(err, gomemcache.ErrMalformedKey):
		return errKey
	case strings.HasPrefix(err.Error(), "memcache: "):
		return quoted(err)
	default: // of the connection, or ours
		return err
	}
}

// quoted replaces gomemcache's own errors, which quote the server's line: it
// may hold a key, and, out of step, a value.
func quoted(err error) error {
	switch text := err.Error(); {
	case errors.Is(err, gomemcache.ErrNoServers):
		return err
	case strings.Contains(text, "SERVER_ERROR object too large"):
		return errTooLarge
	case strings.Contains(text, "SERVER_ERROR out of memory"):
		return errFull
	default:
		return errUnexpected
	}
}

// ended is ctx.Err, but does not wait for the context's timer to fire: the
// connection's deadline is the same moment.
func ended(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if deadline, ok := ctx.Deadline(); ok && !time.Now().Before(deadline) {
		return context.DeadlineExceeded
	}
	return nil
}

// connectionDied reports whether the peer has closed the connection: long ago,
// as seen on an idle one, or in the midst of its answer.
func connectionDied(err error) bool {
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) ||
		errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE)
}
