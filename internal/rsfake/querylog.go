package rsfake

import (
	"context"
	"strconv"
	"sync"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
)

// logged is a statement that ended, as sys_query_history has it.
type logged struct {
	user, text, status, failure string
	session                     uint32
	start, end                  time.Time
	rows, bytes                 int64
}

// statementLog writes what ended into the database, past every session's transaction.
type statementLog struct {
	mu   sync.Mutex
	conn *pgconn.PgConn
}

// logApplication is the name of the session that writes; it is no client's.
const logApplication = "rsfake:log"

// write adds one statement. The log is a help for tests: where it cannot be written, the session goes on.
func (s *Server) write(l logged) {
	s.statements.mu.Lock()
	defer s.statements.mu.Unlock()
	ctx, cancel := context.WithTimeout(s.ctx, 10*time.Second)
	defer cancel()
	if s.statements.conn == nil {
		config, err := pgconn.ParseConfig(s.cfg.Cluster.DSN(s.cfg.Database))
		if err != nil {
			s.log.Error("writing the log of statements", "error", err)
			return
		}
		config.RuntimeParams["application_name"], config.RuntimeParams["timezone"] = logApplication, "UTC"
		if s.statements.conn, err = pgconn.ConnectConfig(ctx, config); err != nil {
			s.log.Error("writing the log of statements", "error", err)
			return
		}
	}
	const layout = "2006-01-02 15:04:05.000000"
	var values [][]byte
	for _, v := range []string{l.user, strconv.Itoa(int(l.session)), s.cfg.Database, l.start.UTC().Format(layout), l.end.UTC().Format(layout), l.status, l.text, l.failure,
		strconv.FormatInt(l.rows, 10), strconv.FormatInt(l.bytes, 10)} {
		values = append(values, []byte(v))
	}
	got := s.statements.conn.ExecParams(ctx, "INSERT INTO pg_rs_shim.query_log (user_name, session_id, database_name, query_label, start_time, end_time, status, query_text, error_message, returned_rows, returned_bytes)"+
		" VALUES ($1, $2, $3, 'default', $4, $5, $6, $7, $8, $9, $10)", values, nil, nil, nil).Read()
	if got.Err != nil {
		s.log.Error("writing the log of statements", "error", got.Err)
		_ = s.statements.conn.Close(ctx)
		s.statements.conn = nil
	}
}

// closeLog ends the session that writes.
func (s *Server) closeLog(ctx context.Context) {
	s.statements.mu.Lock()
	defer s.statements.mu.Unlock()
	if s.statements.conn != nil {
		_ = s.statements.conn.Close(ctx)
		s.statements.conn = nil
	}
}

// asked is one request that the server has not answered to its end: a text to parse (P), one to run (E), one of a Query (Q), or the end
// of a batch (S), which is that of a Query too.
type asked struct {
	kind  byte
	text  string
	since time.Time
}

// running follows which statement an answer is about: answers come in the order of requests.
type running struct {
	mu       sync.Mutex
	queue    []asked
	prepared map[string]string
	portals  map[string]string
	rows     int64
	bytes    int64
}

func newRunning() *running {
	return &running{prepared: map[string]string{}, portals: map[string]string{}}
}

// request notes what a client asks for.
func (r *running) request(m message) {
	r.mu.Lock()
	defer r.mu.Unlock()
	add := func(kind byte, text string) { r.queue = append(r.queue, asked{kind, text, time.Now()}) }
	switch m.kind {
	case 'Q':
		sql, _, _ := cstring(m.body)
		for _, text := range texts(sql) {
			add('Q', text)
		}
		add('S', "")
	case 'P':
		name, rest, _ := cstring(m.body)
		sql, _, _ := cstring(rest)
		r.prepared[name] = sql
		add('P', sql)
	case 'B':
		portal, rest, _ := cstring(m.body)
		name, _, _ := cstring(rest)
		r.portals[portal] = r.prepared[name]
	case 'E':
		portal, _, _ := cstring(m.body)
		add('E', r.portals[portal])
	case 'C', 'D', 'H':
	default: // a Sync, and what is refused in the place of a Query
		add('S', "")
	}
}

// texts are the statements of a text, as the client wrote them.
func texts(sql string) (out []string) {
	tokens, refused := lex(sql)
	if refused != nil {
		return []string{sql}
	}
	for _, s := range split(tokens) {
		last := s[len(s)-1]
		end := len(sql)
		for _, t := range tokens {
			if t.at > last.at {
				end = t.at
				break
			}
		}
		out = append(out, trim(sql[s[0].at:end]))
	}
	return out
}

func trim(text string) string {
	for len(text) > 0 && (text[len(text)-1] == ' ' || text[len(text)-1] == '\n' || text[len(text)-1] == '\t' || text[len(text)-1] == ';') {
		text = text[:len(text)-1]
	}
	return text
}

// answer notes what PostgreSQL says, and returns the statement that has ended by it.
func (r *running) answer(m message) (asked, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch m.kind {
	case 'D':
		r.rows++
		r.bytes += int64(len(m.body))
	case '1':
		r.pop('P')
	case 'I':
		r.pop('E')
	case 'C':
		return r.pop('E', 'Q')
	case 'E':
		if len(r.queue) == 0 || r.queue[0].kind == 'S' {
			return asked{}, false
		}
		failed := r.queue[0]
		for len(r.queue) > 0 && r.queue[0].kind != 'S' {
			r.queue = r.queue[1:]
		}
		return failed, true
	case 'Z':
		for len(r.queue) > 0 {
			end := r.queue[0].kind == 'S'
			if r.queue = r.queue[1:]; end {
				break
			}
		}
	}
	return asked{}, false
}

// pop takes the first request if it is of one of the kinds.
func (r *running) pop(kinds ...byte) (asked, bool) {
	if len(r.queue) == 0 {
		return asked{}, false
	}
	first := r.queue[0]
	for _, k := range kinds {
		if first.kind == k {
			r.queue = r.queue[1:]
			return first, true
		}
	}
	return asked{}, false
}

// counted gives what was returned for the statement that ended, and begins anew.
func (r *running) counted() (rows, bytes int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	rows, bytes = r.rows, r.bytes
	r.rows, r.bytes = 0, 0
	return rows, bytes
}

// ended writes the statement that an answer ends, before the client gets the answer.
func (s *session) ended(m message) {
	a, over := s.running.answer(m)
	if !over {
		return
	}
	l := logged{user: s.user, text: a.text, status: "success", session: s.pid, start: a.since, end: time.Now()}
	l.rows, l.bytes = s.running.counted()
	if m.kind == 'E' {
		fields := errorFields(m.body)
		l.status, l.failure = "failed", fields['M']
		if fields['C'] == "57014" {
			l.status = "canceled"
		}
		if r, _ := s.refusalOf(fields); r != nil {
			l.failure = r.Message
		}
	}
	s.server.write(l)
}
