package proxy

import (
	"context"
	"errors"
	"net"
	"os"
	"time"

	"github.com/posternsql/postern/pgerror"
)

// The moves of bytes from the warehouse to the client. Accepted bytes stay in the read buffer until it is drained or
// something else must come after them; then they go out in one write.

// forward hands the accepted range on.
func (r *relay) forward() {
	r.out.write(r.upstream.accepted())
	r.upstream.handedOn()
}

// refill reads from the warehouse once. Whatever the client can have by now, it gets before the wait.
func (r *relay) refill(ctx context.Context) error {
	r.forward()
	if r.out.flush() != nil {
		return errClientGone
	}
	for {
		if r.unconsidered() {
			if err := r.recheck(ctx); err != nil {
				return err
			}
		}
		err := r.upstream.more()
		switch {
		case err == nil:
			return nil
		case errors.Is(err, os.ErrDeadlineExceeded):
			if err := r.startTick(); err != nil {
				return err
			}
			if err := r.onTick(ctx); err != nil {
				return err
			}
		default:
			return r.goneUpstream()
		}
	}
}

// goneUpstream tells the client that the warehouse's connection broke without a word.
func (r *relay) goneUpstream() error {
	if err := r.fatal(pgerror.UpstreamUnreachable(r.params.database)); !errors.Is(err, errSaid) {
		return err
	}
	return errUpstreamGone
}

// startTick bounds how long the next reads from the warehouse may take together.
func (r *relay) startTick() error {
	r.deadline = time.Now().Add(tick)
	if err := r.upstream.conn.SetReadDeadline(r.deadline); err != nil {
		return errUpstreamGone
	}
	return nil
}

// onTick looks after a wait that takes long, or a result that does.
func (r *relay) onTick(ctx context.Context) error {
	if gone(rawConn(r.client.conn)) {
		return errClientGone
	}
	return r.recheck(ctx)
}

// pass accepts a message, whose header is in the buffer, of any length.
func (r *relay) pass(ctx context.Context, length int) error {
	f := r.upstream
	rest := headerSize + length
	for {
		n := min(rest, f.buffered())
		f.read += n
		if rest -= n; rest == 0 {
			return nil
		}
		if err := r.refill(ctx); err != nil {
			return err
		}
	}
}

// drop swallows a message, whose header is in the buffer, of any length.
func (r *relay) drop(ctx context.Context, length int) error {
	return r.dropBytes(ctx, headerSize+length)
}

func (r *relay) dropBytes(ctx context.Context, rest int) error {
	f := r.upstream
	r.forward()
	for {
		n := min(rest, f.buffered())
		f.skip(n)
		if rest -= n; rest == 0 {
			return nil
		}
		if err := r.refill(ctx); err != nil {
			return err
		}
	}
}

// whole waits until the first length bytes of the message's body are in the buffer.
func (r *relay) whole(ctx context.Context, length int) ([]byte, error) {
	for r.upstream.buffered() < headerSize+length {
		if err := r.refill(ctx); err != nil {
			return nil, err
		}
	}
	return r.upstream.body(length), nil
}

// consume moves past a message that is wholly in the buffer and accepts it or not.
func (r *relay) consume(length int, accept bool) {
	if accept {
		r.upstream.read += headerSize + length
		return
	}
	r.forward()
	r.upstream.skip(headerSize + length)
}

// lastWords relays what a warehouse said before it stopped reading.
func (r *relay) lastWords() error {
	deadline := time.Now().Add(time.Second)
	for {
		kind, length, ok, err := r.upstream.header()
		if err != nil {
			break
		}
		if !ok || r.upstream.buffered() < headerSize+length && r.upstream.fits(length) {
			if r.upstream.conn.SetReadDeadline(deadline) != nil || r.upstream.more() != nil {
				break
			}
			continue
		}
		if (kind != 'E' && kind != 'N' && kind != 'S') || !r.upstream.fits(length) {
			break
		}
		if err := r.report(context.Background(), kind, length); err != nil {
			return err
		}
	}
	return r.goneUpstream()
}

// rawConn is the socket below TLS.
func rawConn(c net.Conn) net.Conn {
	for {
		inner, ok := c.(interface{ NetConn() net.Conn })
		if !ok {
			return c
		}
		c = inner.NetConn()
	}
}
