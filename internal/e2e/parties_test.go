package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/posternsql/postern/internal/apicheck"
)

// checkedServer is a relay before a server.
type checkedServer struct {
	*apicheck.Relay
	url string
}

// check has all that passes between commands and servers held against the description, for the rest of the test.
func (o *operator) check() {
	t := o.t // what is wrong is reported to the whole script
	o.relays = map[*instance]*checkedServer{}
	for _, in := range o.servers {
		relay := &apicheck.Relay{Server: "http://" + adminAddressOf(t, in), Report: func(err error) { t.Error(err) }}
		server := httptest.NewServer(relay)
		t.Cleanup(server.Close)
		o.relays[in] = &checkedServer{relay, server.URL}
	}
}

// address is where commands find a server.
func (o *operator) address(in *instance) string {
	if relay := o.relays[in]; relay != nil {
		return relay.url
	}
	return "http://" + adminAddressOf(o.t, in)
}

// hinted is the command in the hint that psql shows with a refusal.
func hinted(o *operator, who person, sql string) string {
	o.t.Helper()
	cmd := exec.CommandContext(o.t.Context(), "psql", psqlArgs(o.servers[0], who, "-c", sql)...)
	cmd.Env = append(os.Environ(), "PGPASSWORD="+who.password, "LC_ALL=C.UTF-8")
	said, err := cmd.CombinedOutput()
	_, command, found := strings.Cut(string(said), "ask its owner for access: ")
	command, _, _ = strings.Cut(command, "\n")
	if err == nil || !found || !strings.Contains(string(said), "HINT:") || !strings.HasPrefix(command, "postern request ") {
		o.t.Fatalf("the refusal names no command: %s", said)
	}
	return command
}

// pasted runs a command line as a shell reads it, and wants it to succeed.
func (o *operator) pasted(line string) string {
	o.t.Helper()
	cmd := exec.CommandContext(o.t.Context(), "sh", "-c", line)
	cmd.Env = append(os.Environ(), "PATH="+filepath.Dir(shared.binary)+":"+os.Getenv("PATH"), "POSTERN_SERVER="+o.address(o.servers[0]), "POSTERN_TOKEN="+o.token)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil {
		o.t.Fatalf("%s: %v\n%s", line, err, errs.String())
	}
	return out.String()
}

// api asks the first server with a role's token, and wants a status; of the answer it returns what a request looks like.
func (o *operator) api(status int, method, path, role, body string) (answer struct {
	ID                         int64
	Status, Answer, AnsweredBy string
	Error                      string
	Requests                   []struct{ ID int64 }
}) {
	o.t.Helper()
	token := os.Getenv(role + "_TOKEN")
	if role == "ADMIN" {
		token = firstTokenOf(o.t, o.servers[0])
	}
	got, text := askAddress(o.t, o.address(o.servers[0]), method, path, token, body)
	if err := json.Unmarshal([]byte(text), &answer); err != nil || got != status {
		o.t.Fatalf("%s %s as %s: %d, want %d: %s", method, path, role, got, status, text)
	}
	return answer
}

// table makes a table for the length of the script: what is registered for all tests is not to change.
func (o *operator) table(definition string) {
	o.t.Helper()
	name, _, _ := strings.Cut(definition, " ")
	if err := shared.cluster.Exec(o.t.Context(), databaseName, "CREATE TABLE public."+definition+"; GRANT SELECT ON public."+name+" TO "+serviceRole); err != nil {
		o.t.Fatal(err)
	}
	o.t.Cleanup(func() {
		if err := shared.cluster.Exec(context.WithoutCancel(o.t.Context()), databaseName, "DROP TABLE public."+name); err != nil {
			o.t.Error(err)
		}
	})
}

const partyFiles = `kind: Source
name: tpch.public.on_two
owner: bob
---
kind: SubscriptionPolicy
name: two-parties
on: {tables: [tpch.public.on_two]}
access: read
effect: grant
allow: {approval: {parties: [{by: [bob]}, {by: [cyd]}]}}
`

