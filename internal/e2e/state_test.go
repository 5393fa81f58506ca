package e2e

import (
	"bytes"
	"crypto/rand"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// operator works with the servers that share one state, as an administrator does: by the command line, from a folder of files.
type operator struct {
	t       *testing.T
	folder  string
	servers []*instance
	// token is the one that commands use, the server's first where it is empty.
	token string
	// relays check what passes between commands and servers against the servers' own description; nil leaves them out.
	relays map[*instance]*checkedServer
}

const storedSettings = `listen: 127.0.0.1:0
admin: {listen: 127.0.0.1:0}
state: %[2]s
audit: {dir: %[1]s/audit}
stalenessMillis: 1000
%[3]s
`

// startStored starts a server that has nothing but its state.
func startStored(t *testing.T, state, more string, without ...string) *instance {
	t.Helper()
	dir := t.TempDir()
	in := &instance{policies: filepath.Join(dir, "policies"), audit: filepath.Join(dir, "audit"), done: make(chan struct{})}
	config := filepath.Join(dir, "postern.yaml")
	if state == "" {
		state = "sqlite:" + dir + "/postern.db"
	}
	if err := os.WriteFile(config, fmt.Appendf(nil, storedSettings, dir, state, more), 0o600); err != nil {
		t.Fatal(err)
	}
	in.cmd = exec.Command(shared.binary, "serve", "-c", config, "--log-format", "json")
	in.cmd.Env = environmentWithout(without)
	in.cmd.SysProcAttr = childAttr()
	if err := in.start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("the log of %s:\n%s", in.port, in.logText())
		}
		select {
		case <-in.done:
		default:
			if err := in.stop(); err != nil {
				t.Error(err)
			}
		}
	})
	return in
}

func environmentWithout(names []string) (out []string) {
	for _, e := range os.Environ() {
		name, _, _ := strings.Cut(e, "=")
		keep := true
		for _, n := range names {
			keep = keep && n != name
		}
		if keep {
			out = append(out, e)
		}
	}
	return out
}

// stateDatabase makes an empty database for a state, and returns its address and the line that says where its password is.
func stateDatabase(t *testing.T) (url, more string) {
	t.Helper()
	name := "state_" + strings.ToLower(rand.Text()[:8])
	if err := shared.cluster.CreateDatabase(t.Context(), name); err != nil {
		t.Fatal(err)
	}
	c, err := pgx.ParseConfig(shared.cluster.DSN(name))
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("STATE_PASSWORD", c.Password)
	return fmt.Sprintf("postgres://%s@%s:%d/%s", c.User, c.Host, c.Port, name), "statePassword: {env: STATE_PASSWORD}"
}

func newOperator(t *testing.T, servers ...*instance) *operator {
	t.Helper()
	files, err := exampleFiles()
	if err != nil {
		t.Fatal(err)
	}
	o := &operator{t: t, folder: t.TempDir(), servers: servers}
	for name, text := range files {
		o.write(name, text)
	}
	return o
}

func (o *operator) write(name, text string) {
	o.t.Helper()
	if err := os.WriteFile(filepath.Join(o.folder, name), []byte(text), 0o600); err != nil {
		o.t.Fatal(err)
	}
}

func (o *operator) replace(name, old, with string) {
	o.t.Helper()
	text, err := os.ReadFile(filepath.Join(o.folder, name))
	if err != nil || !strings.Contains(string(text), old) {
		o.t.Fatalf("%q is not in %s (%v)", old, name, err)
	}
	o.write(name, strings.Replace(string(text), old, with, 1))
}

// firstTokenOf is the token that a server made at its first start.
func firstTokenOf(t *testing.T, in *instance) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(filepath.Dir(in.audit), "postern.token"))
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(text))
}

// at runs a command against one server.
func (o *operator) at(in *instance, args ...string) (code int, out string) {
	o.t.Helper()
	cmd := exec.CommandContext(o.t.Context(), shared.binary, args...)
	cmd.Dir = o.folder
	token := o.token
	if token == "" {
		token = firstTokenOf(o.t, in)
	}
	cmd.Env = append(os.Environ(), "POSTERN_SERVER="+o.address(in), "POSTERN_TOKEN="+token)
	var both bytes.Buffer
	cmd.Stdout, cmd.Stderr = &both, &both
	if err := cmd.Run(); err != nil && cmd.ProcessState == nil {
		o.t.Fatal(err)
	}
	return cmd.ProcessState.ExitCode(), both.String()
}

