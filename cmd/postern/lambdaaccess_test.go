package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/posternsql/postern/internal/pgcluster/pgtest"
	"github.com/posternsql/postern/lambda"
	"github.com/posternsql/postern/warehouse/awsauth"
)

// TestLambdaAccessIsKept: the command writes the first document, with which the proxy's account may mask; a server that runs keeps it as the policies say, with a larger
// version at each change, and who may read no more is no more in it.
func TestLambdaAccessIsKept(t *testing.T) {
	service, system := pgtest.Name("service"), pgtest.Name("system")
	_, database := newWarehouse(t, fmt.Sprintf("CREATE ROLE %s LOGIN PASSWORD 'pw'; CREATE TABLE public.t (id int, note text)", service))
	folder := t.TempDir()
	resources := fmt.Sprintf(`kind: Connection
name: wh
engine: postgres
host: 127.0.0.1
port: %d
database: %s
user: %s
password: {env: PUSH_TEST_PASSWORD}
---
kind: PushSettings
name: wh
connection: wh
user: %s
password: {env: PUSH_TEST_PASSWORD}
paused: true
enforce: views
---
kind: IdentityMapping
name: accounts
connection: wh
users: {ann: "IAMR:ann", bob: bob}
---
kind: User
name: ann
groups: [readers]
---
kind: User
name: bob
groups: [GROUP]
---
kind: Source
name: wh.public.t
---
kind: SubscriptionPolicy
name: readers
on: {tables: ["wh.public.*"]}
access: read
effect: grant
allow: {when: "isInGroups('readers')"}
---
kind: DataPolicy
name: mask
on: {tables: [wh.public.t]}
rules:
  - mask: {columns: [note], hash: {domain: note}}
`, pgtest.Cluster(t).Port, database, service, system)
	config := filepath.Join(folder, "postern.yaml")
	write := func(group string) {
		t.Helper()
		writeFiles(t, folder, map[string]string{"resources.yaml": strings.Replace(resources, "GROUP", group, 1)})
	}
	write("readers")
	writeFiles(t, folder, map[string]string{"postern.yaml": "state: sqlite:state.db\naudit: {dir: audit}\nresources: [resources.yaml]\n" +
		"lambdaAccess: [{connection: wh, clusters: [one], keys: postern/keys/, file: access.json}]\n"})
	read := func() (version int64, readers []string) {
		text, err := os.ReadFile(filepath.Join(folder, "access.json"))
		if err != nil {
			return 0, nil
		}
		a, err := lambda.ParseAccess(text)
		if err != nil {
			t.Fatal(err)
		}
		d := a.Domains["note"]
		if d.Key != "postern/keys/note" || !slices.Equal(a.Clusters, []string{"one"}) || len(d.Mask) != 1 || len(d.Reveal) > 0 {
			t.Fatalf("%s", text)
		}
		return a.Version, a.Audiences[d.Mask[0]]
	}

	if code, out, errOut := command(t, "", "lambda-access", "-c", config); code != exitOK || !strings.Contains(out, `"`+service+`"`) || strings.Contains(out, "ann") {
		t.Fatalf("exit %d\n%s\n%s", code, out, errOut)
	}
	take(t, config, step{[]string{"lambda-access", "--write"}, exitOK, ""})
	first, readers := read()
	if !slices.Equal(readers, []string{service}) {
		t.Errorf("at first %v", readers)
	}
	take(t, config,
		step{[]string{"lambda-access", "--write"}, exitFailure, "there is an access document already"},
		step{[]string{"lambda-access", "--connection", "other"}, exitUsage, ""})
	take(t, config, step{[]string{"register", "--setup-env", "PUSH_TEST_SETUP", "-y"}, exitOK, ""})

	server := serve(t, config)
	defer server.stop()
	await := func(above int64, want ...string) int64 {
		slices.Sort(want)
		for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(20 * time.Millisecond) {
			version, readers := read()
			if version > above && slices.Equal(readers, want) {
				return version
			}
			if time.Now().After(deadline) {
				t.Fatalf("version %d for %v, and not above %d for %v\n%s", version, readers, above, want, server.log.String())
			}
		}
	}
	second := await(first, service, "IAMR:ann", "bob")
	write("others")
	await(second, service, "IAMR:ann")
}

