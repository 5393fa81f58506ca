package proxy_test

import (
	"bytes"
	"context"
	"testing"

	"github.com/posternsql/postern/audit"
	"github.com/posternsql/postern/rewrite"
)

// cached is a rewriter whose every text is in its cache.
type cached struct{ result *rewrite.Result }

func (c cached) Rewrite(context.Context, rewrite.Request) (*rewrite.Result, error) {
	return c.result, nil
}

// nothing is an audit log that forgets.
type nothing struct{}

func (nothing) Record(context.Context, ...audit.Event) error { return nil }
func (nothing) RecordLater(...audit.Event) error             { return nil }

// benchClient connects directly or through Postern.
func benchClient(b *testing.B, way string, rewriter func(*world)) *wire {
	w := newWorld(b)
	w.config.Audit = nothing{}
	rewriter(w)
	w.start(b)
	w.admin(b, "CREATE TABLE public.points AS SELECT i AS id, i * 2 AS v FROM generate_series(1, 1000) i; "+
		"CREATE INDEX ON public.points (id); ANALYZE public.points")
	if way == "direct" {
		return dialWire(b, w.dsn)
	}
	return dialWire(b, w.url("ann", ""))
}

// BenchmarkRoundTrip times one small query, with and without Postern, by a client that allocates nothing, so that the
// allocations are the relay's.
func BenchmarkRoundTrip(b *testing.B) {
	const sql = "SELECT v FROM public.points WHERE id = 7"
	result := &rewrite.Result{Cached: true, Statements: []rewrite.Statement{{Kind: rewrite.KindSelect, SQL: sql}}}
	scripts := map[string][]string{"simple": {"Q " + sql}, "prepared": {"B |s|", "E |0", "S"}}
	for _, protocol := range []string{"simple", "prepared"} {
		for _, way := range []string{"direct", "postern"} {
			b.Run(protocol+"/"+way, func(b *testing.B) {
				client := benchClient(b, way, func(w *world) { w.config.Rewriter = cached{result} })
				for _, line := range []string{"P s|" + sql + "|", "S", "until Z"} {
					client.run(line)
				}
				for _, line := range scripts[protocol] {
					client.run(line)
				}
				request := bytes.Clone(client.out)
				buf := make([]byte, 4096)
				b.ReportAllocs()
				for b.Loop() {
					client.write(request)
					client.drainReady(b, buf)
				}
			})
		}
	}
}

// drainReady reads, without keeping anything, up to ReadyForQuery outside of a transaction.
func (c *wire) drainReady(b *testing.B, buf []byte) {
	end := [6]byte{'Z', 0, 0, 0, 5, 'I'}
	var tail [6]byte
	for tail != end {
		n, err := c.conn.Read(buf)
		if err != nil {
			b.Fatal(err)
		}
		if n >= len(tail) {
			copy(tail[:], buf[n-len(tail):n])
		} else {
			copy(tail[:], tail[n:])
			copy(tail[len(tail)-n:], buf[:n])
		}
	}
}

// BenchmarkStream times a result of about 100 MiB in rows of a kilobyte.
func BenchmarkStream(b *testing.B) {
	for _, way := range []string{"direct", "postern"} {
		b.Run(way, func(b *testing.B) {
			client := benchClient(b, way, func(*world) {})
			client.run("Q SELECT repeat('x', 1000) FROM generate_series(1, 104000)")
			request := bytes.Clone(client.out)
			buf := make([]byte, 256<<10)
			b.SetBytes(100 << 20)
			for b.Loop() {
				client.write(request)
				client.drainReady(b, buf)
			}
		})
	}
}
