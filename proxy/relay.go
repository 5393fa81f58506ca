package proxy

import (
	"context"
	"errors"
	"io"
	"time"

	"github.com/posternsql/postern/audit"
	"github.com/posternsql/postern/pgerror"
)

// How a session ends.
var (
	// errSaid ends a session that has told the client why.
	errSaid = errors.New("session ended, the client was told")
	// errClientGone ends a session whose client does not read or write any more.
	errClientGone = errors.New("client is gone")
	// errUpstreamGone ends a session whose warehouse connection broke without a word.
	errUpstreamGone = errors.New("warehouse connection is gone")
	// errUpstreamOrder ends a session in which the warehouse answered what was not asked.
	errUpstreamOrder = errors.New("unexpected message from the warehouse")
)

const (
	// batchSize is how much of a pipeline is collected before it is sent. It must stay below what two socket buffers hold:
	// the warehouse may be writing while it is sent, and nobody reads then.
	batchSize = 16 << 10
	// heldDelay is how long a batch waits for the Sync that the client has not sent yet.
	heldDelay = 3 * time.Millisecond
	// tick is how often a waiting session looks for a vanished client and a changed decision.
	tick = 500 * time.Millisecond
	// smallMessage is PostgreSQL's limit for messages without bulk (PQ_SMALL_MESSAGE_LIMIT).
	smallMessage = 10_000
)

// skipping says why the client's messages are passed over until its next Sync.
type skipping uint8

const (
	skipNothing skipping = iota
	// skipUpstream: the warehouse reported an error and passes them over, too.
	skipUpstream
	// skipDenied: Postern refused something. The warehouse does not know yet; it is made to fail before the Sync.
	skipDenied
)

// relay is an established session: one goroutine, in lock-step. It listens either to the client, when nothing is expected
// from the warehouse, or to the warehouse, until nothing is expected any more. So neither side can block the other for
// ever: what is sent to the warehouse in one go is small or the only thing under way.
type relay struct {
	*session
	client   *framed
	out      *outgoing
	upstream *framed

	batch  []byte        // what goes to the warehouse next
	events []audit.Event // what must be on record before
	// batches and count number the batches and statements of the session.
	batches, count uint64
	queue          queue  // what the warehouse owes
	scrap          []byte // for messages of our own to the client
	held           []byte // see hold

	status   byte // of the last ReadyForQuery: I, T or E
	unsynced bool // extended messages were sent since
	failed   bool // an error was reported since
	skip     skipping
	// dropUnnamed: the refused Parse was of the unnamed statement, which the warehouse must forget, too.
	dropUnnamed bool

	statements map[string]*statement
	portals    map[string]*portal
	kept       int // bytes of text in statements
	path       *searchPath
	toldPerson string    // the session_authorization that the client was last told of
	reported   string    // the search_path that the client was last told of, if the warehouse reports it at all
	deadline   time.Time // of the current tick
	revoked    bool      // the statement under way was cancelled because its decision changed
	withheld   bool      // rows of it came nevertheless and were not handed on
	// considered and tidied are the last changes for which what runs and the portals were looked at.
	considered, tidied uint64
}

// run serves the session until it ends; the error says how.
func (r *relay) run(ctx context.Context) error {
	for {
		kind, length, err := r.next(ctx)
		if err != nil {
			return err
		}
		if err := r.fromClient(ctx, kind, length); err != nil {
			return err
		}
	}
}

// next waits for the client's next message and checks its header; the message stays in the buffer.
func (r *relay) next(ctx context.Context) (kind byte, length int, err error) {
	for {
		kind, length, ok, err := r.client.header()
		switch {
		case err != nil:
			return 0, 0, r.fatal(pgerror.Protocol("invalid message length"))
		case ok:
			return kind, length, r.checkHeader(kind, length)
		}
		if err := r.await(ctx); err != nil {
			return 0, 0, err
		}
	}
}

// await reads from the client once, and does what is due while it is silent.
func (r *relay) await(ctx context.Context) error {
	held := len(r.batch) > 0
	if !held && r.idle() && r.draining() {
		return r.fatal(pgerror.ShuttingDown())
	}
	wait := quietDelay
	if held {
		wait = heldDelay
	}
	if err := r.client.conn.SetReadDeadline(time.Now().Add(wait)); err != nil {
		return errClientGone
	}
	if !held && r.untidy() {
		return r.tidy(ctx)
	}
	if r.draining() && r.idle() && !held {
		return nil // the deadline may just have replaced the one that was to wake us
	}
	err := r.client.more()
	switch {
	case err == nil:
		return nil
	case !isTimeout(err):
		return errClientGone
	case held:
		return r.submit(ctx, true)
	}
	return r.watch()
}

// idle reports that nothing is under way for the client.
func (r *relay) idle() bool {
	return r.queue.empty() && r.status == 'I' && !r.unsynced && r.client.buffered() == 0
}

// checkHeader refuses unknown types and lengths that no sensible message of a type has, before anything is allocated.
func (r *relay) checkHeader(kind byte, length int) error {
	limit := smallMessage
	switch kind {
	case 'Q', 'P', 'B', 'F', 'd':
		limit = maxMessageLength
	case 'C', 'D', 'E', 'H', 'S', 'X', 'c', 'f':
	default:
		return r.fatal(pgerror.Protocol("invalid frontend message type %d", kind))
	}
	if length <= limit {
		return nil
	}
	return r.fatal(pgerror.Protocol("invalid message length"))
}

