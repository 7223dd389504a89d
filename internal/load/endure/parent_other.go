//go:build !linux

package main

import "syscall"

// dieWithParent has no counterpart here: a command that is killed leaves its
// servers behind.
func dieWithParent() *syscall.SysProcAttr { return nil }
