package proxy

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"

	"github.com/posternsql/postern/pgerror"
	"github.com/posternsql/postern/rewrite"
)

// nowhere is the name of a prepared statement that nobody can make: the relay refuses it. Describing it makes the
// warehouse fail on purpose, which costs it nothing and has no other effect.
const nowhere = reserved + ": no such statement"

// settle waits for statements under way whose outcome the next judgement depends on (SET search_path, DEALLOCATE, …).
func (r *relay) settle(ctx context.Context) error {
	if r.exempt {
		return nil
	}
	for _, e := range r.queue.outstanding() {
		for _, run := range e.run {
			if e.awaits == awaitExecute && r.path.affectsNames(run.statement) {
				return r.submit(ctx, true)
			}
		}
	}
	return nil
}

// makeRoom sends the batch if n more bytes would make it too large.
func (r *relay) makeRoom(ctx context.Context, n int) error {
	if len(r.batch) > 0 && len(r.batch)+n > batchSize {
		return r.submit(ctx, true)
	}
	return nil
}

// enqueue adds one message to the batch, and sends the batch at once if the message alone fills it.
func (r *relay) enqueue(ctx context.Context, e expected, message []byte) error {
	r.batch = append(r.batch, message...)
	r.queue.push(e)
	r.unsynced = true
	if len(r.batch) > batchSize {
		return r.submit(ctx, true)
	}
	return nil
}

// parse handles Parse: every text is judged, named or not, with parameters or without.
func (r *relay) parse(ctx context.Context, length int) error {
	if length > r.cfg.MaxMessageBytes {
		if err := r.discard(ctx, length); err != nil {
			return err
		}
		return r.deny(ctx, r.tooLong(length))
	}
	body, err := r.take(ctx, length)
	if err != nil {
		return err
	}
	name, sql, types, ok := readParse(body)
	if !ok {
		return r.fatal(pgerror.Protocol("invalid message format"))
	}
	if err := r.settle(ctx); err != nil || r.skip != skipNothing {
		return err
	}
	s := &statement{name: name, sql: sql, types: types}
	if err := r.room(len(sql)); err != nil {
		return r.deny(ctx, err)
	}
	if s.verdict, err = r.judge(ctx, sql, types, true); err != nil {
		return r.refuseParse(ctx, s, err)
	}
	s.sent = s.only().SQL
	message := parseMessage(name, s.sent, types)
	if err := r.makeRoom(ctx, len(message)); err != nil || r.skip != skipNothing {
		return err
	}
	s.run = r.begin(&s.verdict, s.only(), sql, parsing)
	undo := r.keep(s)
	e := expected{awaits: awaitParse, undo: undo, unnamed: name == "", places: s.only().ClientPosition}
	if s.run != nil {
		e.run = []*running{s.run}
	}
	return r.enqueue(ctx, e, message)
}

func (r *relay) refuseParse(ctx context.Context, s *statement, err error) error {
	r.refuse(&s.verdict, s.sql, extendedProtocol, err)
	if err := r.deny(ctx, err); err != nil {
		return err
	}
	if s.name == "" && r.skip == skipDenied {
		r.dropUnnamed = true
		r.dropStatement("")
	}
	return nil
}

// bind handles Bind. Its values are never looked at; a large one is streamed, alone.
func (r *relay) bind(ctx context.Context, length int) error {
	portalName, name, err := r.bindNames(ctx, length)
	if err != nil {
		return err
	}
	for !streamed(length) && r.client.buffered() < headerSize+length {
		if err := r.read(ctx); err != nil {
			return err
		}
	}
	if err := r.settle(ctx); err != nil {
		return err
	}
	s, known := r.statements[name]
	if !known && r.exempt {
		s, known = r.foreignStatement(name), true
	}
	var on []*target
	if r.skip == skipNothing {
		on, err = r.bindable(ctx, s, known, name)
		if err != nil {
			if err := r.discard(ctx, length); err != nil {
				return err
			}
			return r.deny(ctx, err)
		}
		err = r.makeRoom(ctx, headerSize+length+len(s.only().SQL))
	}
	if err != nil {
		return err
	}
	if r.skip != skipNothing {
		return r.discard(ctx, length)
	}
	if err := r.prepareAgain(ctx, s); err != nil {
		return err
	}
	if r.skip != skipNothing {
		return r.discard(ctx, length)
	}
	if _, err := r.prepareTargets(ctx, on, false); err != nil {
		return err
	}
	old, had := r.portals[portalName]
	r.portals[portalName] = newPortal(s, on)
	undo := func() {
		delete(r.portals, portalName)
		if had {
			r.portals[portalName] = old
		}
	}
	return r.passOn(ctx, expected{awaits: awaitBind, undo: undo}, length)
}

