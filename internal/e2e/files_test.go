package e2e

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
)

// receiver is an endpoint for webhooks that keeps what it is told.
type receiver struct {
	t      *testing.T
	url    string
	mu     sync.Mutex
	events []received
}

type received struct {
	Type string `json:"type"`
	Data struct {
		Sequence                   int64
		Kind, Name, Detail, Author string
	}
	body string
}

func (e received) String() string {
	return strings.TrimSpace(e.Type + " " + e.Data.Kind + " " + e.Data.Name)
}

func newReceiver(t *testing.T) *receiver {
	t.Helper()
	r := &receiver{t: t}
	t.Setenv("HOOK_KEY", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
	endpoint := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, q *http.Request) {
		body, err := io.ReadAll(q.Body)
		e := received{body: string(body)}
		if err != nil || json.Unmarshal(body, &e) != nil || !strings.HasPrefix(q.Header.Get("webhook-signature"), "v1,") {
			t.Errorf("%v %s", err, body)
		}
		r.mu.Lock()
		defer r.mu.Unlock()
		r.events = append(r.events, e)
	}))
	t.Cleanup(endpoint.Close)
	r.url = endpoint.URL
	return r
}

// document is the Webhook that tells the receiver of some topics.
func (r *receiver) document(topics string) string {
	return "kind: Webhook\nname: crm\nurl: " + r.url + "\nsecret: {env: HOOK_KEY}\nevents: [" + topics + "]\n"
}

// first waits for the first event of a kind and a resource.
func (r *receiver) first(event string) (found received) {
	r.t.Helper()
	eventually(r.t, time.Minute, "told of "+event, func() bool {
		r.mu.Lock()
		defer r.mu.Unlock()
		for _, e := range r.events {
			if e.String() == event {
				found = e
				return true
			}
		}
		return false
	})
	return found
}

// TestFilesAreOnRecord: what changes in files that own their resources is put on record once, kept as a version, and told to webhooks, whether a server
// runs meanwhile or not; and it is changed nowhere but in the files.
func TestFilesAreOnRecord(t *testing.T) {
	noticeSources(t)
	t.Run("sqlite", func(t *testing.T) { filesOnRecord(t, "", "", 1) })
	t.Run("postgres", func(t *testing.T) {
		state, more := stateDatabase(t)
		filesOnRecord(t, state, more, 2)
	})
}

func filesOnRecord(t *testing.T, state, more string, servers int) {
	hook := newReceiver(t)
	o := newOperator(t)
	for range servers {
		o.servers = append(o.servers, startStored(t, state, more+"\nresources: ["+o.folder+"]"))
	}
	ann := people()[0]
	o.everywhere(ann, "SELECT count(*) FROM customer", "608", "")
	if out := o.must(exitOK, "resource.files", "history"); strings.Count(out, "resource.files") != 1 || !strings.Contains(out, "unknown (files of the server)") {
		t.Errorf("what files hold is not on record once, or not by whom:\n%s", out)
	}
	o.must(exitOK, "in force", "apply", "-f", o.file("hook.off", hook.document("person, policy")))
	time.Sleep(3 * time.Second) // it is told of what happens once a server has taken it up

	o.replace("users.yaml", "groups: [analysts]", "groups: [visitors]")
	eventually(t, 20*time.Second, "the change is on record", func() bool {
		_, out := o.at(o.servers[0], "history", "User", "ann")
		return strings.Contains(out, "\n2 ")
	})
	eventually(t, 20*time.Second, "the change is in force", func() bool { return refusedEverywhere(o, ann, "SELECT count(*) FROM customer") })
	versions := o.must(exitOK, "users.yaml", "history", "User", "ann")
	if strings.Count(versions, "unknown (files of the server)") != 2 {
		t.Errorf("not two versions:\n%s", versions)
	}
	if out := o.must(exitOK, "groups: [analysts]", "get", "User", "ann", "--version", "1"); !strings.Contains(out, "password: {env: ANN_PASSWORD}") || strings.Contains(out, ann.password) {
		t.Errorf("the version before is not what the file was:\n%s", out)
	}
	o.must(exitOK, "groups: [visitors]", "get", "User", "ann")
	told := hook.first("person.changed User ann")
	digests := regexp.MustCompile(`users\.yaml; sha256 before: [0-9a-f]{64}, after: [0-9a-f]{64}$`)
	if !digests.MatchString(told.Data.Detail) || told.Data.Author != "unknown (files of the server)" || strings.Contains(told.body, "visitors") {
		t.Errorf("told %s", told.body)
	}
	if n := o.recordsOf("resource.files", `"target":"User ann"`, told.Data.Detail); n != 1 {
		t.Errorf("the change is %d times on record", n)
	}

	t.Log("nobody else changes what a file owns")
	o.must(exitConflict, "belongs to the file", "rollback", "User", "ann", "1")
	o.must(exitConflict, "belongs to the file", "delete", "User", "ann")
	o.must(exitConflict, "belongs to the file", "apply", "-f", "users.yaml")

	t.Log("a resource that leaves the files is a version, too, and then anybody's")
	o.file("more.yaml", "kind: Group\nname: late\ndescription: first\n")
	hook.first("person.created Group late")
	if err := os.Remove(filepath.Join(o.folder, "more.yaml")); err != nil {
		t.Fatal(err)
	}
	hook.first("person.deleted Group late")
	o.must(exitConflict, "belongs to the file", "rollback", "User", "ann", "1")
	o.must(exitOK, "deleted", "history", "Group", "late")
	o.must(exitOK, "created  Group  late", "rollback", "Group", "late", "1")
	o.must(exitOK, "description: first", "get", "Group", "late")

	t.Log("what changes while no server runs is on record at the next start")
	for _, in := range o.servers {
		if err := in.stop(); err != nil {
			t.Fatal(err)
		}
	}
	o.replace("users.yaml", "groups: [visitors]", "groups: [somebody]")
	for i, in := range o.servers {
		o.servers[i] = restarted(t, in)
	}
	if out := o.must(exitOK, "\n3 ", "history", "User", "ann"); strings.Contains(out, "\n4 ") {
		t.Errorf("a version too many:\n%s", out)
	}
	o.must(exitOK, "chain holds", "audit", "verify", "--dir", o.servers[0].audit)
}

// refusedEverywhere reports that each server refuses a query with 42P01.
func refusedEverywhere(o *operator, who person, sql string) bool {
	for _, in := range o.servers {
		conn, err := pgconn.Connect(o.t.Context(), dsn(in, who, "sslmode=disable"))
		if err != nil {
			o.t.Fatal(err)
		}
		_, err = conn.Exec(o.t.Context(), sql).ReadAll()
		var told *pgconn.PgError
		refused := errors.As(err, &told) && told.Code == "42P01"
		if conn.Close(o.t.Context()) != nil || !refused {
			return false
		}
	}
	return true
}

// recordsOf counts the administrative records of an action, on all servers, that hold all the texts.
func (o *operator) recordsOf(action string, texts ...string) (n int) {
	o.t.Helper()
	for _, in := range o.servers {
		code, out := o.at(in, "audit", "search", "--dir", in.audit, "--kind", "admin", "-o", "json")
		if code != exitOK {
			o.t.Fatalf("exit %d: %s", code, out)
		}
		for line := range strings.Lines(out) {
			holds := strings.Contains(line, `"action":"`+action+`"`)
			for _, text := range texts {
				holds = holds && strings.Contains(line, text)
			}
			if holds {
				n++
			}
		}
	}
	return n
}
