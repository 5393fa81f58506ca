package e2e

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/posternsql/postern/audit"
)

// caller is a session of somebody's, asked in either protocol.
type caller struct {
	t    *testing.T
	conn *pgconn.PgConn
}

func call(t *testing.T, in *instance, who person) caller {
	t.Helper()
	conn, err := pgconn.Connect(t.Context(), dsn(in, who, "sslmode=disable"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close(context.WithoutCancel(t.Context())) })
	return caller{t, conn}
}

// simple and extended return the first value of the answer.
func (c caller) simple(sql string) (string, error) {
	results, err := c.conn.Exec(c.t.Context(), sql).ReadAll()
	if err != nil || len(results) == 0 || len(results[0].Rows) == 0 {
		return "", err
	}
	return string(results[0].Rows[0][0]), nil
}

func (c caller) extended(sql string) (string, error) {
	result := c.conn.ExecParams(c.t.Context(), sql, nil, nil, nil, nil).Read()
	if result.Err != nil || len(result.Rows) == 0 {
		return "", result.Err
	}
	return string(result.Rows[0][0]), nil
}

// is wants an answer, in both protocols.
func (c caller) is(sql, want string) {
	c.t.Helper()
	for name, ask := range map[string]func(string) (string, error){"simple": c.simple, "extended": c.extended} {
		if got, err := ask(sql); err != nil || got != want {
			c.t.Errorf("%s, %s: %q (%v), want %q", sql, name, got, err, want)
		}
	}
}

// refused wants an error with a code, in both protocols, and returns the last.
func (c caller) refused(sql, code string) *pgconn.PgError {
	c.t.Helper()
	var last *pgconn.PgError
	for name, ask := range map[string]func(string) (string, error){"simple": c.simple, "extended": c.extended} {
		_, err := ask(sql)
		if sqlState(err) != code {
			c.t.Errorf("%s, %s: %v, want %s", sql, name, err, code)
		}
		errors.As(err, &last)
	}
	if last == nil {
		last = &pgconn.PgError{}
	}
	return last
}

func (c caller) must(ask func(string) (string, error), sql string) {
	c.t.Helper()
	if _, err := ask(sql); err != nil {
		c.t.Fatalf("%s: %v", sql, err)
	}
}

// startPersonal starts a server with the example's files, changed, and some more.
func startPersonal(t *testing.T, more string, change func(string) string) (*instance, map[string]string) {
	t.Helper()
	noticeSources(t)
	files, err := exampleFiles()
	if err != nil {
		t.Fatal(err)
	}
	for name := range files {
		files[name] = change(files[name])
	}
	files["more.yaml"] = more
	in, err := startInstance(shared.binary, shared.dir, files)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := in.stop(); err != nil {
			t.Error(err)
		}
	})
	return in, files
}

