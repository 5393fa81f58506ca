package proxy_test

import (
	"context"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"
)

const wireFolder = "../testdata/wire"

// wireTables are what the scripts talk about.
const wireTables = `
	CREATE TABLE public.items (id int PRIMARY KEY, name text, price numeric(8,2), made date);
	INSERT INTO public.items SELECT i, 'item ' || i, i * 1.25, '2026-01-01'::date + i FROM generate_series(1, 50) i;
	CREATE TABLE public.empty (x int);
	CREATE TABLE public.wide (x text);
	INSERT INTO public.wide SELECT repeat(md5(i::text), 2000) FROM generate_series(1, 20) i;
	CREATE FUNCTION public.noisy(i int) RETURNS int LANGUAGE plpgsql AS $$ BEGIN RAISE NOTICE 'noise %', i; RETURN i; END $$;
`

// TestWireScripts holds each conversation with PostgreSQL itself and with Postern in front of it. The transcripts are equal.
func TestWireScripts(t *testing.T) {
	scripts, err := filepath.Glob(filepath.Join(wireFolder, "*.txt"))
	if err != nil {
		t.Fatal(err)
	}
	want, err := os.ReadFile(filepath.Join(wireFolder, "count"))
	if err != nil {
		t.Fatal(err)
	}
	if n, err := strconv.Atoi(strings.TrimSpace(string(want))); err != nil || len(scripts) < n {
		t.Fatalf("%d scripts, want at least %s", len(scripts), want)
	}
	w := newWorld(t).start(t)
	conn, err := pgx.Connect(t.Context(), w.dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.Background())
	if _, err := conn.Exec(t.Context(), wireTables); err != nil {
		t.Fatal(err)
	}
	for _, script := range scripts {
		t.Run(strings.TrimSuffix(filepath.Base(script), ".txt"), func(t *testing.T) {
			text, err := os.ReadFile(script)
			if err != nil {
				t.Fatal(err)
			}
			direct := converse(t, w.dsn, string(text))
			through := converse(t, w.url("ann", ""), string(text))
			if diff := cmp.Diff(direct, through); diff != "" {
				t.Errorf("PostgreSQL (-) and Postern (+) differ:\n%s", diff)
			}
			if len(direct) == 0 {
				t.Error("nothing was said")
			}
		})
	}
}

func converse(t *testing.T, dsn, script string) []string {
	c := dialWire(t, dsn)
	for line := range strings.Lines(script) {
		line = strings.TrimRight(line, "\r\n")
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		if strings.HasPrefix(line, "until") || line == "send" {
			c.transcript = append(c.transcript, "-- "+line)
		}
		c.run(line)
	}
	c.conn.Close()
	return c.transcript
}
