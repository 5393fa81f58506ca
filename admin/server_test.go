package admin

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestConfigReportsAllMistakes(t *testing.T) {
	_, err := New(Config{Checks: []Check{{}}})
	if err == nil {
		t.Fatal("an empty configuration was accepted")
	}
	for _, want := range []string{"check 0", "metrics", "log"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("error %q does not name %s", err, want)
		}
	}
}

func TestRoutes(t *testing.T) {
	var down error
	registry := prometheus.NewRegistry()
	counter := prometheus.NewCounter(prometheus.CounterOpts{Name: "postern_test_total", Help: "A counter."})
	registry.MustRegister(counter)
	counter.Add(3)
	base := serve(t, Config{
		Checks:  []Check{{Name: "program", Probe: func(context.Context) error { return down }}},
		Metrics: registry, Log: slog.New(slog.DiscardHandler),
	})

	expect(t, base+"/healthz", 200, "ok")
	expect(t, base+"/readyz", 200, "ready")
	expect(t, base+"/metrics", 200, "postern_test_total 3")
	expect(t, base+"/", 404, "")
	down = errors.New("none published")
	expect(t, base+"/readyz", 503, "program: none published")
	expect(t, base+"/healthz", 200, "ok")
}

func serve(t *testing.T, cfg Config) (base string) {
	t.Helper()
	s, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- s.Serve(ctx, l) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("stopping: %v", err)
		}
	})
	return "http://" + l.Addr().String()
}

func expect(t *testing.T, url string, status int, contains string) {
	t.Helper()
	client := &http.Client{Timeout: 5 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
	resp, err := client.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	if resp.StatusCode != status || !strings.Contains(string(body), contains) {
		t.Errorf("%s: got %d %q, want %d with %q", url, resp.StatusCode, body, status, contains)
	}
}
