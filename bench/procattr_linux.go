package main

import "syscall"

// sessionAttr puts a child into a session of its own and has it end when the thread that started it ends. The session
// matters for the numbers: with kernel.sched_autogroup_enabled each session is one group, and groups share the CPU evenly.
func sessionAttr(as *syscall.Credential) *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setsid: true, Credential: as, Pdeathsig: syscall.SIGTERM}
}
