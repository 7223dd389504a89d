//go:build unix

package memcached

import (
	"syscall"
	"time"
)

// alive looks at an idle connection without waiting: nothing to read means
// that it lives. An end or bytes that nobody has asked for mean that it must
// not be used.
func (c *boundedConn) alive() bool {
	sc, ok := c.Conn.(syscall.Conn)
	if !ok {
		return true
	}
	raw, err := sc.SyscallConn()
	if err != nil || c.SetDeadline(time.Time{}) != nil { // raw.Read minds the last call's deadline
		return false
	}
	var peek [1]byte
	var got error
	err = raw.Read(func(fd uintptr) bool {
		_, _, got = syscall.Recvfrom(int(fd), peek[:], syscall.MSG_PEEK)
		return true
	})
	return err == nil && (got == syscall.EAGAIN || got == syscall.EWOULDBLOCK)
}
