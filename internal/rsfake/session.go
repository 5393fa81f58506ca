package rsfake

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/jackc/pgx/v5/pgconn"
)

// session relays between a client and PostgreSQL: one goroutine for each direction. What the client says is translated on its
// way; what is refused is sent as a text that PostgreSQL's parser refuses, and its answer is replaced on the way back. So
// every state of the protocol is PostgreSQL's own.
type session struct {
	server *Server
	client *client
	user   string
	up     net.Conn
	fromUp *bufio.Reader
	pid    uint32
	secret []byte
	status map[string]string

	mu       sync.Mutex
	refusals map[string]*Refusal
	count    int
	// changed reports that the last text was changed on its way, so that positions mean nothing.
	changed atomic.Bool
	tag     string // of the block that runs; of the answering goroutine alone, as is plan: that rows are lines of a plan
	plan    bool
	running *running
}

// marker is what a refused text is replaced with; PostgreSQL names it in its syntax error.
const marker = "rsfake_refused_"

func newSession(s *Server, c *client, h *pgconn.HijackedConn, user string) *session {
	return &session{server: s, client: c, user: user, up: h.Conn, fromUp: bufio.NewReader(h.Conn), pid: h.PID, secret: h.SecretKey,
		status: h.ParameterStatuses, refusals: map[string]*Refusal{}, running: newRunning()}
}

// run greets the client and relays until one side ends.
func (s *session) run(ctx context.Context) error {
	if err := s.greet(); err != nil {
		return err
	}
	stop := context.AfterFunc(ctx, func() { s.up.Close() })
	defer stop()
	answered := make(chan error, 1)
	go func() {
		err := s.answers()
		s.client.conn.Close()
		answered <- err
	}()
	err := s.requests()
	s.up.Close()
	if other := <-answered; err == nil {
		err = other
	}
	if errors.Is(err, io.EOF) || errors.Is(err, net.ErrClosed) {
		return nil
	}
	return err
}

// greet sends the parameters as a Redshift does: no standard_conforming_strings among them.
func (s *session) greet() error {
	superuser := "off"
	if s.status["is_superuser"] == "on" {
		superuser = "on"
	}
	var out []byte
	for _, p := range [][2]string{
		{"server_version", serverVersion}, {"server_encoding", "UNICODE"}, {"client_encoding", "UTF8"}, {"datestyle", s.status["DateStyle"]}, {"TimeZone", s.status["TimeZone"]},
		{"integer_datetimes", "on"}, {"is_superuser", superuser}, {"session_authorization", s.user}, {"application_name", s.status["application_name"]}, {"case_sensitive", "on"},
		{"timezone_abbreviations", "Default"}, {"padb_version", "1.0.63269"}, {"padb_revision", "98ebd25"}, {"max_numeric_precision", "38"}, {"max_varchar_size", "65535"},
		{"datashare_enabled", "on"}, {"external_database", "off"}, {"session_id", itoa(int(s.pid))}, {"stand_in", "rsfake"}, // no cluster says the last
	} {
		out = appendMessage(out, 'S', zero(p[0]), zero(p[1]))
	}
	if asked := s.client.params["client_protocol_version"]; asked != "" {
		out = appendMessage(out, 'S', zero("server_protocol_version"), zero("0"))
	}
	if s.client.params["driver_discovery_version"] != "" {
		out = appendMessage(out, 'S', zero("show_discovery"), zero("0"))
	}
	out = appendMessage(out, 'K', binary.BigEndian.AppendUint32(nil, s.pid), s.secret)
	out = appendMessage(out, 'Z', []byte{'I'})
	_, err := s.client.conn.Write(out)
	return err
}

// requests relays what the client sends.
func (s *session) requests() error {
	w := bufio.NewWriter(s.up)
	for {
		m, err := readMessage(s.client.r, maxMessage)
		if err != nil {
			return err
		}
		if m.kind == 'X' {
			return nil
		}
		if _, err := w.Write(s.request(m)); err != nil {
			return err
		}
		if s.client.r.Buffered() == 0 {
			if err := w.Flush(); err != nil {
				return err
			}
		}
	}
}

// request is what PostgreSQL gets in place of a client's message.
func (s *session) request(m message) []byte {
	s.running.request(m)
	switch m.kind {
	case 'Q', 'P':
		return s.text(m)
	case 'B':
		if n, ok := parameters(m.body); m.body == nil || !ok || n > MaxParameters {
			return s.refused('P', &Refusal{Code: "42P02", Message: fmt.Sprintf("there is no parameter $%d", int16(min(n, 65535)))})
		}
	case 'D', 'E', 'C', 'S', 'H':
		if m.size != len(m.body) {
			return s.refused('P', &Refusal{Code: "08P01", Message: "invalid message length"})
		}
	default:
		// Function calls, COPY data, and the answers to requests that were not made.
		return s.refused('Q', &Refusal{Code: "0A000", Message: "message of type " + string(rune(m.kind)) + " is not supported"})
	}
	return appendMessage(nil, m.kind, m.body)
}

