package e2e

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

const (
	corpusFolder = "../../testdata/corpus"
	// corpusEnd is the line that ends a statement of the corpus.
	corpusEnd = "--;"
)

// TestCorpus replays what tools send, which testdata/corpus holds with each tool's version, through the built binary. Nothing may be
// refused, and nothing that comes back may name what is hidden. Parameters are NULL.
func TestCorpus(t *testing.T) {
	noticeSources(t)
	makeHiddenThings(t)
	who := people()[0]
	files, err := filepath.Glob(filepath.Join(corpusFolder, "*.sql"))
	if err != nil {
		t.Fatal(err)
	}
	total, captured := 0, 0
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		name := strings.TrimSuffix(filepath.Base(file), ".sql")
		header, body, ok := strings.Cut(string(text), "\n")
		if !ok || !strings.HasPrefix(header, "-- ") {
			t.Errorf("%s does not begin with its tool and version", name)
		}
		conn := connect(t, shared.server, who, "")
		count := 0
		for _, sql := range strings.Split(body, "\n"+corpusEnd+"\n") {
			if sql = strings.TrimSpace(sql); sql == "" {
				continue
			}
			count++
			replay(t, conn, name, sql)
		}
		_, _ = conn.Exec(t.Context(), "ROLLBACK") // a warning where no transaction is open
		t.Logf("%s: %d statements", name, count)
		total += count
		if strings.Contains(header, "captured") {
			captured += count
		}
	}
	t.Logf("%d statements of %d tools, %d of them captured", total, len(files), captured)
	text, err := os.ReadFile(filepath.Join(corpusFolder, "MINIMUM"))
	if err != nil {
		t.Fatal(err)
	}
	if least, err := strconv.Atoi(strings.TrimSpace(string(text))); err != nil || total < least {
		t.Errorf("%d statements, %s are promised", total, text)
	}
}

// replay sends one statement by the extended protocol, or by the simple one where it is several.
func replay(t *testing.T, conn *pgx.Conn, tool, sql string) {
	t.Helper()
	ctx := t.Context()
	pgConn := conn.PgConn()
	var shown strings.Builder
	if strings.HasPrefix(strings.ToUpper(sql), "DECLARE") && pgConn.TxStatus() == 'I' {
		if _, err := conn.Exec(ctx, "BEGIN"); err != nil { // as it was captured
			t.Fatal(err)
		}
	}
	err := func() error {
		if strings.HasPrefix(strings.ToUpper(sql), "COPY") {
			_, err := pgConn.CopyTo(ctx, &shown, sql)
			return err
		}
		description, err := pgConn.Prepare(ctx, "", sql, nil)
		var told *pgconn.PgError
		if errors.As(err, &told) && strings.Contains(told.Message, "multiple commands") {
			results, err := pgConn.Exec(ctx, sql).ReadAll()
			for _, r := range results {
				for _, row := range r.Rows {
					for _, v := range row {
						shown.Write(v)
					}
				}
			}
			return err
		}
		if err != nil {
			return err
		}
		result := pgConn.ExecPrepared(ctx, "", make([][]byte, len(description.ParamOIDs)), nil, nil).Read()
		for _, row := range result.Rows {
			for _, v := range row {
				shown.Write(v)
				shown.WriteByte('|')
			}
		}
		return result.Err
	}()
	var told *pgconn.PgError
	if errors.As(err, &told) {
		switch told.Code {
		case "22012", "25P01": // meant to fail, or sent behind a BEGIN that the capture has once
			t.Logf("%s: %s %s: %.100s", tool, told.Code, told.Message, sql)
		default:
			t.Errorf("%s: %s %s\n%s", tool, told.Code, told.Message, sql)
		}
	} else if err != nil {
		t.Fatalf("%s: %v\n%s", tool, err, sql)
	}
	if conn.PgConn().TxStatus() == 'E' {
		_, _ = conn.Exec(context.WithoutCancel(ctx), "ROLLBACK")
	}
	namesNothingHidden(t, tool+": "+sql, shown.String())
}