// controlPlaneParties: where several parties have to approve nobody is let in before all have, any of them denies and revokes, and everybody else is
// refused with a record, in one text whether or not there is a request.
func controlPlaneParties(o *operator) {
	o.t.Log("approval by two parties")
	o.table("on_two AS SELECT 2 AS two")
	o.must(exitOK, "created  SubscriptionPolicy  two-parties", "apply", "-f", o.file("two.yaml.off", partyFiles))
	ann := people()[0]
	const sql, requests = "SELECT two FROM on_two", "/v1/requests"
	ask := func() (id int64, answer func(status int, role, verb, body string) string) {
		id = o.api(200, http.MethodPost, requests, "ANN", `{"source": "tpch.public.on_two", "reason": "a report"}`).ID
		return id, func(status int, role, verb, body string) string {
			o.t.Helper()
			a := o.api(status, http.MethodPost, fmt.Sprintf("%s/%d/%s", requests, id, verb), role, body)
			return a.Status + a.Error
		}
	}
	want := func(got, want string) {
		o.t.Helper()
		if !strings.Contains(got, want) {
			o.t.Errorf("answered %q, want %q", got, want)
		}
	}

	id, answer := ask()
	refused := o.recordsOf("api.refused")
	want(answer(403, "ANN", "approve", "{}"), "nobody answers their own request")
	want(answer(403, "AUDITOR", "approve", "{}"), "role auditor")
	want(answer(403, "GOVERNOR", "approve", "{}"), "does not name you")
	want(answer(403, "ADMIN", "approve", "{}"), "does not name you")
	// The owner of another source is named by the policy and answers with that token for their own sources only.
	want(answer(403, "OTHER", "approve", "{}"), "sources of their own")
	want(answer(403, "OTHER", "deny", "{}"), "sources of their own")
	hidden := answer(403, "EVE", "approve", "{}")
	if nothing := o.api(403, http.MethodPost, requests+"/999999/approve", "EVE", "{}").Error; nothing != hidden || hidden == "" {
		o.t.Errorf("who may not answer a request is told whether there is one: %q, %q", hidden, nothing)
	}
	if n := o.recordsOf("api.refused") - refused; n != 8 {
		o.t.Errorf("8 were refused, and %d of it are on record", n)
	}
	if n := o.recordsOf("api.refused", `"login":"other-owner"`, fmt.Sprintf(`"target":"/v1/requests/%d/approve"`, id), "sources of their own"); n != 1 {
		o.t.Errorf("that the owner of another source tried is %d times on record", n)
	}

	want(answer(200, "BOB", "approve", "{}"), "pending")
	want(answer(200, "BOB", "approve", "{}"), "pending") // one person is one party
	o.everywhere(ann, sql, "", "42P01")
	if r := o.api(200, http.MethodGet, requests+"?status=pending", "CYD", "").Requests; len(r) != 1 || r[0].ID != id {
		o.t.Errorf("the second party is shown %v", r)
	}
	want(answer(200, "CYD", "approve", "{}"), "approved")
	o.everywhere(ann, sql, "2", "")
	want(answer(409, "CYD", "deny", "{}"), "has been answered")
	want(answer(403, "EVE", "revoke", "{}"), "you may not answer")
	o.everywhere(ann, sql, "2", "")
	want(answer(200, "CYD", "revoke", `{"text": "no more"}`), "revoked")
	o.everywhere(ann, sql, "", "42P01")
	want(answer(409, "CYD", "revoke", "{}"), "has been answered")

	second, answer := ask()
	want(answer(200, "BOB", "approve", "{}"), "pending")
	want(answer(200, "CYD", "deny", `{"text": "not for reports"}`), "denied")
	o.everywhere(ann, sql, "", "42P01")
	want(answer(409, "BOB", "approve", "{}"), "has been answered")
	if out := o.as("ANN").must(exitOK, "not for reports", "request", "--status", "denied"); !strings.Contains(out, "cyd") {
		o.t.Errorf("who asked is not told who denied:\n%s", out)
	}
	if _, out := o.at(o.servers[0], "get", "approvals"); strings.Contains(out, fmt.Sprintf("request-%d ", second)) {
		o.t.Errorf("half an approval is left:\n%s", out)
	}

	third, answer := ask()
	want(answer(200, "ADMIN", "deny", `{"text": "by the administrator"}`), "denied")
	last, answer := ask()
	want(answer(200, "OWNER", "approve", "{}"), "pending") // bob, as the source's owner
	want(answer(200, "CYD", "approve", "{}"), "approved")
	o.everywhere(ann, sql, "2", "")
	want(answer(200, "GOVERNOR", "revoke", "{}"), "revoked")
	o.everywhere(ann, sql, "", "42P01")
	for _, n := range []int{
		o.recordsOf("access.deny", fmt.Sprintf("request %d of ann", third), "by the administrator"),
		o.recordsOf("access.revoke", fmt.Sprintf("request %d of ann", last), fmt.Sprintf("deleted Approval request-%d", last), `"login":"governor"`),
	} {
		if n != 1 {
			o.t.Errorf("an answer is %d times on record", n)
		}
	}
}