// text translates Query and Parse.
func (s *session) text(m message) []byte {
	if m.size > MaxStatementBytes+1<<16 {
		return s.refused(m.kind, tooLarge(m.size))
	}
	name, body, ok := "", m.body, true
	if m.kind == 'P' {
		name, body, ok = cstring(body)
	}
	sql, rest, ok2 := cstring(body)
	if !ok || !ok2 {
		return s.refused(m.kind, &Refusal{Code: "08P01", Message: "invalid message format"})
	}
	s.server.note(sql)
	translated, refused := Translate(sql)
	if refused == nil && m.kind == 'P' && len(rest) >= 2 && int(binary.BigEndian.Uint16(rest)) > MaxParameters {
		refused = &Refusal{Code: "42P02", Message: "there is no parameter $-32768"}
	}
	if refused != nil {
		return s.refused(m.kind, refused)
	}
	s.changed.Store(translated != sql)
	if m.kind == 'Q' {
		return appendMessage(nil, 'Q', zero(translated))
	}
	return appendMessage(nil, 'P', zero(name), zero(translated), rest)
}

// refused is a message that makes PostgreSQL refuse in the place of another.
func (s *session) refused(kind byte, r *Refusal) []byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.count++
	name := marker + itoa(s.count)
	if len(s.refusals) < maxKept {
		s.refusals[name] = r
	}
	if kind == 'Q' {
		return appendMessage(nil, 'Q', zero(name))
	}
	return appendMessage(nil, 'P', zero(""), zero(name), []byte{0, 0})
}

// parameters counts the values of a Bind.
func parameters(body []byte) (int, bool) {
	_, rest, ok := cstring(body)
	if !ok {
		return 0, false
	}
	_, rest, ok = cstring(rest)
	if !ok || len(rest) < 2 {
		return 0, false
	}
	formats := int(binary.BigEndian.Uint16(rest)) * 2
	if len(rest) < 2+formats+2 {
		return 0, false
	}
	return int(binary.BigEndian.Uint16(rest[2+formats:])), true
}

// answers relays what PostgreSQL sends.
func (s *session) answers() error {
	w := bufio.NewWriter(s.client.conn)
	for {
		m, err := readMessage(s.fromUp, 1<<30)
		if err != nil {
			return errors.Join(w.Flush(), err)
		}
		if _, err := w.Write(s.answer(m)); err != nil {
			return err
		}
		if s.fromUp.Buffered() == 0 {
			if err := w.Flush(); err != nil {
				return err
			}
		}
	}
}

// answer is what the client gets in place of a message of PostgreSQL's.
func (s *session) answer(m message) []byte {
	s.ended(m)
	switch m.kind {
	case 'C':
		tag, _, _ := cstring(m.body)
		return appendMessage(nil, 'C', zero(s.commandTag(tag)))
	case 'E', 'N':
		return s.notice(m)
	case 'T':
		s.plan = bytes.HasPrefix(m.body, []byte("\x00\x01QUERY PLAN\x00"))
	case 'D':
		if s.plan && len(m.body) > 6 {
			return appendMessage(nil, 'D', planLine(m.body[6:]))
		}
	case 'S':
		name, rest, _ := cstring(m.body)
		switch name {
		case "DateStyle":
			name = "datestyle"
		case "TimeZone", "application_name", "client_encoding", "session_authorization", "is_superuser":
		default:
			return nil
		}
		value, _, _ := cstring(rest)
		return appendMessage(nil, 'S', zero(name), zero(value))
	}
	return appendMessage(nil, m.kind, m.body)
}

var planOperator = regexp.MustCompile(`^( *(?:->  )?)([A-Z][A-Za-z0-9 ]* on [^(]*  \(cost=|[A-Z][A-Za-z0-9 ]*  \(cost=)`)

// planLine is a line of a plan as Redshift has it: a node runs on the compute nodes (XN).
func planLine(text []byte) []byte {
	text = planOperator.ReplaceAll(text, []byte("${1}XN ${2}"))
	return append(binary.BigEndian.AppendUint32([]byte{0, 1}, uint32(len(text))), text...)
}

// commandTag is as 8.0 wrote it: without a count behind SELECT, FETCH and COPY.
func (s *session) commandTag(tag string) string {
	if tag == "DO" && s.tag != "" {
		tag, s.tag = s.tag, ""
		return tag
	}
	for _, name := range []string{"SELECT", "FETCH", "MERGE"} {
		if strings.HasPrefix(tag, name+" ") {
			return name
		}
	}
	return tag
}

func (s *session) notice(m message) []byte {
	fields := errorFields(m.body)
	if m.kind == 'N' {
		if tag, ok := strings.CutPrefix(fields['M'], tagPrefix); ok && fields['C'] == "00000" {
			s.tag = tag
			return nil
		}
	}
	if m.kind == 'E' {
		s.tag = ""
		if r := s.refusal(fields); r != nil {
			return appendMessage(nil, 'E', printFields(refusalFields("ERROR", r)))
		}
	}
	if s.changed.Load() {
		delete(fields, 'P')
	}
	if strings.Contains(fields['W'], "inline_code_block") {
		delete(fields, 'W')
	}
	return appendMessage(nil, m.kind, printFields(fields))
}

// refusal is what a syntax error at a marker stands for; it is given once.
func (s *session) refusal(fields map[byte]string) *Refusal {
	r, name := s.refusalOf(fields)
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.refusals, name)
	return r
}

// refusalOf is the refusal behind an error, and the marker that stood for it.
func (s *session) refusalOf(fields map[byte]string) (*Refusal, string) {
	_, name, found := strings.Cut(fields['M'], `"`+marker)
	if fields['C'] != "42601" || !found {
		return nil, ""
	}
	name = marker + strings.TrimSuffix(name, `"`)
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.refusals[name], name
}
