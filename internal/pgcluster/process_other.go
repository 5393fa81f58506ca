//go:build !linux

package pgcluster

import "syscall"

// dieWithParent does nothing: only Linux has a signal for the death of a parent. Elsewhere a server outlives a parent that
// was killed; Stop still ends it in every other case.
func dieWithParent(*syscall.SysProcAttr) {}