// bindable decides whether the statement may be bound now.
func (r *relay) bindable(ctx context.Context, s *statement, known bool, name string) ([]*target, error) {
	if !known {
		return nil, unknownStatement(name)
	}
	if len(r.portals) >= r.cfg.MaxStatements {
		return nil, pgerror.LimitExceeded("too many portals in one session")
	}
	err := r.renew(ctx, s)
	var on []*target
	if err == nil && s.only().Kind == rewrite.KindExecute {
		// A name that is not known yet is Execute's to refuse.
		if _, known := r.statements[s.only().Name]; known && r.status != 'E' {
			on, err = r.targets(ctx, &s.verdict)
		}
	}
	if err != nil {
		r.refuse(&s.verdict, s.sql, extendedProtocol, err)
		return nil, err
	}
	return on, nil
}

// prepareAgain replaces the warehouse's statement if the judged text has changed. The client does not see it, unless it was
// told of columns that are not the same any more: then it gets PostgreSQL's own error for that.
func (r *relay) prepareAgain(ctx context.Context, s *statement) error {
	if s.current() {
		return nil
	}
	r.appendPrepare(s)
	r.unsynced = true
	if s.told == "" {
		return nil
	}
	r.batch = appendMessage(r.batch, 'D', []byte{'S'}, []byte(s.name), []byte{0})
	r.queue.push(expected{awaits: awaitDescribe, silent: true, describes: s, quiet: r.quiet(s.only())})
	if err := r.submit(ctx, true); err != nil || r.skip != skipNothing || s.shape == s.told {
		return err
	}
	return r.deny(ctx, pgerror.NotSupported("cached plan must not change result type"))
}

// streamed reports that a message is too large to be held with others.
func streamed(length int) bool { return headerSize+length > batchSize }

// passOn sends the client's own message as it is. It is in the client's buffer, wholly unless it is streamed.
func (r *relay) passOn(ctx context.Context, e expected, length int) error {
	if !streamed(length) {
		message := r.client.buf[r.client.read : r.client.read+headerSize+length]
		r.client.skip(len(message))
		return r.enqueue(ctx, e, message)
	}
	// What is in the batch precedes it, and it is the last thing sent before the answers are read.
	if err := r.record(ctx); err != nil {
		e.undo()
		r.takeBack()
		if err := r.discard(ctx, length); err != nil {
			return err
		}
		return r.deny(ctx, err)
	}
	r.queue.push(e)
	r.unsynced = true
	if err := r.send(r.batch); err != nil {
		return err
	}
	r.batch = r.batch[:0]
	if err := r.pieces(ctx, headerSize+length, r.send); err != nil {
		return err
	}
	return r.submit(ctx, true)
}

// describe handles Describe of a statement or a portal.
func (r *relay) describe(ctx context.Context, length int) error {
	body, err := r.hold(ctx, length)
	if err != nil {
		return err
	}
	kind, name, ok := readTarget(body)
	if !ok {
		return r.fatal(pgerror.Protocol("invalid message format"))
	}
	if err := r.settle(ctx); err != nil || r.skip != skipNothing {
		return err
	}
	if _, known := r.statements[name]; kind == 'S' && !known && !r.exempt {
		return r.deny(ctx, unknownStatement(name))
	}
	p, known := r.portals[name]
	if kind == 'P' && !known && !r.exempt {
		return r.deny(ctx, unknownPortal(name))
	}
	if kind == 'P' && known && p.refused != nil {
		return r.deny(ctx, p.refused)
	}
	if err := r.makeRoom(ctx, headerSize+length); err != nil || r.skip != skipNothing {
		return err
	}
	e := expected{awaits: awaitDescribe}
	if kind == 'S' {
		if e.describes = r.statements[name]; e.describes != nil {
			e.explain = e.describes.only().Explain
			e.quiet = r.quiet(e.describes.only())
		}
	} else if known {
		e.explain = p.only().Explain
		e.quiet = r.quiet(p.only())
	}
	return r.enqueue(ctx, e, appendMessage(nil, 'D', body))
}

