package main

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/posternsql/postern/tokenize"
)

const access = `{"version": 1, "clusters": ["one"], "audiences": {"readers": ["ann"]}, "domains": {"default": {"key": "keys/default", "mask": ["readers"]}}}`

// secrets is Secrets Manager as far as GetSecretValue goes (AWS JSON 1.1).
func secrets(t *testing.T) *httptest.Server {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var in struct{ SecretId string }
		if err := json.NewDecoder(r.Body).Decode(&in); err != nil || r.Header.Get("X-Amz-Target") != "secretsmanager.GetSecretValue" ||
			!strings.HasPrefix(r.Header.Get("Authorization"), "AWS4-HMAC-SHA256 Credential=AKID/") {
			t.Errorf("an unexpected request: %v, %v", err, r.Header)
		}
		w.Header().Set("Content-Type", "application/x-amz-json-1.1")
		switch in.SecretId {
		case "access":
			fmt.Fprintf(w, `{"Name":"access","SecretBinary":%q}`, base64.StdEncoding.EncodeToString([]byte(access)))
		case "keys/default":
			fmt.Fprintf(w, `{"Name":"k","SecretString":%q}`, base64.StdEncoding.EncodeToString([]byte(strings.Repeat("k", 32))))
		default:
			w.WriteHeader(http.StatusBadRequest)
			fmt.Fprint(w, `{"__type":"ResourceNotFoundException","Message":"Secrets Manager can't find the specified secret."}`)
		}
	}))
	t.Cleanup(s.Close)
	return s
}

// runtimeAPI hands out the payloads one after the other and collects the answers (AWS Lambda runtime API).
type runtimeAPI struct {
	payloads []string

	mu      sync.Mutex
	next    int
	answers []string
	all     chan struct{}
}

func (a *runtimeAPI) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if strings.HasSuffix(r.URL.Path, "/invocation/next") {
		a.mu.Lock()
		n := a.next
		a.next++
		a.mu.Unlock()
		if n >= len(a.payloads) {
			<-r.Context().Done()
			return
		}
		w.Header().Set("Lambda-Runtime-Aws-Request-Id", fmt.Sprint(n))
		w.Header().Set("Lambda-Runtime-Deadline-Ms", fmt.Sprint(time.Now().Add(time.Minute).UnixMilli()))
		fmt.Fprint(w, a.payloads[n])
		return
	}
	body, _ := io.ReadAll(r.Body)
	a.mu.Lock()
	defer a.mu.Unlock()
	a.answers = append(a.answers, r.URL.Path[strings.LastIndexByte(r.URL.Path, '/')+1:]+" "+string(body))
	w.WriteHeader(http.StatusAccepted)
	if len(a.answers) == len(a.payloads) {
		close(a.all)
	}
}

// TestProgram runs the program as AWS does: it takes batches from the runtime API, reads its secrets, and answers.
func TestProgram(t *testing.T) {
	binary := filepath.Join(t.TempDir(), "bootstrap")
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-tags", "lambda.norpc", "-o", binary, ".").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	batch := func(user, value string) string {
		return fmt.Sprintf(`{"request_id":"r","cluster":"one","user":%q,"external_function":"postern_functions.keyed_hash","num_records":1,"arguments":[["default",%q]]}`, user, value)
	}
	api := &runtimeAPI{payloads: []string{batch("ann", "zoë"), batch("bob", "zoë"), `{"num_records":1}`}, all: make(chan struct{})}
	server := httptest.NewServer(api)
	defer server.Close()
	cmd := exec.CommandContext(t.Context(), binary)
	var log bytes.Buffer
	cmd.Stderr = &log
	cmd.Env = []string{"AWS_LAMBDA_RUNTIME_API=" + strings.TrimPrefix(server.URL, "http://"), "AWS_ENDPOINT_URL_SECRETS_MANAGER=" + secrets(t).URL,
		"AWS_REGION=eu-central-1", "AWS_ACCESS_KEY_ID=AKID", "AWS_SECRET_ACCESS_KEY=SECRET", "POSTERN_ACCESS=access", "HOME=" + t.TempDir(), "PATH=" + os.Getenv("PATH")}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	select {
	case <-api.all:
	case <-time.After(30 * time.Second):
		t.Error("there is no answer")
	}
	_ = cmd.Process.Kill()
	_ = cmd.Wait()
	d, err := tokenize.NewDomain("default", []byte(strings.Repeat("k", 32)))
	if err != nil {
		t.Fatal(err)
	}
	hash, err := d.Hash("zoë")
	if err != nil {
		t.Fatal(err)
	}
	api.mu.Lock()
	defer api.mu.Unlock()
	want := []string{fmt.Sprintf(`response {"success":true,"num_records":1,"results":[%q]}`, hash), `response {"success":false,"error_msg":"permission denied for function keyed_hash","num_records":0,"results":null}`}
	if len(api.answers) != 3 || api.answers[0] != want[0] || api.answers[1] != want[1] || !strings.Contains(api.answers[2], `"success":false`) {
		t.Errorf("answers:\n%s\nlog:\n%s", strings.Join(api.answers, "\n"), &log)
	}
	if strings.Contains(log.String(), "zoë") || !strings.Contains(log.String(), `"user":"bob"`) {
		t.Errorf("the log has a value, or does not have who asked:\n%s", &log)
	}
}

// TestEnvironment: all that is wrong with the environment is told at once.
func TestEnvironment(t *testing.T) {
	env := map[string]string{"POSTERN_FRESH": "5", "POSTERN_STALE": "-1s"}
	_, err := newHandler(t.Context(), func(name string) string { return env[name] })
	for _, want := range []string{"POSTERN_ACCESS", "POSTERN_FRESH", "POSTERN_STALE"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s is not told: %v", want, err)
		}
	}
}
