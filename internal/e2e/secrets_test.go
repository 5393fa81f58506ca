package e2e

import (
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// holdsPassword finds a password in any of the forms in which a careless program would send or store it.
func holdsPassword(text, password string) string {
	for form, coded := range map[string]string{
		"as it is": password, "in base64": base64.StdEncoding.EncodeToString([]byte(password)), "in base64, unpadded": base64.RawURLEncoding.EncodeToString([]byte(password)),
		"in hexadecimal": hex.EncodeToString([]byte(password)), "in a URL": url.QueryEscape(password), "in quotes": strings.Trim(fmt.Sprintf("%q", password), `"`),
	} {
		if strings.Contains(text, coded) {
			return form
		}
	}
	return ""
}

// kept is everything in a folder, its state and audit log among it.
func kept(t *testing.T, folder string) string {
	t.Helper()
	var all strings.Builder
	err := filepath.Walk(folder, func(path string, info os.FileInfo, err error) error {
		if err != nil || !info.Mode().IsRegular() {
			return err
		}
		text, err := os.ReadFile(path)
		all.Write(text)
		return err
	})
	if err != nil || all.Len() == 0 {
		t.Fatal(err)
	}
	return all.String()
}

// dumped is a state in PostgreSQL as pg_dump writes it, "" for one in a file.
func dumped(o *operator) string {
	o.t.Helper()
	settings, err := os.ReadFile(filepath.Join(filepath.Dir(o.servers[0].audit), "postern.yaml"))
	if err != nil {
		o.t.Fatal(err)
	}
	_, state, _ := strings.Cut(string(settings), "state: ")
	state, _, _ = strings.Cut(state, "\n")
	if !strings.HasPrefix(state, "postgres:") {
		return ""
	}
	cmd := exec.CommandContext(o.t.Context(), "pg_dump", "--schema=postern_state", state)
	cmd.Env = append(os.Environ(), "PGPASSWORD="+os.Getenv("STATE_PASSWORD"))
	out, err := cmd.Output()
	if err != nil || !strings.Contains(string(out), "resource_version") {
		o.t.Fatalf("pg_dump: %v\n%s", err, out)
	}
	return string(out)
}

// controlPlaneSecrets: after all of the script neither a connection's password, nor a person's, nor a token is anywhere in what the servers keep, log,
// export or show of any version; what is there are references and verifiers.
func controlPlaneSecrets(o *operator) {
	o.t.Log("secrets stay references")
	all := dumped(o)
	for _, in := range o.servers {
		all += kept(o.t, filepath.Dir(in.audit)) + in.logText()
	}
	if !strings.Contains(all, "{env: TPCH_PASSWORD}") || !strings.Contains(all, "SCRAM-SHA-256$") {
		o.t.Error("the state has neither references nor verifiers: it was looked for in the wrong place")
	}
	all += o.must(exitOK, "{env: TPCH_PASSWORD}", "export", "--verifiers") + o.must(exitOK, "{env: TPCH_PASSWORD}", "get", "Connection", "tpch", "--version", "1") +
		o.must(exitOK, "", "get", "-o", "json") + o.must(exitOK, "", "history", "Connection", "tpch", "-o", "json")
	secrets := map[string]string{"a connection's password": serverPassword(), "a governor's token": os.Getenv("GOVERNOR_TOKEN")}
	for _, who := range people() {
		secrets["the password of "+who.name] = who.password
	}
	for what, secret := range secrets {
		if form := holdsPassword(all, secret); secret == "" || form != "" {
			o.t.Errorf("%s is kept or shown %s", what, form)
		}
	}
}

const deskFiles = `kind: Purpose
name: care
acknowledgement: I look at customers to care for them.
---
kind: Project
name: desk
purposes: [care]
members: {users: [ann]}
sources: {tables: [tpch.public.nation]}
`

// controlPlaneOperations asks for what the command line does not, until each operation that is described has been answered with 200 between it and a
// server. What needs a warehouse of another kind is asked for in package admin.
func controlPlaneOperations(o *operator) {
	o.t.Log("every operation is as described")
	elsewhere := []string{"reveal", "list-pushes", "plan-push", "sync-push", "unregister-push", "get-push-run"}
	o.must(exitOK, "created  Project  desk", "apply", "-f", o.file("desk.yaml.off", deskFiles))
	o.table("replaced AS SELECT 1 AS one")
	o.must(exitOK, "created  Source", "apply", "-f", o.file("replaced.yaml.off", "kind: Source\nname: tpch.public.replaced\nreplaced: held\n"))
	again := "DROP TABLE public.replaced; CREATE TABLE public.replaced AS SELECT 2 AS other; GRANT SELECT ON public.replaced TO " + serviceRole
	if err := shared.cluster.Exec(o.t.Context(), databaseName, again); err != nil {
		o.t.Fatal(err)
	}
	for _, c := range []struct{ role, method, path, body string }{
		{"GOVERNOR", http.MethodPost, "/v1/objects/sync", `{"connection": "tpch"}`},
		{"GOVERNOR", http.MethodPost, "/v1/sources/tpch.public.replaced/accept", ""},
		{"GOVERNOR", http.MethodPost, "/v1/sources/tpch.public.replaced/disable", ""},
		{"GOVERNOR", http.MethodPost, "/v1/sources/tpch.public.replaced/enable", ""},
		{"AUDITOR", http.MethodGet, "/v1/objects?connection=tpch", ""},
		{"AUDITOR", http.MethodGet, "/v1/objects/changes?limit=10", ""},
		{"ANN", http.MethodGet, "/v1/users/ann/project", ""},
		{"ANN", http.MethodPost, "/v1/users/ann/acknowledgements", `{"project": "desk"}`},
		{"ANN", http.MethodPut, "/v1/users/ann/project", `{"project": "desk"}`},
		{"ANN", http.MethodGet, "/v1/whoami", ""},
		{"AUDITOR", http.MethodGet, "/v1/servers", ""},
		{"AUDITOR", http.MethodGet, "/v1/openapi.json", ""},
		{"AUDITOR", http.MethodPost, "/v1/decisions", `{"user": "bob", "connection": "tpch", "sql": "SELECT c_phone FROM customer"}`},
		{"AUDITOR", http.MethodPost, "/v1/explain", `{"user": "bob", "connection": "tpch", "sql": "SELECT c_phone FROM customer", "searchPath": ["public"]}`},
		{"GOVERNOR", http.MethodPut, "/v1/resources/Purpose/made-here", `{"text": "kind: Purpose\nname: made-here\nacknowledgement: x\n", "set": "here"}`},
		{"GOVERNOR", http.MethodDelete, "/v1/resources/Purpose/made-here", ""},
		{"GOVERNOR", http.MethodGet, "/v1/resources/Purpose/made-here/versions", ""},
		{"GOVERNOR", http.MethodPost, "/v1/apply", `{"files": [{"name": "x", "text": "kind: Purpose\nname: x\nacknowledgement: x\n"}], "dryRun": true, "impact": true, "impactDays": 1}`},
	} {
		o.api(http.StatusOK, c.method, c.path, c.role, c.body)
	}
	relay := o.relays[o.servers[0]]
	described, err := relay.Description()
	if err != nil {
		o.t.Fatal(err)
	}
	for _, op := range described.Operations {
		if !relay.Seen(op.ID, http.StatusOK) && !strings.Contains(strings.Join(elsewhere, " "), op.ID) {
			o.t.Errorf("%s was never answered with 200", op.ID)
		}
	}
	o.t.Logf("exchanges held against the description:\n%s", relay)
}
