package webhook

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/posternsql/postern/control"
	"github.com/posternsql/postern/control/resource"
	"github.com/posternsql/postern/control/store"
	"github.com/posternsql/postern/secret"
)

const testKey = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"

// receiver is an endpoint that checks what it gets by code of its own.
type receiver struct {
	t      *testing.T
	url    string
	client *httptest.Server
	// answer says what to do with each request; nil takes it.
	answer func(w http.ResponseWriter, m message) bool

	mu    sync.Mutex
	taken []message
	ids   []string
	seen  int
}

func receive(t *testing.T, start func(http.Handler) *httptest.Server, answer func(http.ResponseWriter, message) bool) *receiver {
	r := &receiver{t: t, answer: answer}
	r.client = start(http.HandlerFunc(r.serve))
	r.url = r.client.URL + "/in"
	t.Cleanup(r.client.Close)
	return r
}

func (r *receiver) serve(w http.ResponseWriter, q *http.Request) {
	content, err := io.ReadAll(q.Body)
	stamp, _ := strconv.ParseInt(q.Header.Get("webhook-timestamp"), 10, 64)
	id := q.Header.Get("webhook-id")
	k, _ := base64.StdEncoding.DecodeString(strings.TrimPrefix(testKey, "whsec_"))
	mac := hmac.New(sha256.New, k)
	fmt.Fprintf(mac, "%s.%d.%s", id, stamp, content)
	want := "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil))
	var m message
	switch d := time.Since(time.Unix(stamp, 0)); {
	case err != nil, q.Method != http.MethodPost, json.Unmarshal(content, &m) != nil:
		r.t.Errorf("%s %v %s", q.Method, err, content)
	case q.Header.Get("webhook-signature") != want || id == "":
		r.t.Errorf("the signature is %q, want %q", q.Header.Get("webhook-signature"), want)
	case d > time.Minute || d < -time.Minute:
		r.t.Errorf("sent at %d", stamp)
	}
	r.mu.Lock()
	r.seen++
	r.mu.Unlock()
	if r.answer != nil && !r.answer(w, m) {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.taken, r.ids = append(r.taken, m), append(r.ids, id)
}

// names waits for so many events and returns theirs.
func (r *receiver) names(n int) (out []string) {
	r.t.Helper()
	until(r.t, func() bool { r.mu.Lock(); defer r.mu.Unlock(); return len(r.taken) >= n })
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, m := range r.taken {
		out = append(out, m.Data.Name)
	}
	return out
}

func until(t *testing.T, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); !ok(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("it does not come")
		}
	}
}

func openStore(t *testing.T, path string) *store.Store {
	t.Helper()
	s, err := store.New(store.Config{URL: "sqlite:" + path, Log: slog.New(slog.DiscardHandler)})
	if err == nil {
		err = s.Open(context.Background())
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// started is a Sender that runs.
type started struct {
	stop func()
	logs *lockedBuffer
}

type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string { l.mu.Lock(); defer l.mu.Unlock(); return l.b.String() }

func quick(s control.QueueStore, hooks ...resource.Webhook) Config {
	return Config{
		Store: s, Current: func() (*resource.Set, error) { return &resource.Set{Webhooks: hooks}, nil },
		Subscribe: func() (<-chan *control.Generation, func()) { return nil, func() {} },
		Metrics:   NewMetrics(prometheus.NewRegistry()), Log: slog.New(slog.DiscardHandler),
		Timeout: 500 * time.Millisecond, Lease: 2 * time.Second, Poll: 10 * time.Millisecond, First: 10 * time.Millisecond, Most: 50 * time.Millisecond,
	}
}

func start(t *testing.T, c Config) started {
	t.Helper()
	logs := &lockedBuffer{}
	c.Log = slog.New(slog.NewTextHandler(logs, nil))
	s, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); _ = s.Run(ctx) }()
	stop := func() { cancel(); <-done }
	t.Cleanup(stop)
	return started{stop, logs}
}

func hook(t *testing.T, name, url string) resource.Webhook {
	t.Setenv("WEBHOOK_TEST_KEY", testKey)
	return resource.Webhook{Name: name, URL: url, Secret: secret.Ref{Env: "WEBHOOK_TEST_KEY"}}
}