// TestLambdaAccessInASecret: a secret that AWS keeps is read, written where it is otherwise, and never made older.
func TestLambdaAccessInASecret(t *testing.T) {
	vault := &secretsManager{}
	server := httptest.NewServer(vault)
	defer server.Close()
	for name, value := range map[string]string{"AWS_ENDPOINT_URL_SECRETS_MANAGER": server.URL, "AWS_ACCESS_KEY_ID": "AKID", "AWS_SECRET_ACCESS_KEY": "SECRET", "AWS_MAX_ATTEMPTS": "1", "AWS_CONFIG_FILE": "none", "AWS_SHARED_CREDENTIALS_FILE": "none"} {
		t.Setenv(name, value)
	}
	place := awsauth.Document{Region: "eu-central-1", Name: "postern/access"}
	work := func(readers ...string) func(time.Time) (*lambda.Access, error) {
		return func(time.Time) (*lambda.Access, error) {
			return &lambda.Access{Clusters: []string{"c"}, Audiences: map[string][]string{"a": readers}, Domains: map[string]lambda.DomainAccess{"d": {Key: "k", Mask: []string{"a"}}}}, nil
		}
	}
	var k keptAccess
	keep := func(want bool, readers ...string) {
		t.Helper()
		if wrote, err := k.keep(t.Context(), place, work(readers...)); err != nil || wrote != want {
			t.Errorf("wrote %t, %v", wrote, err)
		}
	}
	version := func() int64 {
		t.Helper()
		a, err := lambda.ParseAccess(vault.get())
		if err != nil {
			t.Fatal(err)
		}
		return a.Version
	}
	keep(true, "ann")
	first := version()
	keep(false, "ann")
	asked := vault.asked()
	keep(false, "ann")
	if vault.asked() != asked {
		t.Error("what is known to be there is asked for")
	}
	keep(true, "ann", "bob")
	if version() <= first {
		t.Errorf("version %d after %d", version(), first)
	}
	// A server whose clock is behind comes after one whose clock is ahead.
	ahead := time.Now().Add(time.Hour).UnixMilli()
	vault.set([]byte(fmt.Sprintf(`{"version": %d, "clusters": ["c"], "audiences": {}, "domains": {}}`, ahead)))
	keep(true, "ann")
	if version() != ahead+1 {
		t.Errorf("version %d after %d", version(), ahead)
	}
	var other keptAccess
	if wrote, err := other.keep(t.Context(), place, work("ann")); err != nil || wrote {
		t.Errorf("another server writes the same: %t, %v", wrote, err)
	}
	vault.set([]byte("nonsense"))
	if wrote, err := other.keep(t.Context(), place, work("cyd")); err != nil || !wrote {
		t.Errorf("nonsense is left: %t, %v", wrote, err)
	}
	if _, err := k.keep(t.Context(), place, func(time.Time) (*lambda.Access, error) { return nil, errors.New("no") }); err == nil {
		t.Error("no error")
	}
	vault.set(nil)
	if there, err := place.Read(t.Context()); err != nil || there != nil {
		t.Errorf("a secret without a version: %q, %v", there, err)
	}
	server.Close()
	if _, err := place.Read(t.Context()); err == nil {
		t.Error("no error where nobody answers")
	}
}

// secretsManager is AWS's as far as one secret goes (AWS JSON 1.1).
type secretsManager struct {
	mu    sync.Mutex
	value []byte
	calls int
}

func (s *secretsManager) get() []byte { s.mu.Lock(); defer s.mu.Unlock(); return s.value }

func (s *secretsManager) set(value []byte) { s.mu.Lock(); defer s.mu.Unlock(); s.value = value }

func (s *secretsManager) asked() int { s.mu.Lock(); defer s.mu.Unlock(); return s.calls }

func (s *secretsManager) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls++
	var in struct {
		SecretID     string `json:"SecretId"`
		SecretBinary []byte
	}
	err := json.NewDecoder(r.Body).Decode(&in)
	w.Header().Set("Content-Type", "application/x-amz-json-1.1")
	switch _, operation, _ := strings.Cut(r.Header.Get("X-Amz-Target"), "."); {
	case err != nil || in.SecretID != "postern/access" || !strings.HasPrefix(r.Header.Get("Authorization"), "AWS4-HMAC-SHA256 Credential=AKID/"):
		w.WriteHeader(http.StatusForbidden)
	case operation == "PutSecretValue":
		s.value = in.SecretBinary
		fmt.Fprint(w, `{"Name":"postern/access"}`)
	case s.value == nil:
		w.WriteHeader(http.StatusBadRequest)
		fmt.Fprint(w, `{"__type":"ResourceNotFoundException","Message":"Secrets Manager can't find the specified secret value for staging label: AWSCURRENT"}`)
	default:
		_ = json.NewEncoder(w).Encode(map[string]any{"Name": "postern/access", "SecretBinary": s.value})
	}
}
