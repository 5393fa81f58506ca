package proxy

import (
	"context"

	"github.com/posternsql/postern/pgerror"
)

// copyIn handles CopyInResponse. Only an exempt user's text, or one that was judged to be that, can start COPY FROM STDIN; else it means that what
// was sent is not what was judged, and the session ends.
func (r *relay) copyIn(ctx context.Context, length int) error {
	front := r.queue.front()
	if !r.mayCopyIn(front) {
		return r.lost(errUpstreamOrder)
	}
	if err := r.pass(ctx, length); err != nil {
		return err
	}
	r.forward()
	if r.out.flush() != nil {
		return errClientGone
	}
	if front.awaits == awaitExecute {
		// The warehouse takes a Flush or Sync that was sent along for a part of the COPY, and ignores it.
		for len(r.queue.outstanding()) > 1 {
			r.queue.items = r.queue.items[:len(r.queue.items)-1]
		}
	}
	return r.copyData(ctx, front.awaits == awaitExecute)
}

// copyData streams from the client until it says that the COPY is over. If the warehouse fails meanwhile, it ignores the
// rest, and its error is read afterwards.
func (r *relay) copyData(ctx context.Context, extended bool) error {
	for {
		kind, length, ok, err := r.client.header()
		if err != nil {
			return r.fatal(pgerror.Protocol("invalid message length"))
		}
		if !ok {
			if err := r.read(ctx); err != nil {
				return err
			}
			continue
		}
		switch kind {
		case 'H', 'S':
			err = r.discard(ctx, length)
		case 'd':
			err = r.pieces(ctx, headerSize+length, r.send)
		case 'c', 'f':
			if err := r.checkHeader(kind, length); err != nil {
				return err
			}
			if err := r.pieces(ctx, headerSize+length, r.send); err != nil {
				return err
			}
			if extended {
				err = r.send([]byte{'H', 0, 0, 0, 4})
			}
			if err != nil {
				return err
			}
			return r.startTick()
		default:
			return r.fatal(pgerror.Protocol("unexpected message type 0x%02X during COPY from stdin", kind))
		}
		if err != nil {
			return err
		}
	}
}