// must runs a command at the first server and wants its exit code and a text that it prints.
func (o *operator) must(code int, says string, args ...string) string {
	o.t.Helper()
	got, out := o.at(o.servers[0], args...)
	if got != code || !strings.Contains(out, says) {
		o.t.Fatalf("postern %s: exit %d, want %d and %q; it said\n%s", strings.Join(args, " "), got, code, says, out)
	}
	return out
}

// everywhere asks a query of each server in a new session; want "" is a refusal with the code.
func (o *operator) everywhere(who person, sql, want, code string) {
	o.t.Helper()
	for i, in := range o.servers {
		conn, err := pgconn.Connect(o.t.Context(), dsn(in, who, "sslmode=disable"))
		if err != nil {
			o.t.Errorf("server %d: %v", i, err)
			continue
		}
		c := caller{o.t, conn}
		got, err := c.simple(sql)
		conn.Close(o.t.Context())
		switch {
		case code != "" && (err == nil || !strings.Contains(err.Error(), code)):
			o.t.Errorf("server %d: %s: %q, %v; want %s", i, sql, got, err, code)
		case code == "" && (err != nil || got != want):
			o.t.Errorf("server %d: %s: %q, %v; want %q", i, sql, got, err, want)
		}
	}
}

// TestControlPlane drives one server on SQLite and two on PostgreSQL through the same script.
func TestControlPlane(t *testing.T) {
	noticeSources(t)
	roleTokens(t)
	t.Run("sqlite", func(t *testing.T) { controlPlane(newOperator(t, startStored(t, "", ""))) })
	t.Run("postgres", func(t *testing.T) {
		state, more := stateDatabase(t)
		controlPlane(newOperator(t, startStored(t, state, more), startStored(t, state, more)))
	})
}

func controlPlane(o *operator) {
	o.check()
	ann := people()[0]
	const count = "SELECT count(*) FROM customer"
	visible := strings.TrimSpace(rawAnswer(o.t, "SELECT count(*) FROM customer WHERE c_nationkey IN (SELECT n_nationkey FROM nation JOIN region ON n_regionkey = r_regionkey WHERE r_name IN ('EUROPE', 'ASIA'))"))

	o.t.Log("a set is stored, and in force on every server")
	o.must(exitOK, "revision 1 is in force", "apply", "-f", ".", "--set", "tpch")
	o.everywhere(ann, count, visible, "")
	o.must(exitOK, "0 changes", "apply", "-f", ".", "--set", "tpch")
	o.must(exitOK, "", "diff", "-f", ".")

	o.t.Log("what it shows")
	o.must(exitOK, "sales-for-analysts-and-marketing", "get")
	if out := o.must(exitOK, "scram: '***'", "get", "users", "-o", "yaml"); strings.Contains(out, ann.password) || strings.Contains(out, "SCRAM-SHA-256") {
		o.t.Errorf("a password or verifier is shown:\n%s", out)
	}
	o.must(exitOK, "{env: TPCH_PASSWORD}", "export")

	o.t.Log("all mistakes at once, with file and line")
	policies := filepath.Join(o.folder, "policies.yaml")
	before, err := os.ReadFile(policies)
	if err != nil {
		o.t.Fatal(err)
	}
	o.write("wrong.yaml", "kind: User\nname: new\nshoe: 43\n---\nkind: Tag\nname: 'a..b'\n")
	out := o.must(exitMistakes, "wrong.yaml:3: User new: there is no field \"shoe\"", "apply", "-f", ".", "--set", "tpch")
	if !strings.Contains(out, "wrong.yaml:5: Tag a..b") {
		o.t.Errorf("not all mistakes are named:\n%s", out)
	}
	if err := os.Remove(filepath.Join(o.folder, "wrong.yaml")); err != nil {
		o.t.Fatal(err)
	}

	o.t.Log("a revocation holds on every server when apply returns")
	o.replace("users.yaml", "groups: [analysts]", "groups: [visitors]")
	o.must(exitDiffers, "+groups: [visitors]", "diff", "-f", ".", "--set", "tpch")
	o.must(exitOK, "revision 2 is in force", "apply", "-f", ".", "--set", "tpch")
	o.everywhere(ann, count, "", "42P01")

	o.t.Log("history, conflicts, rollback")
	o.must(exitOK, "resource.apply", "history")
	o.replace("users.yaml", "groups: [visitors]", "groups: [somebody]")
	if out := o.must(exitConflict, "-groups: [visitors]", "apply", "-f", "users.yaml", "--if-revision", "1"); !strings.Contains(out, "+groups: [somebody]") {
		o.t.Errorf("not both versions are shown:\n%s", out)
	}
	o.must(exitConflict, "you have version 1, and version 2 is stored", "delete", "User", "ann", "--if-version", "1")
	o.must(exitOK, "revision 3 is in force", "rollback", "User", "ann", "1")
	o.everywhere(ann, count, visible, "")

	o.t.Log("pruning takes what the same set has, and nothing else")
	o.must(exitOK, "created  User  guest", "apply", "-f", o.file("guest.yaml.off", "kind: User\nname: guest\n"), "--set", "guests")
	o.must(exitConflict, "belongs to the set guests", "apply", "-f", "guest.yaml.off", "--set", "tpch")
	o.replace("users.yaml", "groups: [somebody]", "groups: [analysts]")
	text := strings.SplitN(string(before), "---\n", 2)
	o.write("policies.yaml", text[1])
	o.must(exitOK, "deleted  SubscriptionPolicy  reference-for-everyone", "apply", "-f", ".", "--set", "tpch", "--prune")
	o.everywhere(ann, "SELECT count(*) FROM nation", "", "42P01")
	o.must(exitOK, "guest", "get", "users")
	o.must(exitOK, "is in force", "rollback", "3")
	o.everywhere(ann, count, visible, "")

	controlPlaneRoles(o)
	controlPlaneAccess(o)
	controlPlaneParties(o)
	controlPlaneSecrets(o)
	controlPlaneOperations(o)
}