// begin gives hooks their position, as a server that takes them up does.
func begin(t *testing.T, s *store.Store, names ...string) {
	t.Helper()
	for _, n := range names {
		if _, _, err := s.Claim(t.Context(), n, "begin", time.Now(), 0); err != nil {
			t.Fatal(err)
		}
	}
}

func enqueue(t *testing.T, s *store.Store, topic string, from, to int) (names []string) {
	t.Helper()
	var notices []control.Notice
	for i := from; i < to; i++ {
		notices = append(notices, control.Notice{Topic: topic, Event: "updated", Kind: "K", Name: fmt.Sprint(i), Author: "ann", At: time.Now().UTC()})
		names = append(names, fmt.Sprint(i))
	}
	if err := s.Enqueue(t.Context(), notices); err != nil {
		t.Fatal(err)
	}
	return names
}

func same(t *testing.T, have, want []string) {
	t.Helper()
	if !slices.Equal(have, want) {
		t.Errorf("have %v, want %v", have, want)
	}
}

// TestOrderThroughFailures: an endpoint that fails in every way there is gets every event it wants, in order, each failed one again under
// the same id, and one that is dead holds nobody else.
func TestOrderThroughFailures(t *testing.T) {
	s := openStore(t, filepath.Join(t.TempDir(), "s.db"))
	var redirected sync.Once
	elsewhere := 0
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { redirected.Do(func() { elsewhere++ }) }))
	t.Cleanup(other.Close)
	var r *receiver
	r = receive(t, httptest.NewServer, func(w http.ResponseWriter, m message) bool {
		r.mu.Lock()
		n := r.seen
		r.mu.Unlock()
		switch n {
		case 1, 2:
			w.WriteHeader(http.StatusInternalServerError)
		case 3:
			time.Sleep(time.Second)
		case 4:
			w.Header().Set("Location", other.URL)
			w.WriteHeader(http.StatusTemporaryRedirect)
		case 5:
			panic(http.ErrAbortHandler)
		case 6:
			// An answer without end is not waited for.
			w.WriteHeader(http.StatusOK)
			w.(http.Flusher).Flush()
			return true
		default:
			return true
		}
		return false
	})
	calm := receive(t, httptest.NewServer, nil)
	dead := hook(t, "dead", "http://127.0.0.1:1/secret-in-path")
	one, two := hook(t, "one", r.url), hook(t, "two", calm.url)
	one.Events = []string{"policy"}
	begin(t, s, "one", "two", "dead")
	enqueue(t, s, "person", 100, 103)
	want := enqueue(t, s, "policy", 0, 30)
	sender := start(t, quick(s, dead, one, two))
	same(t, r.names(30), want)
	if n := len(calm.names(33)); n != 33 {
		t.Errorf("%d events", n)
	}
	if elsewhere != 0 {
		t.Error("a redirect was followed")
	}
	if r.seen != 35 {
		t.Errorf("%d attempts", r.seen)
	}
	logs := sender.logs.String()
	if !strings.Contains(logs, "webhook=dead") || !strings.Contains(logs, "status 500") || strings.Contains(logs, "secret-in-path") || strings.Contains(logs, testKey) {
		t.Error(logs)
	}
}

// TestPositionOutlivesTheProcess: what was told is not told again after a restart, what happened meanwhile is, and what was given up is counted.
func TestPositionOutlivesTheProcess(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s.db")
	s := openStore(t, path)
	r := receive(t, httptest.NewServer, nil)
	h := hook(t, "one", r.url)
	begin(t, s, "one")
	want := enqueue(t, s, "source", 0, 5)
	first := start(t, quick(s, h))
	r.names(5)
	first.stop()
	want = append(want, enqueue(t, s, "drift", 5, 8)...)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = openStore(t, path)
	second := start(t, quick(s, h))
	same(t, r.names(8), want)
	second.stop()

	// The endpoint is away while more happens than the queue holds.
	enqueue(t, s, "person", 8, 10_108)
	h.Events = []string{"policy"}
	last := enqueue(t, s, "policy", 0, 1)
	start(t, quick(s, h))
	same(t, r.names(9), append(want, last...))
	if lost := r.taken[8].Data.Lost; lost != 101 {
		t.Errorf("%d are told lost", lost)
	}
}