// execute handles Execute: the moment at which a statement runs, so the one that is audited.
func (r *relay) execute(ctx context.Context, length int) error {
	body, err := r.hold(ctx, length)
	if err != nil {
		return err
	}
	name, rest, ok := bytes.Cut(body, []byte{0})
	if !ok || len(rest) != 4 {
		return r.fatal(pgerror.Protocol("invalid message format"))
	}
	if err := r.settle(ctx); err != nil || r.skip != skipNothing {
		return err
	}
	p, known := r.portals[string(name)]
	if !known && r.exempt {
		p, known = r.foreignPortal(string(name)), true
	}
	if !known {
		return r.deny(ctx, unknownPortal(string(name)))
	}
	if err := r.executable(ctx, p); err != nil {
		r.refuse(&p.verdict, p.statement.sql, extendedProtocol, err)
		return r.closePortal(ctx, string(name), err)
	}
	if err := r.makeRoom(ctx, headerSize+length); err != nil || r.skip != skipNothing {
		return err
	}
	if p.only().Personal() {
		return r.executePersonal(ctx, p, string(name), appendMessage(nil, 'E', body))
	}
	on, err := r.portalTargets(ctx, p)
	if err != nil {
		r.refuse(&p.verdict, p.statement.sql, extendedProtocol, err)
		return r.closePortal(ctx, string(name), err)
	}
	if r.quiet(p.runs()) {
		clear(body[len(body)-4:]) // a bound of the rows is for what returns any
	}
	run := r.begin(&p.verdict, p.runs(), p.statement.sql, executing)
	r.rests(run, on)
	r.covered(p.statement.run)
	return r.enqueue(ctx, expected{awaits: awaitExecute, run: []*running{run}}, appendMessage(nil, 'E', body))
}

// executable refuses a portal whose decision has changed: its plan and its snapshot cannot (42501). A new search_path does
// not touch it.
func (r *relay) executable(ctx context.Context, p *portal) error {
	if p.refused != nil {
		return p.refused
	}
	same, err := r.decided(&p.verdict)
	if same || err != nil {
		return err
	}
	v, err := r.judge(ctx, p.statement.sql, p.statement.types, true)
	var told *pgerror.Error
	if errors.As(err, &told) && told.Severity != pgerror.SeverityFatal && !unavailable(err) {
		return revocation() // whatever it is that cannot be seen any more
	}
	if err != nil {
		return err
	}
	if v.path != p.path && !p.statement.inSQL || v.only().SQL != p.only().SQL {
		return revocation()
	}
	p.version, p.principal, p.until = v.version, v.principal, v.until
	return nil
}

// closePortal refuses an Execute and closes the portal.
func (r *relay) closePortal(ctx context.Context, name string, err error) error {
	if err := r.deny(ctx, err); err != nil {
		return err
	}
	if r.skip == skipDenied {
		// The transaction is about to fail, and the portal with it; outside of one it would be gone at Sync anyway.
		delete(r.portals, name)
	}
	return nil
}