// The exit codes of the command line, as docs/cli.md has them.
const (
	exitOK        = 0
	exitDiffers   = 3
	exitConflict  = 4
	exitMistakes  = 5
	exitForbidden = 6
)

// file writes a file and returns its name.
func (o *operator) file(name, text string) string {
	o.write(name, text)
	return name
}

// roleTokens are the tokens of the script, by role; servers read them from their environment.
func roleTokens(t *testing.T) {
	t.Helper()
	for _, role := range []string{"GOVERNOR", "OWNER", "AUDITOR", "ANN", "BOB", "CYD", "OTHER", "EVE"} {
		t.Setenv(role+"_TOKEN", rand.Text()+rand.Text())
	}
}

const tokenFiles = `kind: APIToken
name: governor
role: governor
token: {env: GOVERNOR_TOKEN}
---
kind: APIToken
name: owner
role: dataOwner
user: bob
token: {env: OWNER_TOKEN}
---
kind: APIToken
name: auditor
role: auditor
token: {env: AUDITOR_TOKEN}
---
kind: APIToken
name: ann
role: person
user: ann
token: {env: ANN_TOKEN}
---
kind: APIToken
name: bob
role: person
user: bob
token: {env: BOB_TOKEN}
---
kind: APIToken
name: cyd
role: person
user: cyd
token: {env: CYD_TOKEN}
---
kind: APIToken
name: other-owner
role: dataOwner
user: cyd
token: {env: OTHER_TOKEN}
---
kind: User
name: eve
---
kind: APIToken
name: eve
role: person
user: eve
token: {env: EVE_TOKEN}
`

// as has commands use a role's token.
func (o *operator) as(role string) *operator {
	out := *o
	out.token = os.Getenv(role + "_TOKEN")
	return &out
}

// controlPlaneRoles: each role changes what is its own, and what is refused is on record.
func controlPlaneRoles(o *operator) {
	o.t.Log("roles")
	o.must(exitOK, "created  APIToken", "apply", "-f", o.file("tokens.yaml.off", tokenFiles))
	user := o.file("dora.yaml.off", "kind: User\nname: dora\n")
	policy := o.file("more.yaml.off", "kind: Tag\nname: More\n")
	o.as("GOVERNOR").must(exitForbidden, "a token of role governor may not change User dora", "apply", "-f", user)
	o.as("AUDITOR").must(exitForbidden, "a token of role auditor may not do this", "apply", "-f", policy)
	o.as("AUDITOR").must(exitOK, "cyd", "get", "users")
	o.as("ANN").must(exitForbidden, "a token of role person may not do this", "get")

	own := o.file("owned.yaml.off", "kind: Source\nname: tpch.public.region\ntags: [Reference]\nowner: bob\n")
	o.must(exitOK, "changed  Source  tpch.public.region", "apply", "-f", own, "--set", "tpch")
	o.as("OWNER").must(exitOK, "changed  Source  tpch.public.region", "apply", "-f", o.file(own, "kind: Source\nname: tpch.public.region\ntags: [Reference]\nowner: bob\nenabled: false\n"))
	o.everywhere(people()[0], "SELECT count(*) FROM region", "", "42P01")
	for _, other := range []string{
		"kind: Source\nname: tpch.public.nation\ntags: [Reference]\nenabled: false\n", // of nobody's
		"kind: Source\nname: tpch.public.region\ntags: [Reference]\nowner: ann\n",     // given away
		"kind: Source\nname: tpch.public.part\nowner: bob\n",                          // not registered yet
		"kind: DataPolicy\nname: p\non: {tags: [Reference]}\nrules: [{rows: 'true'}]\n",
	} {
		o.as("OWNER").must(exitForbidden, "", "apply", "-f", o.file("foreign.yaml.off", other))
	}
	if out := o.as("OWNER").must(exitOK, "tpch.public.region", "get"); strings.Contains(out, "tpch.public.nation") || strings.Contains(out, "cyd") {
		o.t.Errorf("a data owner sees what is not theirs:\n%s", out)
	}
	o.must(exitOK, "is in force", "apply", "-f", o.file(own, "kind: Source\nname: tpch.public.region\ntags: [Reference]\n"))
	code, found := o.at(o.servers[0], "audit", "search", "--dir", o.servers[0].audit, "--kind", "admin", "-o", "json")
	for _, want := range []string{`"login":"governor"`, `"action":"api.refused"`, `"action":"resource.apply"`, `"action":"resource.rollback"`} {
		if code != exitOK || !strings.Contains(found, want) {
			o.t.Errorf("%s is not on record (%d)", want, code)
		}
	}
}

