//go:build !linux

package proxy

import (
	"net"
	"syscall"
)

// gone reports whether the peer has closed its side of the connection and nothing that it sent is unread. Connections that
// are not sockets are never gone.
func gone(conn net.Conn) bool {
	sc, ok := conn.(syscall.Conn)
	if !ok {
		return false
	}
	raw, err := sc.SyscallConn()
	if err != nil {
		return true
	}
	closed := false
	err = raw.Control(func(fd uintptr) {
		var one [1]byte
		n, _, err := syscall.Recvfrom(int(fd), one[:], syscall.MSG_PEEK|syscall.MSG_DONTWAIT)
		closed = n == 0 && err == nil
	})
	return err != nil || closed
}
