package main

import (
	"syscall"
	"time"
)

// pause waits in the kernel: the runtime's own timers are good to a millisecond.
// It may return early.
func pause(d time.Duration) {
	left := syscall.NsecToTimespec(int64(d))
	_ = syscall.Nanosleep(&left, nil) // cut short by a signal
}

const setTimerSlack = 29 // PR_SET_TIMERSLACK of linux/prctl.h

// pausePrecisely takes away the 50 µs by which the kernel may lengthen the
// calling thread's pauses, so that several end at once.
func pausePrecisely() {
	_, _, _ = syscall.RawSyscall(syscall.SYS_PRCTL, setTimerSlack, 1, 0) // they are late without it
}

// peeker reads from a connection what has arrived, and does not wait for more.
type peeker struct {
	raw  syscall.RawConn
	read func(fd uintptr) bool // made once: it would be an allocation for each call
	into []byte
	n    int
	err  error
}

func newPeeker(c syscall.Conn) (*peeker, error) {
	raw, err := c.SyscallConn()
	p := &peeker{raw: raw}
	p.read = func(fd uintptr) bool {
		p.n, p.err = syscall.Read(int(fd), p.into)
		return true
	}
	return p, err
}

// peek returns 0 and no error where nothing has arrived.
func (p *peeker) peek(into []byte) (n int, err error) {
	p.into = into
	if err := p.raw.Read(p.read); err != nil {
		return 0, err
	}
	switch {
	case p.err == syscall.EAGAIN || p.err == syscall.EINTR:
		return 0, nil
	case p.err == nil && p.n == 0:
		return 0, errClosed
	}
	return max(p.n, 0), p.err
}
