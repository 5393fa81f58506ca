package tpch

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
)

// DefaultScale is the scale factor of a Generator that names none: 1,500 customers, 15,000 orders, 60,000 line items, about
// 12 MB.
const DefaultScale = 0.01

// Bounds of Scale: below, a part has no four suppliers; above, keys leave the integer type.
const (
	MinScale = 0.001
	MaxScale = 1000
)

// Progress is told how far the loading of a table is, after every few hundred rows and at its end. Calls come from a
// goroutine of the load, one at a time.
type Progress func(table string, done, total int64)

// Generator makes the rows of one database. The zero value is good; equal generators make equal rows.
type Generator struct {
	Seed  uint64
	Scale float64 // the specification's scale factor; 0 means DefaultScale
}

// Validate reports a scale that cannot be made.
func (g Generator) Validate() error {
	if s := g.scale(); !(s >= MinScale && s <= MaxScale) { // written so that NaN is refused
		return fmt.Errorf("scale %v is not between %v and %v", g.Scale, MinScale, MaxScale)
	}
	return nil
}

func (g Generator) scale() float64 {
	if g.Scale == 0 {
		return DefaultScale
	}
	return g.Scale
}

func (g Generator) sizes() sizes {
	times := func(n float64) int64 { return int64(math.Round(n * g.scale())) }
	return sizes{
		suppliers: times(10_000), parts: times(200_000), customers: times(150_000), orders: times(1_500_000),
		clerks: times(1_000),
	}
}

// Data returns a table's rows as COPY text, made as they are read. It is not safe for concurrent use.
func (g Generator) Data(table string) (io.Reader, error) {
	if err := g.Validate(); err != nil {
		return nil, err
	}
	return g.stream(table, newSource(g.Seed))
}

// stream is the one table of how each table is made.
func (g Generator) stream(table string, src *source) (*stream, error) {
	size := g.sizes()
	single := func(units int64, row func(b []byte, i int64) []byte) *stream {
		return &stream{units: units, next: func(b []byte, i int64) ([]byte, int64) {
			return append(row(b, i), '\n'), 1
		}}
	}
	var o order
	switch table {
	case "region":
		return single(int64(len(src.dom.regions)), src.region), nil
	case "nation":
		return single(int64(len(src.dom.nations)), src.nation), nil
	case "supplier":
		return single(size.suppliers, src.supplier), nil
	case "part":
		return single(size.parts, src.part), nil
	case "partsupp":
		return single(size.parts*suppliersPerPart, func(b []byte, i int64) []byte { return src.partsupp(b, i, size) }), nil
	case "customer":
		return single(size.customers, src.customer), nil
	case "orders":
		return single(size.orders, func(b []byte, i int64) []byte {
			src.order(&o, i, size)
			return src.orderRow(b, &o)
		}), nil
	case "lineitem":
		return &stream{units: size.orders, next: func(b []byte, i int64) ([]byte, int64) {
			src.order(&o, i, size)
			for n := range o.count {
				b = append(src.lineRow(b, &o, n), '\n')
			}
			return b, int64(o.count)
		}}, nil
	}
	return nil, fmt.Errorf("no table %q in TPC-H", table)
}

// rows is how many rows the stream will make.
func (g Generator) rows(table string, s *stream, src *source) int64 {
	if table != "lineitem" {
		return s.units
	}
	var total int64
	for i := range s.units {
		total += int64(src.lineCount(i))
	}
	return total
}

// Load fills the eight empty tables that search_path finds, each with one COPY. progress may be nil. Load neither begins
// nor ends a transaction.
func (g Generator) Load(ctx context.Context, conn *pgconn.PgConn, progress Progress) error {
	if err := g.Validate(); err != nil {
		return err
	}
	src := newSource(g.Seed)
	for _, table := range Tables() {
		s, err := g.stream(table, src)
		if err != nil {
			return err
		}
		total := g.rows(table, s, src)
		if progress != nil {
			s.progress = func(done int64) { progress(table, done, total) }
		}
		tag, err := conn.CopyFrom(ctx, s, "COPY "+table+" FROM STDIN")
		if err != nil {
			return fmt.Errorf("loading %s: %w", table, err)
		}
		if tag.RowsAffected() != total {
			return fmt.Errorf("loading %s: the server took %d rows of %d", table, tag.RowsAffected(), total)
		}
	}
	return nil
}

// Build makes the whole database: tables, rows, keys, statistics. Everything but the statistics is one transaction, so that
// a server with wal_level = minimal writes the rows once, and a failure leaves nothing behind.
func (g Generator) Build(ctx context.Context, conn *pgconn.PgConn, progress Progress) error {
	run := func(sql string) error {
		_, err := conn.Exec(ctx, sql).ReadAll()
		return err
	}
	err := run("BEGIN; " + DDL())
	if err == nil {
		err = g.Load(ctx, conn, progress)
	}
	if err == nil {
		err = run(Constraints() + "COMMIT")
	}
	if err != nil {
		return errors.Join(fmt.Errorf("building the TPC-H database: %w", err), run("ROLLBACK"))
	}
	if err := run("VACUUM (ANALYZE) " + strings.Join(Tables(), ", ")); err != nil {
		return fmt.Errorf("gathering statistics: %w", err)
	}
	return nil
}