const approvalFiles = `kind: Source
name: tpch.public.on_request
owner: bob
---
kind: SubscriptionPolicy
name: parts-on-approval
on: {tables: [tpch.public.on_request]}
access: read
effect: grant
allow: {approval: {by: [bob]}}
`

// controlPlaneAccess: a person who is refused asks, as the hint says; who the policy names answers; and what is given ends.
func controlPlaneAccess(o *operator) {
	o.t.Log("access on request")
	o.table("on_request AS SELECT 1 AS one")
	ann := people()[0]
	const parts = "SELECT count(*) FROM on_request"
	o.must(exitOK, "created", "apply", "-f", o.file("parts.yaml.off", approvalFiles))
	asked := o.as("ANN").pasted(hinted(o, ann, parts))
	nothing := o.as("ANN").must(exitOK, "pending", "request", "tpch.public.secrets", "--reason", "why I need it")
	if strings.Contains(asked, "parts-on-approval") || len(strings.Fields(asked)) != len(strings.Fields(nothing)) {
		o.t.Errorf("the answers differ:\n%s\n%s", asked, nothing)
	}
	id := requestID(o.t, asked)
	o.as("ANN").must(exitForbidden, "nobody answers their own request", "approve", id)
	o.as("OWNER").must(exitOK, "parts-on-approval", "request", "-o", "json")
	o.as("BOB").must(exitOK, "approved", "approve", id, "--for", "1h", "--text", "fine")
	o.everywhere(ann, parts, strings.TrimSpace(rawAnswer(o.t, parts)), "")
	o.as("BOB").must(exitConflict, "has been answered", "deny", id)
	o.as("BOB").must(exitOK, "revoked", "revoke", id)
	o.everywhere(ann, parts, "", "42P01")
	o.as("BOB").must(exitForbidden, "you may not answer this request, or there is none", "approve", requestID(o.t, nothing))
	again := requestID(o.t, o.as("ANN").must(exitOK, "pending", "request", "tpch.public.on_request", "--reason", "once more", "--for", "2s"))
	o.as("OWNER").must(exitOK, "approved", "approve", again)
	o.everywhere(ann, parts, strings.TrimSpace(rawAnswer(o.t, parts)), "")
	time.Sleep(2500 * time.Millisecond)
	o.everywhere(ann, parts, "", "42P01")
	_, found := o.at(o.servers[0], "audit", "search", "--dir", o.servers[0].audit, "--kind", "admin", "-o", "json")
	for _, want := range []string{`"action":"access.ask"`, `"action":"access.approve"`, `"action":"access.revoke"`} {
		if !strings.Contains(found, want) {
			o.t.Errorf("%s is not on record", want)
		}
	}
}

// requestID is the number in the second line of a table of requests.
func requestID(t *testing.T, table string) string {
	t.Helper()
	lines := strings.Split(table, "\n")
	if len(lines) < 2 || len(strings.Fields(lines[1])) == 0 {
		t.Fatalf("no request in %q", table)
	}
	return strings.Fields(lines[1])[0]
}

// readyz asks whether a server is ready.
func readyz(t *testing.T, in *instance) (int, string) {
	t.Helper()
	client := &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
	resp, err := client.Get("http://" + adminAddressOf(t, in) + "/readyz")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(body)
}
