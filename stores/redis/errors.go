package redis

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"os"

	"github.com/redis/rueidis"

	"github.com/wxsession/wxsession/core"
)

var errClosed = errors.New("the store is closed")

// describe makes of whatever went wrong an error that may stand in a log. The
// server quotes keys and values in some of its errors, and rueidis passes them
// on: only what is known to be harmless gets through.
func describe(ctx context.Context, err error) error {
	switch {
	case err == nil, err == core.ErrNotFound, err == core.ErrConflict:
		return err
	case ctx.Err() != nil:
		return fmt.Errorf("redis: call given up: %w", ctx.Err())
	case isSilence(err):
		return fmt.Errorf("redis: no answer in time: %w", context.DeadlineExceeded)
	case errors.Is(err, rueidis.ErrNoCache):
		return fmt.Errorf("redis: %w", errNoTracking)
	}
	if reply, ok := rueidis.IsRedisErr(err); ok {
		return fmt.Errorf("redis: the server refused: %w", refusal(reply.Error()))
	}
	if isHarmless(err) {
		return fmt.Errorf("redis: %w", err)
	}
	return errors.New("redis: the call failed: the server's answer was not understood")
}

// isSilence reports whether err says that the time was up.
func isSilence(err error) bool {
	if err == nil {
		return false // before the variable below costs every call an allocation
	}
	var timeout net.Error
	return errors.Is(err, context.DeadlineExceeded) || errors.Is(err, os.ErrDeadlineExceeded) ||
		errors.As(err, &timeout) && timeout.Timeout()
}

// isBroken reports whether the connection was at fault, not the server and not
// the time. ErrClosing is what a call gets whose connection rueidis has replaced.
func isBroken(err error) bool {
	if err == nil || err == core.ErrNotFound || isSilence(err) {
		return false
	}
	var network *net.OpError
	return err == rueidis.ErrClosing || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, net.ErrClosed) ||
		errors.As(err, &network) && network.Op != "dial"
}

// isHarmless knows the errors that speak of connections only. Their texts hold
// addresses at most.
func isHarmless(err error) bool {
	for _, known := range []error{
		errClosed, errOpen, errBusy, errReplicas, errManyWaiting, errPanic, context.Canceled, io.EOF, io.ErrUnexpectedEOF, net.ErrClosed,
		rueidis.ErrClosing, rueidis.ErrNoSlot, rueidis.ErrNoAddr,
	} {
		if errors.Is(err, known) {
			return true
		}
	}
	var setup setupError
	var network *net.OpError
	var lookup *net.DNSError
	var certificate *tls.CertificateVerificationError
	var host x509.HostnameError
	var record tls.RecordHeaderError
	return errors.As(err, &setup) || errors.As(err, &network) || errors.As(err, &lookup) ||
		errors.As(err, &certificate) || errors.As(err, &host) || errors.As(err, &record)
}