// fromClient handles one message, whose header is in the buffer.
func (r *relay) fromClient(ctx context.Context, kind byte, length int) error {
	switch kind {
	case 'X':
		return io.EOF
	case 'S':
		if _, err := r.take(ctx, length); err != nil {
			return err
		}
		return r.sync(ctx)
	case 'd', 'c', 'f':
		// Not in COPY: from a client that has not noticed an error yet. PostgreSQL ignores them.
		return r.discard(ctx, length)
	}
	if r.skip != skipNothing {
		return r.discard(ctx, length)
	}
	switch kind {
	case 'Q':
		return r.query(ctx, length)
	case 'P':
		return r.parse(ctx, length)
	case 'B':
		return r.bind(ctx, length)
	case 'D':
		return r.describe(ctx, length)
	case 'E':
		return r.execute(ctx, length)
	case 'C':
		return r.close(ctx, length)
	case 'H':
		if _, err := r.take(ctx, length); err != nil {
			return err
		}
		return r.submit(ctx, true)
	case 'F':
		if err := r.discard(ctx, length); err != nil {
			return err
		}
		return r.refuseSimple(ctx, pgerror.NotSupported("function calls by protocol message are not supported"))
	}
	return r.fatal(pgerror.Protocol("invalid frontend message type %d", kind))
}

// take removes the message from the client's buffer and returns its body, valid until the next message is read. A body
// that does not fit is collected as it comes: memory follows what was received, not what was announced.
func (r *relay) take(ctx context.Context, length int) ([]byte, error) {
	if r.client.fits(length) {
		for r.client.buffered() < headerSize+length {
			if err := r.read(ctx); err != nil {
				return nil, err
			}
		}
		body := r.client.body(length)
		r.client.skip(headerSize + length)
		return body, nil
	}
	r.client.skip(headerSize)
	var body []byte
	err := r.pieces(ctx, length, func(p []byte) error {
		body = append(body, p...)
		return nil
	})
	return body, err
}

// hold is take for small messages, whose body then outlives the next read.
func (r *relay) hold(ctx context.Context, length int) ([]byte, error) {
	body, err := r.take(ctx, length)
	r.held = append(r.held[:0], body...)
	return r.held, err
}

// discard passes over a message of the client's.
func (r *relay) discard(ctx context.Context, length int) error {
	r.client.skip(headerSize)
	return r.pieces(ctx, length, func([]byte) error { return nil })
}

// pieces hands the next n bytes of the client to f, as they come.
func (r *relay) pieces(ctx context.Context, n int, f func([]byte) error) error {
	for n > 0 {
		if r.client.buffered() == 0 {
			if err := r.read(ctx); err != nil {
				return err
			}
		}
		p := r.client.buf[r.client.read:min(r.client.fill, r.client.read+n)]
		if err := f(p); err != nil {
			return err
		}
		n -= len(p)
		r.client.skip(len(p))
	}
	return nil
}

// read waits for the rest of a message that the client has begun. What is held back is sent after a moment: it was judged
// now, and must not run when the client sees fit to send the rest. Of an exempt user nothing is judged, and a COPY that
// began here would take the message apart.
func (r *relay) read(ctx context.Context) error {
	for {
		var deadline time.Time
		if len(r.batch) > 0 && !r.exempt {
			deadline = time.Now().Add(heldDelay)
		}
		if err := r.client.conn.SetReadDeadline(deadline); err != nil {
			return errClientGone
		}
		err := r.client.more()
		switch {
		case err == nil:
			return nil
		case !isTimeout(err): // a timeout may also be the server's wake-up call to idle sessions; this one is not
			return errClientGone
		}
		if !r.exempt {
			if err := r.submit(ctx, true); err != nil {
				return err
			}
		}
	}
}

// fatal tells the client why the session ends.
func (r *relay) fatal(e *pgerror.Error) error {
	r.out.write(appendError(nil, e.Fatal()))
	if r.out.flush() != nil {
		return errClientGone
	}
	return errSaid
}

// submit puts on record what is about to happen, sends the batch and relays until nothing is expected any more. With flush
// the warehouse is asked to answer now.
func (r *relay) submit(ctx context.Context, flush bool) error {
	if len(r.batch) == 0 && r.queue.empty() {
		return nil
	}
	if err := r.record(ctx); err != nil {
		r.takeBack()
		return r.deny(ctx, err)
	}
	if flush {
		r.batch = append(r.batch, 'H', 0, 0, 0, 4)
	}
	return r.exchange(ctx)
}

// exchange sends the batch as it is and relays the answers.
func (r *relay) exchange(ctx context.Context) error {
	r.setBusy(true)
	if err := r.send(r.batch); err != nil {
		return err
	}
	if r.batch = r.batch[:0]; cap(r.batch) > 4*batchSize {
		r.batch = nil
	}
	if err := r.pump(ctx); err != nil {
		return err
	}
	r.setBusy(false)
	if r.out.flush() != nil {
		return errClientGone
	}
	return nil
}

// send writes to the warehouse. If that fails, what the warehouse had to say is still looked for.
func (r *relay) send(p []byte) error {
	if len(p) == 0 {
		return nil
	}
	if err := r.upstream.conn.SetWriteDeadline(time.Now().Add(upstreamWriteTimeout)); err != nil {
		return errUpstreamGone
	}
	if _, err := r.upstream.conn.Write(p); err != nil {
		return r.lastWords()
	}
	return nil
}

// takeBack forgets a batch that was not sent.
func (r *relay) takeBack() {
	r.undo(r.queue.outstanding())
	r.queue = queue{}
	r.batch, r.events = r.batch[:0], r.events[:0]
}

// undo takes back what was assumed, last first.
func (r *relay) undo(entries []expected) {
	for i := len(entries) - 1; i >= 0; i-- {
		if entries[i].undo != nil {
			entries[i].undo()
		}
	}
}
