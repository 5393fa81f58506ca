package pgcluster

import "syscall"

// dieWithParent has the kernel end the child when the thread that started it ends, however it ends. SIGQUIT is the
// server's immediate shutdown, which takes its children along; initdb dies of it too.
func dieWithParent(attr *syscall.SysProcAttr) { attr.Pdeathsig = syscall.SIGQUIT }
