package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/jackc/pgx/v5"

	"github.com/posternsql/postern/control"
	"github.com/posternsql/postern/internal/pgcluster/pgtest"
	"github.com/posternsql/postern/secret"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

func open(t *testing.T, c Config) *Store {
	t.Helper()
	c.Log = slog.New(slog.DiscardHandler)
	s, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Open(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// inPostgres is a state in a database of its own.
func inPostgres(t *testing.T) Config {
	t.Helper()
	parsed, err := pgx.ParseConfig(pgtest.Database(t))
	if err != nil {
		t.Fatal(err)
	}
	variable := pgtest.Name("STATE_PASSWORD")
	t.Setenv(variable, parsed.Password)
	return Config{URL: fmt.Sprintf("postgres://%s@%s:%d/%s", parsed.User, parsed.Host, parsed.Port, parsed.Database), Password: secret.Ref{Env: variable}}
}

// both runs a test on each database.
func both(t *testing.T, test func(t *testing.T, c Config)) {
	t.Run("sqlite", func(t *testing.T) { test(t, Config{URL: "sqlite:" + filepath.Join(t.TempDir(), "a b#?%.db")}) })
	t.Run("postgres", func(t *testing.T) { test(t, inPostgres(t)) })
}

var at = time.Date(2027, 1, 31, 12, 0, 0, 123456789, time.UTC)

// TestStandingsOutliveTheProcess: what was stored is there when the state is opened again, the last acknowledgement of a purpose counts, and all stay.
func TestStandingsOutliveTheProcess(t *testing.T) {
	both(t, func(t *testing.T, c Config) {
		s := open(t, c)
		for _, err := range []error{
			s.SetProject(t.Context(), "ann", "first"),
			s.SetProject(t.Context(), "ann", "help-desk"),
			s.SetProject(t.Context(), "bob", "x"), s.SetProject(t.Context(), "bob", ""),
			s.Acknowledge(t.Context(), "ann", map[string]control.Acknowledgement{"support": {Text: "old", Digest: "1", At: at}}),
			s.Acknowledge(t.Context(), "ann", map[string]control.Acknowledgement{"support": {Text: "it's new\n€", Digest: "2", At: at}, "other": {Text: "o", Digest: "3", At: at}}),
			s.Acknowledge(t.Context(), "cyd", map[string]control.Acknowledgement{"support": {Text: "old", Digest: "1", At: at}}),
			s.Close(),
		} {
			if err != nil {
				t.Fatal(err)
			}
		}
		again := open(t, c)
		got, err := again.Standings(t.Context())
		want := map[string]control.Standing{
			"ann": {Project: "help-desk", Acknowledged: map[string]control.Acknowledgement{"support": {Text: "it's new\n€", Digest: "2", At: at}, "other": {Text: "o", Digest: "3", At: at}}},
			"bob": {},
			"cyd": {Acknowledged: map[string]control.Acknowledgement{"support": {Text: "old", Digest: "1", At: at}}},
		}
		if diff := cmp.Diff(want, got); err != nil || diff != "" {
			t.Error(err, diff)
		}
		var rows int
		if err := again.db.QueryRowContext(t.Context(), "SELECT count(*) FROM acknowledgement").Scan(&rows); err != nil || rows != 4 {
			t.Errorf("%d acknowledgements are on record (%v)", rows, err)
		}
		if m, err := again.Marks(t.Context()); err != nil || m.People != 7 {
			t.Errorf("%+v, %v", m, err)
		}
		if path, file := strings.CutPrefix(c.URL, "sqlite:"); file {
			if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
				t.Errorf("mode %v, %v", info.Mode(), err)
			}
		}
	})
}

func resource(kind, name, text string) control.StoredResource {
	return control.StoredResource{Kind: kind, Name: name, Text: text, Set: "s"}
}

// TestEveryVersionIsKept: versions count on through deletions, each with its author and time, and every revision can be read again.
func TestEveryVersionIsKept(t *testing.T) {
	both(t, func(t *testing.T, c Config) {
		s, ctx := open(t, c), t.Context()
		steps := [][]control.StoredResource{
			{resource("User", "ann", "one"), resource("Tag", "PII", "tag")},
			{resource("User", "ann", "two")},
			{{Kind: "User", Name: "ann", Deleted: true}},
			{resource("User", "ann", "it's back\n€")},
		}
		for i, writes := range steps {
			revision, err := s.Commit(ctx, control.Commit{Base: int64(i), Author: fmt.Sprint("author ", i), Action: "resource.apply", At: at.Add(time.Duration(i) * time.Second), Writes: writes})
			if err != nil || revision != int64(i+1) {
				t.Fatal(revision, err)
			}
		}
		versions, err := s.Versions(ctx, "User", "ann")
		var got []string
		for _, v := range versions {
			got = append(got, fmt.Sprintf("%d@%d %s %v %s %s", v.Version, v.Revision, v.Text, v.Deleted, v.Author, v.At.Format("05")))
		}
		want := []string{"4@4 it's back\n€ false author 3 03", "3@3  true author 2 02", "2@2 two false author 1 01", "1@1 one false author 0 00"}
		if diff := cmp.Diff(want, got); err != nil || diff != "" {
			t.Error(err, diff)
		}
		for revision, want := range []string{"", "Tag/PII=tag User/ann=one ", "Tag/PII=tag User/ann=two ", "Tag/PII=tag ", "Tag/PII=tag User/ann=it's back\n€ "} {
			then, err := s.At(ctx, int64(revision))
			if got := listed(then); err != nil || got != want {
				t.Errorf("at %d: %q, %v", revision, got, err)
			}
		}
		if _, err := s.At(ctx, 5); !errors.Is(err, control.ErrNoVersion) {
			t.Errorf("a revision to come: %v", err)
		}
		now, err := s.Stored(ctx)
		if got := listed(now); err != nil || now.Revision != 4 || got != "Tag/PII=tag User/ann=it's back\n€ " || now.Resources[0].Set != "s" {
			t.Errorf("%d %q %v", now.Revision, got, err)
		}
		if all, err := s.Revisions(ctx, 2); err != nil || len(all) != 2 || all[0].Revision != 4 || all[1].Author != "author 2" || all[0].Changes != 1 {
			t.Errorf("%+v %v", all, err)
		}
	})
}

// TestVersionsOfFiles: what a file of a server held has versions among those of what is stored, and is never taken for stored.
func TestVersionsOfFiles(t *testing.T) {
	both(t, func(t *testing.T, c Config) {
		s, ctx := open(t, c), t.Context()
		owned := func(text string) control.StoredResource {
			return control.StoredResource{Kind: "User", Name: "ann", Text: text, File: "users.yaml", Deleted: text == ""}
		}
		for i, w := range []control.StoredResource{resource("User", "ann", "one"), {Kind: "User", Name: "ann", Deleted: true}, owned("two"), owned("three"), owned(""), resource("User", "ann", "four")} {
			if _, err := s.Commit(ctx, control.Commit{Base: int64(i), At: at, Writes: []control.StoredResource{w}}); err != nil {
				t.Fatal(err)
			}
			now, err := s.Stored(ctx)
			files := listed(control.Stored{Resources: now.Files})
			want := []struct{ stored, files string }{{"User/ann=one ", ""}, {}, {"", "User/ann=two "}, {"", "User/ann=three "}, {}, {"User/ann=four ", ""}}[i]
			if got := listed(now); err != nil || got != want.stored || files != want.files {
				t.Errorf("after %d: stored %q, of files %q, %v", i, got, files, err)
			}
			if then, err := s.At(ctx, int64(i+1)); err != nil || listed(then) != want.stored {
				t.Errorf("at %d: %q, %v", i+1, listed(then), err)
			}
		}
		versions, err := s.Versions(ctx, "User", "ann")
		if err != nil || len(versions) != 6 || versions[2].File != "users.yaml" || versions[2].Text != "three" || !versions[1].Deleted || versions[0].File != "" {
			t.Errorf("%+v %v", versions, err)
		}
	})
}

func listed(s control.Stored) (out string) {
	for _, r := range s.Resources {
		out += r.Key() + "=" + r.Text + " "
	}
	return out
}

// TestCommitIsWholeOrNot: another base, and a change that cannot be put on record, leave everything as it was.
func TestCommitIsWholeOrNot(t *testing.T) {
	both(t, func(t *testing.T, c Config) {
		s, ctx := open(t, c), t.Context()
		many := make([]control.StoredResource, 1200)
		for i := range many {
			many[i] = resource("User", fmt.Sprintf("u%04d", i), "text")
		}
		if _, err := s.Commit(ctx, control.Commit{At: at, Writes: many, Notices: []control.Notice{{Topic: "person", At: at}}}); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Commit(ctx, control.Commit{At: at, Writes: many[:1]}); !errors.Is(err, control.ErrMoved) {
			t.Errorf("an outdated base: %v", err)
		}
		full := errors.New("the disk is full")
		_, err := s.Commit(ctx, control.Commit{Base: 1, At: at, Writes: many[:1], Notices: []control.Notice{{Topic: "person", At: at}},
			Before: func(_ context.Context, revision int64) error { return fmt.Errorf("revision %d: %w", revision, full) }})
		if !errors.Is(err, full) || !strings.Contains(err.Error(), "revision 2") {
			t.Errorf("not on record: %v", err)
		}
		now, err := s.Stored(ctx)
		if err != nil || now.Revision != 1 || len(now.Resources) != 1200 || now.Resources[7].Version != 1 {
			t.Errorf("%d %d %v", now.Revision, len(now.Resources), err)
		}
		if waiting, err := s.Next(ctx, 0, 10); err != nil || len(waiting) != 1 {
			t.Errorf("%d notices, %v", len(waiting), err)
		}
	})
}

// TestReviews: what was never stored is no empty record.
func TestReviews(t *testing.T) {
	both(t, func(t *testing.T, c Config) {
		s, ctx := open(t, c), t.Context()
		if r, err := s.Load(ctx); r != nil || err != nil {
			t.Error(r, err)
		}
		want := control.Reviews{"a.b.c": {OID: 7, Columns: map[string]int16{"x": 1}}}
		if err := errors.Join(s.Save(ctx, control.Reviews{}), s.Save(ctx, want)); err != nil {
			t.Fatal(err)
		}
		for range 2 {
			got, err := s.Load(ctx)
			if diff := cmp.Diff(want, got); err != nil || diff != "" {
				t.Error(err, diff)
			}
		}
	})
}

// TestRequests: a request is answered once.
func TestRequests(t *testing.T) {
	both(t, func(t *testing.T, c Config) {
		s, ctx := open(t, c), t.Context()
		r := control.AccessRequest{User: "ann", Source: "tpch.public.orders", Policy: "p", Reason: "work", Lasts: time.Hour, Status: control.RequestPending, AskedAt: at, EndsAt: at.Add(time.Hour)}
		var err error
		if r.ID, err = s.AskAccess(ctx, r); err != nil {
			t.Fatal(err)
		}
		denied := r
		denied.Status, denied.Answer, denied.AnsweredBy = control.RequestDenied, "no", "bob"
		if err := s.AnswerAccess(ctx, control.RequestPending, denied); err != nil {
			t.Fatal(err)
		}
		if err := s.AnswerAccess(ctx, control.RequestPending, r); !errors.Is(err, control.ErrMoved) {
			t.Errorf("answered twice: %v", err)
		}
		all, err := s.Requests(ctx)
		if diff := cmp.Diff([]control.AccessRequest{denied}, all); err != nil || diff != "" {
			t.Error(err, diff)
		}
	})
}

// TestQueue: each hook has its own place; one server at a time tells it; what is given up is counted.
func TestQueue(t *testing.T) {
	both(t, func(t *testing.T, c Config) {
		s, ctx := open(t, c), t.Context()
		notices := make([]control.Notice, 600)
		for i := range notices {
			notices[i] = control.Notice{Topic: "person", Name: fmt.Sprint(i), At: at}
		}
		if err := s.Enqueue(ctx, notices[:3]); err != nil {
			t.Fatal(err)
		}
		p, ok, err := s.Claim(ctx, "crm", "one", at, time.Minute)
		if err != nil || !ok || p.Sent != 3 {
			t.Fatalf("%+v %v %v", p, ok, err)
		}
		if _, ok, err := s.Claim(ctx, "crm", "two", at.Add(time.Second), time.Minute); ok || err != nil {
			t.Errorf("two servers hold it: %v", err)
		}
		if err := s.Enqueue(ctx, notices[:2]); err != nil {
			t.Fatal(err)
		}
		next, err := s.Next(ctx, p.Sent, 10)
		if err != nil || len(next) != 2 || next[0].Name != "0" || next[1].Name != "1" {
			t.Fatalf("%+v %v", next, err)
		}
		if err := s.Advance(ctx, "crm", "one", control.Progress{Sent: next[0].ID, Attempts: 2, NextAt: at}); err != nil {
			t.Fatal(err)
		}
		if err := s.Advance(ctx, "crm", "two", control.Progress{}); err != nil {
			t.Fatal(err)
		}
		for range 20 {
			if err := s.Enqueue(ctx, notices); err != nil {
				t.Fatal(err)
			}
		}
		p, ok, err = s.Claim(ctx, "crm", "two", at.Add(2*time.Minute), time.Minute)
		if err != nil || !ok || p.Sent != next[0].ID || p.Attempts != 2 || p.Lost != 12_000+1-maxNotices {
			t.Errorf("%+v %v %v", p, ok, err)
		}
		// What is counted meanwhile is not written over.
		if err := s.Advance(ctx, "crm", "two", control.Progress{Sent: p.Sent, MoreLost: 1 - p.Lost}); err != nil {
			t.Fatal(err)
		}
		if p, _, err := s.Claim(ctx, "crm", "two", at.Add(2*time.Minute), time.Minute); err != nil || p.Lost != 1 {
			t.Errorf("%+v %v", p, err)
		}
		// Only who holds it forgets it.
		for _, forgets := range []struct {
			holder string
			lost   int64
		}{{"one", 1}, {"two", 0}} {
			if err := s.Forget(ctx, "crm", forgets.holder, at.Add(2*time.Minute)); err != nil {
				t.Fatal(err)
			}
			if p, _, err := s.Claim(ctx, "crm", "two", at.Add(2*time.Minute), time.Minute); err != nil || p.Lost != forgets.lost {
				t.Errorf("%s: %+v %v", forgets.holder, p, err)
			}
		}
		if left, err := s.Next(ctx, 0, 20_000); err != nil || len(left) != maxNotices {
			t.Errorf("%d are left, %v", len(left), err)
		}
	})
}

// TestLease: only a server whose marks are the state's renews its lease, and a change waits for who is renewing.
func TestLease(t *testing.T) {
	s, ctx := open(t, inPostgres(t)), t.Context()
	beat := func(revision int64) control.Marks {
		t.Helper()
		m, err := s.Beat(ctx, control.Beat{Replica: "a", Address: "here", Revision: revision, Lasts: time.Minute})
		if err != nil {
			t.Fatal(err)
		}
		return m
	}
	live := func(want bool) {
		t.Helper()
		all, err := s.Replicas(ctx)
		if err != nil || len(all) != 1 || all[0].Live != want {
			t.Errorf("%+v %v", all, err)
		}
	}
	if m := beat(7); m.Revision != 0 {
		t.Errorf("%+v", m)
	}
	live(false)
	beat(0)
	live(true)
	if _, err := s.Commit(ctx, control.Commit{At: at}); err != nil {
		t.Fatal(err)
	}
	if m := beat(0); m.Revision != 1 {
		t.Errorf("%+v", m)
	}
	live(true) // until it runs out
	if err := s.Leave(ctx, "a"); err != nil {
		t.Fatal(err)
	}
	beat(0)
	live(false)
}

// TestTurn: one server at a time; who lost its turn can note nothing, and the next one learns what was told.
func TestTurn(t *testing.T) {
	s, ctx := open(t, inPostgres(t)), t.Context()
	take := func(server string, known int64, lasts time.Duration, held bool) control.Turn {
		t.Helper()
		turn, err := s.TakeTurn(ctx, "shop", server, known, lasts)
		if err != nil || turn.Held != held {
			t.Fatalf("%s: %+v %v", server, turn, err)
		}
		return turn
	}
	a := take("a", 0, time.Minute, true)
	take("b", 0, time.Minute, false)
	told := []control.Telling{{ID: "1", Ended: at}, {ID: "2", Ended: at.Add(time.Minute)}}
	for _, c := range []control.Collected{{Intended: told}, {Safe: told[:1], Position: "here"}} {
		if err := s.NoteTurn(ctx, a, time.Minute, c); err != nil {
			t.Fatal(err)
		}
	}
	if again := take("a", a.Term, time.Minute, true); again.Term != a.Term || again.Tellings != nil || again.Position != "here" {
		t.Errorf("%+v", again)
	}
	if err := s.NoteTurn(ctx, a, 0, control.Collected{}); err != nil { // gives it up
		t.Fatal(err)
	}
	b := take("b", 0, time.Minute, true)
	want := []control.Telling{{ID: "1", Server: "a", Ended: at.Truncate(time.Microsecond), Safe: true}, {ID: "2", Server: "a", Ended: at.Add(time.Minute).Truncate(time.Microsecond)}}
	if diff := cmp.Diff(want, b.Tellings, cmpopts.EquateApproxTime(time.Microsecond)); diff != "" || b.Position != "here" {
		t.Errorf("at %s: %s", b.Position, diff)
	}
	if err := s.NoteTurn(ctx, a, time.Minute, control.Collected{Position: "there"}); !errors.Is(err, control.ErrTurnLost) {
		t.Errorf("who lost its turn noted: %v", err)
	}
	take("a", a.Term, time.Minute, false)
	if err := s.NoteTurn(ctx, b, time.Minute, control.Collected{Forget: at.Add(time.Second)}); err != nil {
		t.Fatal(err)
	}
	if back := take("b", 0, time.Minute, true); back.Term == b.Term || len(back.Tellings) != 1 { // a new life of b's
		t.Errorf("%+v", back)
	}
}

// TestListen: a commit and a change of a standing are told; what is rolled back is not.
func TestListen(t *testing.T) {
	s := open(t, inPostgres(t))
	ctx, cancel := context.WithCancel(t.Context())
	heard, done := make(chan struct{}, 100), make(chan error, 1)
	go func() { done <- s.Listen(ctx, func() { heard <- struct{}{} }) }()
	wait := func() {
		t.Helper()
		select {
		case <-heard:
		case <-time.After(10 * time.Second):
			t.Fatal("nothing was told")
		}
	}
	wait()
	if _, err := s.Commit(ctx, control.Commit{At: at}); err != nil {
		t.Fatal(err)
	}
	wait()
	if err := s.SetProject(ctx, "ann", "p"); err != nil {
		t.Fatal(err)
	}
	wait()
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

// TestForeignFiles: what is not ours is refused and stays as it is.
func TestForeignFiles(t *testing.T) {
	newer := filepath.Join(t.TempDir(), "newer.db")
	db, err := sql.Open("sqlite", newer)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.ExecContext(t.Context(), "PRAGMA user_version = 7"); err != nil {
		t.Fatal(err)
	}
	db.Close()
	text := filepath.Join(t.TempDir(), "text")
	if err := os.WriteFile(text, []byte(strings.Repeat("no database ", 1000)), 0o600); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{newer: "its version is 7", text: "not a database", filepath.Join(t.TempDir(), "no", "folder"): "no such file"} {
		before, _ := os.ReadFile(path)
		s, err := New(Config{URL: "sqlite:" + path, Log: slog.New(slog.DiscardHandler)})
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Open(t.Context()); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, %v", path, s, err)
		}
		if after, _ := os.ReadFile(path); string(after) != string(before) {
			t.Errorf("%s was changed", path)
		}
	}
}

// TestEarlierFile: a file of an earlier version is brought to this one, with what it holds.
func TestEarlierFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "old.db")
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	_, err = db.ExecContext(t.Context(), sqliteDatabase.schema(migrations()[0])+"INSERT INTO standing VALUES ('ann', 'p'); PRAGMA user_version = 1")
	if err := errors.Join(err, db.Close()); err != nil {
		t.Fatal(err)
	}
	s := open(t, Config{URL: "sqlite:" + path})
	if got, err := s.Standings(t.Context()); err != nil || got["ann"].Project != "p" {
		t.Error(got, err)
	}
	if known, err := s.Known(t.Context()); err != nil || known.Mark != 0 || len(known.Warehouses)+len(known.Sources) != 0 {
		t.Error(known, err)
	}
	if m, err := s.Marks(t.Context()); err != nil || m != (control.Marks{}) {
		t.Error(m, err)
	}
}

