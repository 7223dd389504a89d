package main

import "syscall"

// dieWithParent has the kernel kill the servers when the command is killed.
func dieWithParent() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
}
