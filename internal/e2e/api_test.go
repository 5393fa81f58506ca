package e2e

import (
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestDecisionsAPI: the server makes a token that nobody else can read, and answers its bearer as the proxy decides.
func TestDecisionsAPI(t *testing.T) {
	path := filepath.Join(filepath.Dir(shared.server.policies), "postern.token")
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Fatal(info, err)
	}
	token, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	ask := func(bearer string) (int, string) {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+adminAddress(t)+"/v1/decisions",
			strings.NewReader(`{"user": "ann", "connection": "tpch", "sql": "SELECT c_phone FROM customer"}`))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set("Authorization", "Bearer "+bearer)
		client := &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
		resp, err := client.Do(r)
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
	status, body := ask(strings.TrimSpace(string(token)))
	if status != 200 || !strings.Contains(body, `"policy":"contact-data"`) && !strings.Contains(body, `"kind":"regex"`) {
		t.Errorf("%d %s", status, body)
	}
	if status, body := ask("wrong"); status != 401 {
		t.Errorf("%d %s", status, body)
	}
}

// adminAddress is where the server says that its admin server listens.
func adminAddress(t *testing.T) string {
	t.Helper()
	return adminAddressOf(t, shared.server)
}

func adminAddressOf(t *testing.T, in *instance) string {
	t.Helper()
	for _, line := range strings.Split(in.logText(), "\n") {
		var record struct{ Msg, Admin string }
		if json.Unmarshal([]byte(line), &record) == nil && record.Msg == "serving" {
			return record.Admin
		}
	}
	t.Fatal("the server does not say where its admin server is")
	return ""
}