// TestUnregistered: that a warehouse was unregistered outlives the process, under the settings that it then had.
func TestUnregistered(t *testing.T) {
	both(t, func(t *testing.T, c Config) {
		for _, step := range []struct {
			set                   func(s *Store) error
			settings, connections string
			want                  bool
		}{
			{nil, "a", "wh", false},
			{func(s *Store) error { return s.SetUnregistered(t.Context(), "wh", "a", true) }, "a", "wh", true},
			{nil, "b", "wh", false}, {nil, "a", "other", false},
			{func(s *Store) error { return s.SetUnregistered(t.Context(), "wh", "b", true) }, "b", "wh", true},
			{nil, "a", "wh", false},
			{func(s *Store) error { return s.SetUnregistered(t.Context(), "wh", "b", false) }, "b", "wh", false},
		} {
			s := open(t, c)
			if step.set != nil {
				if err := step.set(s); err != nil {
					t.Fatal(err)
				}
			}
			s.Close()
			if got, err := open(t, c).Unregistered(t.Context(), step.connections, step.settings); err != nil || got != step.want {
				t.Errorf("%+v: %t %v", step, got, err)
			}
		}
	})
}

// TestClosedStore: what cannot be read or written is an error, never an empty answer.
func TestClosedStore(t *testing.T) {
	s := open(t, Config{URL: "sqlite:" + filepath.Join(t.TempDir(), "s.db")})
	s.Close()
	if got, err := s.Standings(context.Background()); err == nil {
		t.Errorf("got %v", got)
	}
	if got, err := s.Stored(context.Background()); err == nil {
		t.Errorf("got %v", got)
	}
	if s.SetProject(t.Context(), "a", "b") == nil || s.Acknowledge(t.Context(), "a", map[string]control.Acknowledgement{"p": {}}) == nil {
		t.Error("a closed store takes changes")
	}
}

