package apicheck

import (
	"bytes"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
)

// descriptionPath is where a server has its description.
const descriptionPath = "/v1/openapi.json"

// Relay is an http.Handler that hands requests on to a server, unchanged, and checks each exchange against the server's own description.
type Relay struct {
	// Server is the address of the server, such as http://127.0.0.1:8432.
	Server string
	// Report is called with each exchange that is not as described.
	Report func(error)

	mu          sync.Mutex
	description *Description
	seen        map[string]map[int]int
}

// ServeHTTP implements http.Handler.
func (r *Relay) ServeHTTP(w http.ResponseWriter, q *http.Request) {
	if err := r.exchange(w, q); err != nil {
		r.Report(fmt.Errorf("relaying %s %s: %w", q.Method, q.URL.Path, err))
		w.WriteHeader(http.StatusBadGateway)
	}
}

func (r *Relay) exchange(w http.ResponseWriter, q *http.Request) error {
	d, err := r.Description()
	if err != nil {
		return err
	}
	body, err := io.ReadAll(q.Body)
	if err != nil {
		return err
	}
	onward, err := http.NewRequestWithContext(q.Context(), q.Method, r.Server+q.URL.RequestURI(), bytes.NewReader(body))
	if err != nil {
		return err
	}
	onward.Header = q.Header.Clone()
	status, header, text, err := send(onward)
	if err != nil {
		return err
	}
	op, wrong := d.Check(Exchange{Method: q.Method, URL: q.URL, Request: body, Status: status, Type: header.Get("Content-Type"), Answer: text})
	if wrong != nil {
		r.Report(fmt.Errorf("%w\nrequest: %.2000s\nanswer: %.2000s", wrong, body, text))
	}
	if op != nil {
		r.note(op.ID, status)
	}
	maps.Copy(w.Header(), header)
	w.WriteHeader(status)
	_, err = w.Write(text)
	return err
}

func send(q *http.Request) (status int, header http.Header, text []byte, err error) {
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	answer, err := client.Do(q)
	if err != nil {
		return 0, nil, nil, err
	}
	defer answer.Body.Close()
	text, err = io.ReadAll(answer.Body)
	return answer.StatusCode, answer.Header, text, err
}

// Description is the server's, read once.
func (r *Relay) Description() (*Description, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.description != nil {
		return r.description, nil
	}
	q, err := http.NewRequest(http.MethodGet, r.Server+descriptionPath, nil)
	if err != nil {
		return nil, err
	}
	_, _, text, err := send(q)
	if err != nil {
		return nil, err
	}
	r.description, err = Parse(text)
	return r.description, err
}

func (r *Relay) note(operation string, status int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.seen == nil {
		r.seen = map[string]map[int]int{}
	}
	if r.seen[operation] == nil {
		r.seen[operation] = map[int]int{}
	}
	r.seen[operation][status]++
}

// Seen reports that an operation was answered with a status.
func (r *Relay) Seen(operation string, status int) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.seen[operation][status] > 0
}

// String counts the exchanges by operation and status, a line for each operation.
func (r *Relay) String() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	var b strings.Builder
	for _, id := range slices.Sorted(maps.Keys(r.seen)) {
		b.WriteString(id + ":")
		for _, status := range slices.Sorted(maps.Keys(r.seen[id])) {
			fmt.Fprintf(&b, " %d×%d", r.seen[id][status], status)
		}
		b.WriteString("\n")
	}
	return b.String()
}
