package lambda

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/posternsql/postern/secret"
)

// vault is a Store in memory.
type vault struct {
	secrets map[string]string
	gone    bool
	reads   map[string]int
}

func (v *vault) Secret(_ context.Context, name string) (secret.Value, error) {
	v.reads[name]++
	text, ok := v.secrets[name]
	if v.gone || !ok {
		return secret.Value{}, errors.New("no answer for " + name)
	}
	return secret.NewValue(text), nil
}

const cluster = "arn:aws:redshift:eu-central-1:123456789012:cluster:one"

const accessText = `{"version": 3, "clusters": ["` + cluster + `"],
	"audiences": {"readers": ["ann", "IAMR:Bob"], "stewards": ["cyd"]},
	"domains": {"default": {"key": "keys/default", "mask": ["readers"], "reveal": ["stewards"]}, "other": {"key": "keys/other", "mask": ["stewards"]}}}`

type world struct {
	*Handler
	vault *vault
	now   time.Time
	log   bytes.Buffer
}

func newWorld(t *testing.T, access string, keys map[string]string) *world {
	t.Helper()
	w := &world{vault: &vault{secrets: map[string]string{"access": access}, reads: map[string]int{}}, now: time.Unix(1_800_000_000, 0)}
	for name, key := range keys {
		w.vault.secrets[name] = base64.StdEncoding.EncodeToString([]byte(key))
	}
	var err error
	w.Handler, err = NewHandler(Config{Store: w.vault, AccessName: "access", Now: func() time.Time { return w.now }, Log: slog.New(slog.NewJSONHandler(&w.log, nil))})
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func ordinary(t *testing.T) *world {
	return newWorld(t, accessText, map[string]string{"keys/default": strings.Repeat("k", 32), "keys/other": strings.Repeat("o", 32)})
}

// ask calls a function for the user; a row is the arguments of one call, nil is NULL.
func (w *world) ask(t *testing.T, user, function string, rows ...[]any) Response {
	t.Helper()
	return w.askOf(t, cluster, user, function, rows...)
}

func (w *world) askOf(t *testing.T, cluster, user, function string, rows ...[]any) Response {
	t.Helper()
	payload, err := json.Marshal(map[string]any{"request_id": "r", "cluster": cluster, "user": user, "database": "dev",
		"external_function": "postern_functions." + function, "query_id": 5, "num_records": len(rows), "arguments": rows})
	if err != nil {
		t.Fatal(err)
	}
	return w.Invoke(t.Context(), payload)
}

// TestVectors: the functions give what those on PostgreSQL and the Go package give.
func TestVectors(t *testing.T) {
	text, err := os.ReadFile("../tokenize/testdata/domain.tsv")
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for line := range strings.Lines(string(text)) {
		if strings.HasPrefix(line, "#") {
			continue
		}
		n++
		f := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		plain := func(s string) string { b, _ := hex.DecodeString(s); return string(b) }
		w := newWorld(t, strings.ReplaceAll(accessText, `"default"`, fmt.Sprintf("%q", f[1])), map[string]string{"keys/default": plain(f[0])})
		row := []any{f[1], plain(f[4])}
		if f[3] != "" {
			row = []any{f[1], f[3], plain(f[4])}
		}
		r := w.ask(t, "ann", f[2], row)
		if !r.Success || len(r.Results) != 1 {
			t.Fatalf("%s: %+v", line, r)
		}
		got := "NULL"
		if v := r.Results[0]; v != nil {
			got = hex.EncodeToString(fmt.Append(nil, v))
		}
		if got != f[5] {
			t.Errorf("%s: %s", line, got)
		}
	}
	if t.Logf("%d vectors", n); n < 150 {
		t.Errorf("only %d vectors", n)
	}
}

// TestBatch: results come in order, NULL gives NULL, and what cannot be masked or turned back gives NULL, too.
func TestBatch(t *testing.T) {
	w := ordinary(t)
	tokens := w.ask(t, "cyd", "protect", []any{"default", "zoë"}, []any{"default", nil}, []any{nil, "x"}, nil, []any{"other", "zoë"})
	if !tokens.Success || tokens.Records != 5 || tokens.Results[0] == tokens.Results[4] {
		t.Fatalf("%+v", tokens)
	}
	for _, i := range []int{1, 2, 3} {
		if tokens.Results[i] != nil {
			t.Errorf("%d: %v", i, tokens.Results[i])
		}
	}
	back := w.ask(t, "cyd", "reveal", []any{"default", tokens.Results[0]}, []any{"default", "no token"})
	if !back.Success || back.Results[0] != "zoë" || back.Results[1] != nil {
		t.Errorf("%+v", back)
	}
	card := w.ask(t, "ann", "format_preserving", []any{"default", "0123456789", "4111 1111-1111 1234"}, []any{"default", "0123456789", "12"})
	again := w.ask(t, "cyd", "reveal_format_preserving", []any{"default", "0123456789", card.Results[0]})
	if card.Results[1] != nil || !again.Success || again.Results[0] != "4111 1111-1111 1234" {
		t.Errorf("%+v, %+v", card, again)
	}
	if long := w.ask(t, "ann", "keyed_hash", []any{"default", strings.Repeat("x", 1<<20+1)}); !long.Success || long.Results[0] != nil {
		t.Errorf("a value above a megabyte: %+v", long)
	}
}

// TestPermission: who may what, of which cluster, in which domain; a refusal is one of the whole batch and holds no value.
func TestPermission(t *testing.T) {
	w := ordinary(t)
	for _, c := range []struct {
		cluster, user, function, domain string
		allowed                         bool
	}{
		{cluster, "ann", "keyed_hash", "default", true}, {cluster, "ann", "keyed_draw", "default", true}, {cluster, "IAMR:Bob", "protect", "default", true},
		{cluster, "cyd", "protect", "default", true}, {cluster, "cyd", "reveal", "default", true}, {cluster, "cyd", "keyed_hash", "other", true},
		{cluster, "ann", "reveal", "default", false}, {cluster, "ann", "reveal_format_preserving", "default", false}, {cluster, "ann", "keyed_hash", "other", false},
		{cluster, "cyd", "reveal", "other", false}, {cluster, "dora", "keyed_hash", "default", false}, {cluster, "ANN", "keyed_hash", "default", false},
		{cluster, "ann ", "keyed_hash", "default", false}, {cluster, "iamr:bob", "keyed_hash", "default", false}, {cluster + "2", "cyd", "keyed_hash", "default", false},
		{cluster, "cyd", "keyed_hash", "", false}, {cluster, "cyd", "keyed_hash", "access", false}, {cluster, "readers", "keyed_hash", "default", false},
	} {
		row := []any{c.domain, "marker-7"}
		if strings.Contains(c.function, "format") {
			row = []any{c.domain, "0123456789", "marker-7"}
		}
		r := w.askOf(t, c.cluster, c.user, c.function, nil, row)
		if text, _ := json.Marshal(r); r.Success != c.allowed || strings.Contains(string(text), "marker") {
			t.Errorf("%+v: %s", c, text)
		}
		if !c.allowed && (r.Error != "permission denied for function "+c.function || r.Results != nil) {
			t.Errorf("%+v: %+v", c, r)
		}
	}
	if reads := w.vault.reads; reads[""] != 0 || len(reads) != 3 {
		t.Errorf("secrets were read: %v", reads)
	}
	if strings.Contains(w.log.String(), "marker") {
		t.Error("a value is in the log")
	}
	for _, r := range []Response{w.ask(t, "ann", "unmask", []any{"default", "x"}), w.ask(t, "ann", "keyed_hash", []any{"default"}), w.ask(t, "ann", "keyed_hash", []any{"default", "x", "y"})} {
		if r.Success || r.Error == "" {
			t.Errorf("%+v", r)
		}
	}
}

// TestAccessChanges: a change is in force when what is kept is no longer fresh; a document that cannot be read any more serves until it is stale; an
// older one takes nobody's place.
func TestAccessChanges(t *testing.T) {
	w := ordinary(t)
	works := func(user string) bool { return w.ask(t, user, "keyed_hash", []any{"default", "x"}).Success }
	after := func(d time.Duration, text string) {
		w.now = w.now.Add(d)
		if text != "" {
			w.vault.secrets["access"] = text
		}
	}
	newer := strings.NewReplacer(`"version": 3`, `"version": 4`, `"ann", `, ``).Replace(accessText)
	if !works("ann") {
		t.Fatal("ann may not at first")
	}
	after(4*time.Second, newer)
	if !works("ann") {
		t.Error("it was read again while fresh")
	}
	after(time.Second, "")
	if works("ann") || !works("cyd") {
		t.Error("the change is not in force")
	}
	after(5*time.Second, accessText)
	if works("ann") {
		t.Error("an older document came into force")
	}
	after(5*time.Second, newer[:len(newer)-1])
	if !works("cyd") {
		t.Error("one that cannot be read ends the one in force at once")
	}
	w.vault.gone = true
	after(49*time.Second, "")
	if !works("cyd") {
		t.Error("refused before it is stale")
	}
	after(time.Second, "")
	if r := w.ask(t, "cyd", "keyed_hash", []any{"default", "x"}); r.Success || r.Error != errAccess.Error() {
		t.Errorf("stale: %+v", r)
	}
	w.vault.gone = false
	after(time.Second, newer)
	if !works("cyd") {
		t.Error("it does not recover")
	}
}

// TestKeys: a key is read once, again after a while, and its absence is told without its name.
func TestKeys(t *testing.T) {
	w := ordinary(t)
	for range 3 {
		w.ask(t, "ann", "keyed_hash", []any{"default", "x"}, []any{"default", "y"})
	}
	if w.vault.reads["keys/default"] != 1 {
		t.Errorf("read %d times", w.vault.reads["keys/default"])
	}
	first := w.ask(t, "ann", "keyed_hash", []any{"default", "x"}).Results[0]
	w.vault.secrets["keys/default"] = base64.StdEncoding.EncodeToString([]byte(strings.Repeat("n", 32)))
	w.now = w.now.Add(5 * time.Minute)
	if second := w.ask(t, "ann", "keyed_hash", []any{"default", "x"}).Results[0]; first == second {
		t.Error("a new key is not used")
	}
	for _, bad := range []string{"", "not base64!", base64.StdEncoding.EncodeToString([]byte("short"))} {
		w.vault.secrets["keys/default"] = bad
		w.now = w.now.Add(5 * time.Minute)
		if r := w.ask(t, "ann", "keyed_hash", []any{"default", "x"}); r.Success || r.Error != errKey.Error() {
			t.Errorf("key %q: %+v", bad, r)
		}
	}
	if strings.Contains(w.log.String(), "not base64!") || !strings.Contains(w.log.String(), "keys/default") {
		t.Errorf("the log does not name the key, or has it:\n%s", w.log.String())
	}
}