// TestConfig: a password in the URL, and another machine without TLS, are refused, and nothing of the URL is repeated.
func TestConfig(t *testing.T) {
	for url, want := range map[string]string{
		"postgres://u:hunter2@127.0.0.1/d":                       "by reference",
		"postgres://u@127.0.0.1/d?password=hunter2":              "by reference",
		"postgres://u@db.example.com/d":                          "verify-full",
		"postgres://u@db.example.com/d?sslmode=prefer&x=hunter2": "verify-full",
		"postgres://u@hunter2 /d":                                "cannot be read",
		"sqlite:":                                                "neither",
		"hunter2":                                                "neither",
	} {
		err := Config{URL: url, Log: slog.New(slog.DiscardHandler)}.Validate()
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: %v", url, err)
		}
	}
}

// TestBackup: a copy that is made while the state is in use holds it as it was, opens as a state, and replaces nothing.
func TestBackup(t *testing.T) {
	dir := t.TempDir()
	path, copied := filepath.Join(dir, "s.db"), filepath.Join(dir, "b?#.db")
	s, ctx := open(t, Config{URL: "sqlite:" + path}), t.Context()
	if _, err := s.Commit(ctx, control.Commit{At: at, Writes: []control.StoredResource{resource("Tag", "PII", "one")}}); err != nil {
		t.Fatal(err)
	}
	if err := Backup(ctx, path, copied); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Commit(ctx, control.Commit{Base: 1, At: at, Writes: []control.StoredResource{resource("Tag", "PII", "two")}}); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(copied); err != nil || info.Mode().Perm() != 0o600 {
		t.Error(info.Mode(), err)
	}
	if err := Backup(ctx, path, copied); err == nil || !strings.Contains(err.Error(), "there already") {
		t.Errorf("a file was replaced: %v", err)
	}
	then, err := open(t, Config{URL: "sqlite:" + copied}).Stored(ctx)
	if err != nil || then.Revision != 1 || listed(then) != "Tag/PII=one " {
		t.Errorf("%+v %v", then, err)
	}
	other := filepath.Join(dir, "other.db")
	if err := os.WriteFile(other, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := Backup(ctx, other, filepath.Join(dir, "x.db")); err == nil {
		t.Error("a file that is no state was backed up")
	}
	if _, err := os.Stat(filepath.Join(dir, "x.db")); err == nil {
		t.Error("a failed backup left a file")
	}
}