// TestGivenUp: events that an endpoint does not take in time are given up, counted, and the next ones arrive.
func TestGivenUp(t *testing.T) {
	s := openStore(t, filepath.Join(t.TempDir(), "s.db"))
	r := receive(t, httptest.NewServer, func(w http.ResponseWriter, m message) bool {
		if m.Data.Lost == 0 && m.Data.Name != "4" {
			w.WriteHeader(http.StatusServiceUnavailable)
			return false
		}
		return true
	})
	c := quick(s, hook(t, "one", r.url))
	c.MaxAge = 700 * time.Millisecond
	begin(t, s, "one")
	enqueue(t, s, "policy", 0, 3)
	start(t, c)
	time.Sleep(800 * time.Millisecond)
	enqueue(t, s, "policy", 3, 5)
	same(t, r.names(2), []string{"3", "4"})
	if r.taken[0].Data.Lost != 3 || r.taken[1].Data.Lost != 0 {
		t.Errorf("%+v", r.taken)
	}
}

// TestOneServerSends: of two that share a state one sends, each event once, and the other goes on when the first ends.
func TestOneServerSends(t *testing.T) {
	s := openStore(t, filepath.Join(t.TempDir(), "s.db"))
	r := receive(t, httptest.NewServer, nil)
	h := hook(t, "one", r.url)
	begin(t, s, "one")
	a := start(t, quick(s, h))
	start(t, quick(s, h))
	want := enqueue(t, s, "person", 0, 100)
	r.names(100)
	a.stop()
	want = append(want, enqueue(t, s, "person", 100, 200)...)
	same(t, r.names(200), want)
}

// TestKilled: after kill -9 another server goes on once the lease has run out: nothing is left out, nothing overtakes, and what comes again
// has its old id.
func TestKilled(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s.db")
	if state := os.Getenv("WEBHOOK_TEST_STATE"); state != "" {
		start(t, quick(openStore(t, state), hook(t, "one", os.Getenv("WEBHOOK_TEST_URL"))))
		select {}
	}
	s := openStore(t, path)
	begin(t, s, "one")
	want := enqueue(t, s, "policy", 0, 60)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	r := receive(t, httptest.NewServer, func(http.ResponseWriter, message) bool { time.Sleep(5 * time.Millisecond); return true })
	child := exec.Command(os.Args[0], "-test.run=^TestKilled$")
	child.Env = append(os.Environ(), "WEBHOOK_TEST_STATE="+path, "WEBHOOK_TEST_URL="+r.url)
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	r.names(10)
	_ = child.Process.Kill()
	_ = child.Wait()
	before := len(r.names(10))
	if before >= 60 {
		t.Fatal("it was killed too late")
	}
	start(t, quick(openStore(t, path), hook(t, "one", r.url)))
	until(t, func() bool { names := r.names(60); return names[len(names)-1] == "59" })
	have := r.names(60)
	if len(have) > 61 {
		t.Errorf("%d deliveries of 60 events", len(have))
	}
	same(t, slices.Compact(slices.Clone(have)), want)
	if ids := slices.Compact(slices.Clone(r.ids)); len(ids) != 60 {
		t.Errorf("%d ids", len(ids))
	}
}

// TestCertificate: a certificate that is not trusted gets nothing.
func TestCertificate(t *testing.T) {
	s := openStore(t, filepath.Join(t.TempDir(), "s.db"))
	r := receive(t, httptest.NewTLSServer, nil)
	r.client.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelInfo)
	h := hook(t, "one", r.url)
	begin(t, s, "one")
	want := enqueue(t, s, "policy", 0, 1)
	strict := start(t, quick(s, h))
	until(t, func() bool { return strings.Contains(strict.logs.String(), "certificate") })
	strict.stop()
	if r.seen != 0 {
		t.Fatal("sent without trust")
	}
	c := quick(s, h)
	c.Roots = x509.NewCertPool()
	c.Roots.AddCert(r.client.Certificate())
	start(t, c)
	same(t, r.names(1), want)
}

