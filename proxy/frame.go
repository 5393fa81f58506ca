package proxy

import (
	"encoding/binary"
	"errors"
	"io"
	"net"
	"time"
)

const (
	// headerSize is a message's type byte and its length.
	headerSize = 5
	// readBuffer is what one side of a session reads at a time. Messages of any length pass through it in pieces.
	readBuffer = 32 << 10
	// writeBuffer collects small messages for the client; larger ranges go out of the read buffer without a copy.
	writeBuffer = 16 << 10
)

// errFrame is a length field that no message can have.
var errFrame = errors.New("invalid message length")

// framed reads one side of a session through a fixed buffer. Only headers are looked at unless a message is asked for.
//
// A range of bytes that was accepted for the other side stays in the buffer, between mark and read, until it must be
// handed on; so a run of messages that pass unchanged is one write and no copy.
type framed struct {
	conn       net.Conn
	buf        []byte
	mark       int // buf[mark:read] is accepted and not handed on yet
	read, fill int // buf[read:fill] is not looked at yet
}

func newFramed(conn net.Conn) *framed { return &framed{conn: conn, buf: make([]byte, readBuffer)} }

// buffered bytes that were not looked at.
func (f *framed) buffered() int { return f.fill - f.read }

// header returns type and body length of the next message if it is in the buffer.
func (f *framed) header() (kind byte, length int, ok bool, err error) {
	if f.fill-f.read < headerSize {
		return 0, 0, false, nil
	}
	h := f.buf[f.read : f.read+headerSize]
	n := binary.BigEndian.Uint32(h[1:])
	if n < 4 || n > maxMessageLength {
		return h[0], 0, false, errFrame
	}
	return h[0], int(n) - 4, true, nil
}

// accepted is the range to hand on.
func (f *framed) accepted() []byte { return f.buf[f.mark:f.read] }

// handedOn forgets the accepted range.
func (f *framed) handedOn() { f.mark = f.read }

// more reads once. The accepted range must have been handed on.
func (f *framed) more() error {
	if f.mark != f.read {
		return errors.New("reading over an accepted range")
	}
	if f.read == f.fill {
		f.mark, f.read, f.fill = 0, 0, 0
	} else if f.fill == len(f.buf) {
		f.fill = copy(f.buf, f.buf[f.read:f.fill])
		f.mark, f.read = 0, 0
	}
	if f.fill == len(f.buf) {
		return io.ErrShortBuffer
	}
	n, err := f.conn.Read(f.buf[f.fill:])
	f.fill += n
	if n > 0 {
		return nil
	}
	if err == nil {
		err = io.ErrNoProgress
	}
	return err
}

// fits reports whether a whole message with this body length can be in the buffer.
func (f *framed) fits(length int) bool { return length <= len(f.buf)-headerSize }

// body returns the body of a message that is wholly in the buffer; it is valid until the next read.
func (f *framed) body(length int) []byte {
	return f.buf[f.read+headerSize : f.read+headerSize+length]
}

// skip passes over n bytes of the buffer that are not to be handed on.
func (f *framed) skip(n int) {
	f.read += n
	f.mark = f.read
}

// outgoing collects what goes to the client. It is the only writer of the client's socket.
type outgoing struct {
	conn    net.Conn
	buf     []byte
	timeout time.Duration // of one write, 0 for none
	total   int64         // bytes written or buffered
	err     error         // sticky
}

func newOutgoing(conn net.Conn, timeout time.Duration) *outgoing {
	return &outgoing{conn: conn, buf: make([]byte, 0, writeBuffer), timeout: timeout}
}

// write buffers small pieces and passes large ones on at once.
func (o *outgoing) write(p []byte) {
	if o.err != nil || len(p) == 0 {
		return
	}
	o.total += int64(len(p))
	if len(p) > cap(o.buf)-len(o.buf) {
		o.flush()
		if len(p) >= cap(o.buf) {
			o.send(p)
			return
		}
	}
	o.buf = append(o.buf, p...)
}

// flush sends what is buffered.
func (o *outgoing) flush() error {
	if o.err == nil && len(o.buf) > 0 {
		o.send(o.buf)
	}
	o.buf = o.buf[:0]
	return o.err
}

func (o *outgoing) send(p []byte) {
	if o.err != nil {
		return
	}
	if o.timeout > 0 {
		if o.err = o.conn.SetWriteDeadline(time.Now().Add(o.timeout)); o.err != nil {
			return
		}
	}
	_, o.err = o.conn.Write(p)
}

// appendMessage appends a message with a body made of the parts.
func appendMessage(dst []byte, kind byte, parts ...[]byte) []byte {
	length := 4
	for _, p := range parts {
		length += len(p)
	}
	dst = append(dst, kind)
	dst = binary.BigEndian.AppendUint32(dst, uint32(length))
	for _, p := range parts {
		dst = append(dst, p...)
	}
	return dst
}

// appendStringMessage appends a message whose body is zero-terminated strings.
func appendStringMessage(dst []byte, kind byte, values ...string) []byte {
	length := 4
	for _, v := range values {
		length += len(v) + 1
	}
	dst = append(dst, kind)
	dst = binary.BigEndian.AppendUint32(dst, uint32(length))
	for _, v := range values {
		dst = append(append(dst, v...), 0)
	}
	return dst
}

// isTimeout reports a deadline that ran out.
func isTimeout(err error) bool {
	var n net.Error
	return errors.As(err, &n) && n.Timeout()
}