// records are the events that fit.
func records(t *testing.T, in *instance, fits func(audit.Event) bool) (out []audit.Event) {
	t.Helper()
	err := audit.Scan(in.audit, func(e audit.Event) error {
		if fits(e) {
			out = append(out, e)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

const projectFiles = `kind: Purpose
name: care
acknowledgement: I look at customers to care for them.
---
kind: Purpose
name: complaints
within: care
---
kind: Project
name: desk
purposes: [complaints]
members: {users: [ann]}
sources: {tables: [tpch.public.customer]}
---
kind: Project
name: together
members: {users: [ann, bob]}
sources: {tables: [tpch.public.customer]}
equalize: true
---
kind: Project
name: apart
members: {users: [ann, cyd]}
sources: {tables: [tpch.public.customer]}
equalize: true
`

// TestProjects: a project is switched to after its text was acknowledged, in all sessions of the person at once; it narrows what is visible,
// and its purposes except from a mask.
func TestProjects(t *testing.T) {
	in, _ := startPersonal(t, projectFiles, func(text string) string {
		return strings.Replace(text, `regex: {pattern: "[0-9]", replace: "*"}}
    exceptFor: "hasAttribute('clearance', 'high')"`, `regex: {pattern: "[0-9]", replace: "*"}}
    exceptFor: "hasAttribute('clearance', 'high') || isUsingPurpose('care')"`, 1)
	})
	ann := people()[0]
	here, there := call(t, in, ann), call(t, in, ann)
	const masked = "SELECT bool_and(c_phone ~ '^[*-]+$')::text FROM customer"
	here.is(masked, "true")
	here.is("SHOW postern.project", "")
	asked := here.refused("SET postern.project = 'desk'", "42501")
	if asked.Detail != "care: I look at customers to care for them." || !strings.Contains(asked.Hint, "SET postern.acknowledge = 'desk'") {
		t.Errorf("asks by %+v", asked)
	}
	here.refused("SET postern.project = 'elsewhere'", "42501")
	here.must(here.extended, "SET postern.acknowledge = 'desk'")
	there.must(there.extended, "SET postern.project = 'desk'")
	here.is("SHOW postern.project", "desk")
	here.is("SHOW postern.purposes", "care, complaints")
	here.is(masked, "false")
	here.refused("SELECT count(*) FROM orders", "42P01")
	here.refused("SELECT count(*) FROM nation", "42P01")

	// It is no part of a transaction, of a string, or of the session.
	here.must(here.simple, "BEGIN")
	if _, err := here.simple("SET postern.project TO DEFAULT"); sqlState(err) != "25001" {
		t.Errorf("in a transaction: %v", err)
	}
	if _, err := here.extended("RESET postern.project"); sqlState(err) != "25P02" {
		t.Errorf("in a failed transaction: %v", err)
	}
	here.must(here.simple, "ROLLBACK")
	here.refused("SET LOCAL postern.project = 'desk'", "0A000")
	if _, err := here.simple("SET postern.project = 'together'; SELECT 1"); sqlState(err) != "25001" {
		t.Errorf("in a string: %v", err)
	}
	here.must(here.simple, "DISCARD ALL")
	here.is("SHOW postern.project", "desk")

	// Equalized with bob, who sees everything, ann sees what she sees alone, and bob no more than she; with cyd nobody is left.
	here.must(here.simple, "SET postern.project = 'together'")
	bob := call(t, in, people()[1])
	bob.must(bob.simple, "SET postern.project = 'together'")
	own := strings.TrimSpace(rawCount(t, "'EUROPE', 'ASIA'"))
	for _, c := range []caller{here, bob} {
		c.is("SELECT count(*) FROM customer", own)
		c.is(masked, "true")
	}
	there.must(there.simple, "SET postern.project TO 'apart'")
	here.is("SELECT count(*) FROM customer", "0")
	there.must(there.extended, "RESET postern.project")
	here.is("SHOW postern.project", "")
	here.is("SELECT count(*) FROM nation", "25")

	changes := records(t, in, func(e audit.Event) bool { return e.Kind == audit.Admin && strings.HasPrefix(e.Action, "project.") })
	var got []string
	for _, e := range changes {
		got = append(got, e.User+" "+e.Action+" "+e.Target)
		if e.Action == "project.acknowledge" && !strings.Contains(e.Detail, "I look at customers to care for them.") {
			t.Errorf("the text is not on record: %q", e.Detail)
		}
	}
	want := "ann project.acknowledge desk, ann project.switch desk, ann project.switch together, bob project.switch together, ann project.switch apart, ann project.switch "
	if strings.Join(got, ", ") != want {
		t.Errorf("on record: %q", got)
	}
	inside := records(t, in, func(e audit.Event) bool { return e.Kind == audit.Statement && e.Project == "desk" && e.SQL == masked })
	if len(inside) == 0 || strings.Join(inside[0].Purposes, " ") != "care complaints" {
		t.Errorf("statements in the project: %+v", inside)
	}
	if shared.log.holds("SET postern.project") || shared.log.holds("postern.acknowledge") || shared.log.holds("RESET postern.project") {
		t.Error("the warehouse was told of a project")
	}
}

// TestImpersonation: who may act for another sees what the other sees, under both names, until it is reset or taken away.
func TestImpersonation(t *testing.T) {
	in, files := startPersonal(t, "kind: User\nname: root\nexempt: true\n", func(text string) string {
		return strings.Replace(text, "name: bob\n", "name: bob\nimpersonate: {users: [ann, root]}\n", 1)
	})
	ann, bob := people()[0], people()[1]
	own, all := strings.TrimSpace(rawCount(t, "'EUROPE', 'ASIA'")), strings.TrimSpace(rawAnswer(t, "SELECT count(*) FROM customer"))
	c := call(t, in, bob)
	const count = "SELECT count(*) FROM customer"
	c.is(count, all)
	for _, sql := range []string{"SET SESSION AUTHORIZATION cyd", "SET SESSION AUTHORIZATION root", "SET SESSION AUTHORIZATION nobody_here", "SET session_authorization = 'postgres'"} {
		if e := c.refused(sql, "42501"); !strings.HasPrefix(e.Message, "permission denied to set session authorization ") || e.Hint+e.Detail != "" {
			t.Errorf("%s: %+v", sql, e)
		}
	}
	c.must(c.extended, "SET SESSION AUTHORIZATION ann")
	if got := c.conn.ParameterStatus("session_authorization"); got != "ann" {
		t.Errorf("the client was told %q", got)
	}
	c.is("SELECT current_user", "ann")
	c.is("SHOW session_authorization", "ann")
	c.is(count, own)
	c.refused("SET postern.project = 'x'", "42501")
	c.refused("SET SESSION AUTHORIZATION cyd", "42501")
	c.is(count, own)
	c.must(c.simple, "DISCARD ALL")
	c.is(count, all)
	if got := c.conn.ParameterStatus("session_authorization"); got != "bob" {
		t.Errorf("after DISCARD ALL the client was told %q", got)
	}
	c.must(c.simple, "SET SESSION AUTHORIZATION 'ann'")
	c.is(count, own)
	c.must(c.simple, "RESET SESSION AUTHORIZATION")
	c.is(count, all)
	call(t, in, ann).refused("SET SESSION AUTHORIZATION bob", "42501")

	// Taken away, the session ends: it does not go on as somebody else.
	c.must(c.simple, "SET SESSION AUTHORIZATION ann")
	c.is(count, own)
	edit(t, in, files, func(text string) string { return strings.Replace(text, "impersonate: {users: [ann, root]}", "", 1) })
	publishes(t, in, func() bool { _, err := c.simple(count); return sqlState(err) == "42501" })
	if _, err := c.simple("SELECT 1"); err == nil {
		t.Error("the session goes on")
	}

	var statements, ends, begins int
	for _, e := range records(t, in, func(e audit.Event) bool {
		return e.Login == "bob" && e.User == "ann" || e.Action == "impersonation.begin"
	}) {
		switch {
		case e.Kind == audit.Statement && e.SQL == count:
			statements++
		case e.Kind == audit.End:
			ends++
		case e.Action == "impersonation.begin" && e.Target == "ann" && e.User == "bob":
			begins++
		}
	}
	if statements < 8 || ends < statements || begins != 3 {
		t.Errorf("on record under both names: %d statements, %d ends; %d impersonations", statements, ends, begins)
	}
	if shared.log.holds("SESSION AUTHORIZATION") || shared.log.holds("SET session_authorization") || shared.log.holds("RESET session_authorization") {
		t.Error("the warehouse was told of an impersonation")
	}
}

// TestApproval: an approval opens a source in a session that is open, its removal closes it, and so does its end, each in under a second.
func TestApproval(t *testing.T) {
	const asking = `kind: SubscriptionPolicy
name: suppliers-on-approval
on: {tables: [tpch.public.supplier]}
access: read
effect: grant
allow: {approval: {by: [bob]}}
`
	approval := func(expires string) string {
		return asking + "---\nkind: Approval\nname: ann-reads-suppliers\npolicy: suppliers-on-approval\nuser: ann\napprovedBy: [bob]\n" + expires
	}
	in, _ := startPersonal(t, asking, func(text string) string { return text })
	write := func(text string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(in.policies, "more.yaml"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	c := call(t, in, people()[0])
	const count = "SELECT count(*) FROM supplier"
	open := func() bool { _, err := c.simple(count); return err == nil }
	c.refused(count, "42P01")
	write(approval(""))
	publishes(t, in, open)
	if _, err := c.conn.Prepare(t.Context(), "kept", count, nil); err != nil {
		t.Fatal(err)
	}
	prepared := func() error { return c.conn.ExecPrepared(t.Context(), "kept", nil, nil, nil).Read().Err }
	if err := prepared(); err != nil {
		t.Fatal(err)
	}
	write(asking)
	publishes(t, in, func() bool { return sqlState(prepared()) == "42P01" && !open() })

	ends := time.Now().Add(3 * time.Second).Truncate(time.Second).Add(time.Second)
	write(approval(fmt.Sprintf("expires: %s\n", ends.UTC().Format(time.RFC3339))))
	publishes(t, in, func() bool { return prepared() == nil })
	for time.Now().Before(ends.Add(-100 * time.Millisecond)) {
		if err := prepared(); err != nil {
			t.Fatalf("%v before the approval's end: %v", time.Until(ends), err)
		}
		time.Sleep(50 * time.Millisecond)
	}
	eventually(t, time.Until(ends)+time.Second, "the approval ends", func() bool { return sqlState(prepared()) == "42P01" && !open() })
	if time.Now().Before(ends) {
		t.Errorf("the approval ended %v too early", time.Until(ends))
	}
}

// again starts a server that has stopped, on what it left behind.
func again(t *testing.T, old *instance) *instance {
	t.Helper()
	in := &instance{policies: old.policies, audit: old.audit, done: make(chan struct{})}
	in.cmd = exec.Command(shared.binary, "serve", "-c", filepath.Join(filepath.Dir(old.policies), "postern.yaml"), "--log-format", "json")
	in.cmd.SysProcAttr = childAttr()
	if err := in.start(); err != nil {
		t.Fatal(err)
	}
	return in
}

// TestProjectsOutliveTheServer: a new process has everybody in the project in which they were. With a state that it cannot read it answers
// nothing, because what is stored may be narrower than the files alone, and goes on by itself when it can.
func TestProjectsOutliveTheServer(t *testing.T) {
	noticeSources(t)
	files, err := exampleFiles()
	if err != nil {
		t.Fatal(err)
	}
	files["more.yaml"] = projectFiles
	in, err := startInstance(shared.binary, shared.dir, files)
	if err != nil {
		t.Fatal(err)
	}
	ann := people()[0]
	c := call(t, in, ann)
	c.must(c.simple, "SET postern.acknowledge = 'desk'")
	c.must(c.simple, "SET postern.project = 'desk'")
	if err := errors.Join(c.conn.Close(t.Context()), in.stop()); err != nil {
		t.Fatal(err)
	}
	in = again(t, in)
	c = call(t, in, ann)
	c.is("SHOW postern.purposes", "care, complaints")
	c.must(c.simple, "RESET postern.project")
	c.must(c.simple, "SET postern.project = 'desk'")
	if err := errors.Join(c.conn.Close(t.Context()), in.stop()); err != nil {
		t.Fatal(err)
	}

	state := filepath.Join(filepath.Dir(in.policies), "postern.db")
	for _, name := range []string{state + "-wal", state + "-shm"} {
		if err := os.Remove(name); err != nil && !errors.Is(err, os.ErrNotExist) {
			t.Fatal(err)
		}
	}
	kept, err := os.ReadFile(state)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(state, []byte(strings.Repeat("damaged ", 1024)), 0o600); err != nil {
		t.Fatal(err)
	}
	in = again(t, in)
	if _, err := pgconn.Connect(t.Context(), dsn(in, ann, "sslmode=disable")); err == nil || !strings.Contains(err.Error(), "57P03") {
		t.Errorf("with a state that cannot be read: %v", err)
	}
	// Once it can be read again all is as it was, without a restart.
	if err := os.WriteFile(state, kept, 0o600); err != nil {
		t.Fatal(err)
	}
	eventually(t, 20*time.Second, "the server serves again", func() bool {
		conn, err := pgconn.Connect(t.Context(), dsn(in, ann, "sslmode=disable"))
		return err == nil && conn.Close(t.Context()) == nil
	})
	c = call(t, in, ann)
	c.is("SHOW postern.project", "desk")
	if err := errors.Join(c.conn.Close(t.Context()), in.stop()); err != nil {
		t.Fatal(err)
	}
}