// close handles Close, which succeeds whether or not there is something to close.
func (r *relay) close(ctx context.Context, length int) error {
	body, err := r.hold(ctx, length)
	if err != nil {
		return err
	}
	kind, name, ok := readTarget(body)
	if !ok {
		return r.fatal(pgerror.Protocol("invalid message format"))
	}
	if err := r.settle(ctx); err != nil || r.skip != skipNothing {
		return err
	}
	if err := r.makeRoom(ctx, headerSize+length); err != nil || r.skip != skipNothing {
		return err
	}
	var undo func()
	if old, known := r.statements[name]; kind == 'S' && known {
		r.dropStatement(name)
		undo = func() { r.keep(old) }
	}
	if old, known := r.portals[name]; kind == 'P' && known {
		delete(r.portals, name)
		undo = func() { r.portals[name] = old }
	}
	return r.enqueue(ctx, expected{awaits: awaitClose, undo: undo}, appendMessage(nil, 'C', body))
}

// sync handles Sync: the end of a pipeline and of the wait for it after an error.
func (r *relay) sync(ctx context.Context) error {
	if err := r.record(ctx); err != nil {
		r.takeBack()
		if err := r.deny(ctx, err); err != nil {
			return err
		}
	}
	if r.skip == skipDenied {
		r.provoke()
	}
	r.skip = skipNothing
	r.batch = append(r.batch, 'S', 0, 0, 0, 4)
	r.queue.push(expected{awaits: awaitSync})
	return r.exchange(ctx)
}

// provoke makes the warehouse fail as it would have, had it refused what Postern refused: an open transaction, implicit or
// explicit, is aborted.
func (r *relay) provoke() {
	if r.dropUnnamed {
		r.batch = append(r.batch, 'C', 0, 0, 0, 6, 'S', 0)
		r.queue.push(expected{awaits: awaitClose, silent: true})
		r.dropUnnamed = false
	}
	r.batch = appendMessage(r.batch, 'D', []byte{'S'}, []byte(nowhere), []byte{0})
	r.queue.push(expected{awaits: awaitFailure, silent: true})
}

// bindNames reads the two names at the front of a Bind that is still in the client's buffer.
func (r *relay) bindNames(ctx context.Context, length int) (portalName, name string, err error) {
	for {
		held := min(length, r.client.buffered()-headerSize)
		body := r.client.body(held)
		first, rest, ok1 := bytes.Cut(body, []byte{0})
		second, _, ok2 := bytes.Cut(rest, []byte{0})
		switch {
		case ok1 && ok2:
			return string(first), string(second), nil
		case held == length || held > 2*smallMessage:
			return "", "", r.fatal(pgerror.Protocol("invalid message format"))
		}
		if err := r.read(ctx); err != nil {
			return "", "", err
		}
	}
}

// readParse takes the body of a Parse apart.
func readParse(body []byte) (name, sql string, types []uint32, ok bool) {
	first, rest, ok1 := bytes.Cut(body, []byte{0})
	second, rest, ok2 := bytes.Cut(rest, []byte{0})
	if !ok1 || !ok2 || len(rest) < 2 {
		return "", "", nil, false
	}
	count := int(binary.BigEndian.Uint16(rest))
	if rest = rest[2:]; len(rest) != 4*count {
		return "", "", nil, false
	}
	for ; len(rest) > 0; rest = rest[4:] {
		types = append(types, binary.BigEndian.Uint32(rest))
	}
	return string(first), string(second), types, !bytes.HasPrefix(first, []byte(reserved))
}

// parseMessage prints a Parse.
func parseMessage(name, sql string, types []uint32) []byte {
	m := make([]byte, 0, headerSize+len(name)+len(sql)+4+4*len(types))
	m = append(m, 'P', 0, 0, 0, 0)
	m = append(append(m, name...), 0)
	m = append(append(m, sql...), 0)
	m = binary.BigEndian.AppendUint16(m, uint16(len(types)))
	for _, t := range types {
		m = binary.BigEndian.AppendUint32(m, t)
	}
	binary.BigEndian.PutUint32(m[1:], uint32(len(m)-1))
	return m
}

// readTarget takes the body of a Describe or Close apart.
func readTarget(body []byte) (kind byte, name string, ok bool) {
	if len(body) < 2 || body[len(body)-1] != 0 || bytes.IndexByte(body[1:], 0) != len(body)-2 {
		return 0, "", false
	}
	return body[0], string(body[1 : len(body)-1]), body[0] == 'S' || body[0] == 'P'
}
