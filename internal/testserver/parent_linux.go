package testserver

import "syscall"

// dieWithParent has the kernel kill the server when the test binary dies,
// by a time-out for instance, before any cleanup could run.
func dieWithParent() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
}