// TestKeyMissing: without a key of its form nothing is sent, and the webhook is named.
func TestKeyMissing(t *testing.T) {
	for _, text := range []string{"", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_c2hvcnQ=", "whsec_***"} {
		s := openStore(t, filepath.Join(t.TempDir(), "s.db"))
		r := receive(t, httptest.NewServer, nil)
		h := hook(t, "one", r.url)
		t.Setenv("WEBHOOK_TEST_KEY", text)
		begin(t, s, "one")
		enqueue(t, s, "policy", 0, 1)
		c := quick(s, h)
		sender, err := New(c)
		if err != nil {
			t.Fatal(err)
		}
		if err := sender.Unresolved(); err == nil || !strings.Contains(err.Error(), "one: ") {
			t.Errorf("%v", err)
		}
		run := start(t, c)
		until(t, func() bool { return strings.Contains(run.logs.String(), "attempt failed") })
		if run.stop(); r.seen != 0 || text != "" && strings.Contains(run.logs.String(), text) {
			t.Errorf("%d requests; %s", r.seen, run.logs)
		}
	}
}

// TestReachable: which addresses a webhook reaches, and that the dialer asks.
func TestReachable(t *testing.T) {
	public, private, local := resource.Webhook{URL: "https://a.example"}, resource.Webhook{URL: "https://a.example", Private: true}, resource.Webhook{URL: "http://localhost:1"}
	for _, c := range []struct {
		address                string
		public, private, local bool
	}{
		{"93.184.216.34", true, true, false},
		{"2606:2800:220:1::1", true, true, false},
		{"127.0.0.1", false, false, true},
		{"::1", false, false, true},
		{"::ffff:127.0.0.1", false, false, true},
		{"10.0.0.1", false, true, false},
		{"::ffff:10.0.0.1", false, true, false},
		{"192.168.1.1", false, true, false},
		{"100.64.0.1", false, true, false},
		{"fd12::1", false, true, false},
		{"169.254.169.254", false, false, false},
		{"fe80::1", false, false, false},
		{"fd00:ec2::254", false, false, false},
		{"64:ff9b::7f00:1", false, false, false},
		{"2002:7f00:1::", false, false, false},
		{"::7f00:1", false, false, false},
		{"0.0.0.0", false, false, false},
		{"::", false, false, false},
		{"224.0.0.1", false, false, false},
		{"255.255.255.255", false, false, false},
	} {
		a := netip.MustParseAddr(c.address)
		for want, w := range map[*bool]resource.Webhook{&c.public: public, &c.private: private, &c.local: local} {
			if err := reachable(w, a); (err == nil) != *want {
				t.Errorf("%s from %+v: %v", c.address, w, err)
			}
		}
	}
	r := receive(t, httptest.NewServer, nil)
	client := newClient(public, nil, time.Second)
	if response, err := client.Get(r.url); err == nil || !strings.Contains(err.Error(), "loopback") {
		t.Errorf("%v", err)
		_ = response.Body.Close()
	}
}

// TestSignature is the example of the Standard Webhooks specification's own libraries.
func TestSignature(t *testing.T) {
	k, err := key(secret.NewValue(testKey))
	if err != nil {
		t.Fatal(err)
	}
	got := sign(k, "msg_p5jXN8AQM9LWM0D4loKWxJek", time.Unix(1614265330, 0), []byte(`{"test": 2432232314}`))
	if want := "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

// TestBackoff: waits grow, stay within bounds, and differ.
func TestBackoff(t *testing.T) {
	differ := map[time.Duration]bool{}
	for n := 1; n < 100; n++ {
		wait := backoff(time.Second, time.Minute, n)
		most := min(time.Minute, time.Second<<min(n-1, 20))
		if wait < most/2 || wait > most {
			t.Errorf("%s after %d", wait, n)
		}
		differ[wait] = true
	}
	if len(differ) < 50 {
		t.Error("no jitter")
	}
}
