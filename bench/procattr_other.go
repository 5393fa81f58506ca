//go:build !linux

package main

import "syscall"

// sessionAttr puts a child into a session of its own.
func sessionAttr(as *syscall.Credential) *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setsid: true, Credential: as}
}
