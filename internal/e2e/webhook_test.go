package e2e

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// TestWebhooks: of two servers on one state one tells an endpoint what changed, without secrets; when one is killed the other goes on.
func TestWebhooks(t *testing.T) {
	t.Setenv("HOOK_KEY", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
	var mu sync.Mutex
	var events, bodies []string
	endpoint := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		var event struct {
			Type string `json:"type"`
			Data struct{ Kind, Name string }
		}
		if err != nil || json.Unmarshal(body, &event) != nil || !strings.HasPrefix(r.Header.Get("webhook-signature"), "v1,") {
			t.Errorf("%v %s", err, body)
		}
		mu.Lock()
		defer mu.Unlock()
		events, bodies = append(events, event.Type+" "+event.Data.Kind+" "+event.Data.Name), append(bodies, string(body))
	}))
	t.Cleanup(endpoint.Close)
	told := func(want ...string) {
		t.Helper()
		for end := time.Now().Add(time.Minute); ; time.Sleep(20 * time.Millisecond) {
			mu.Lock()
			have := slices.Clone(events)
			mu.Unlock()
			if slices.Equal(have, want) {
				return
			}
			if time.Now().After(end) || len(have) > len(want) {
				t.Fatalf("told %q, want %q", have, want)
			}
		}
	}
	state, more := stateDatabase(t)
	o := newOperator(t, startStored(t, state, more), startStored(t, state, more))
	o.must(exitOK, "in force", "apply", "-f", ".", "--set", "tpch")
	o.must(exitOK, "in force", "apply", "-f", o.file("hook.yaml.off", "kind: Webhook\nname: crm\nurl: "+endpoint.URL+"\nsecret: {env: HOOK_KEY}\nevents: [person, policy]\n"))
	// It is told of what happens once a server has taken it up.
	time.Sleep(3 * time.Second)
	o.replace("users.yaml", "groups: [analysts]", "groups: [visitors]")
	o.must(exitOK, "in force", "apply", "-f", ".", "--set", "tpch")
	o.must(exitOK, "in force", "apply", "-f", o.file("guest.yaml.off", "kind: User\nname: guest\n"))
	told("person.changed User ann", "person.created User guest")

	if err := o.servers[0].cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	<-o.servers[0].done
	o.servers = o.servers[1:]
	o.must(exitOK, "in force", "delete", "User", "guest")
	o.must(exitOK, "in force", "apply", "-f", o.file("tag.yaml.off", "kind: Group\nname: late\n"))
	told("person.changed User ann", "person.created User guest", "person.deleted User guest", "person.created Group late")
	for _, body := range bodies {
		if strings.Contains(body, "SCRAM") || strings.Contains(body, "groups") || strings.Contains(body, "whsec") {
			t.Errorf("an event tells too much: %s", body)
		}
	}
}
