package warehouse

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/posternsql/postern/catalog"
)

// maxOwn bounds what is read of each kind.
const maxOwn = 200_000

// userSchema leaves out the schemas that no user can own, and those that Postern itself made.
const userSchema = `n.nspname <> 'information_schema' AND n.nspname !~ '^pg_' AND n.nspname !~ '^postern_'`

// ownQueries read under crawlSetup's search_path, so that every name has its schema.
const (
	ownRoutines = `SELECT n.nspname, p.proname, p.oid::pg_catalog.regprocedure::pg_catalog.text, p.pronargs - p.pronargdefaults,
  CASE WHEN p.provariadic <> 0 THEN -1 ELSE p.pronargs END, p.prokind, p.prorettype = 2249 OR t.typtype = 'c'
FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace JOIN pg_catalog.pg_type t ON t.oid = p.prorettype
WHERE p.prokind IN ('f', 'a', 'w') AND ` + userSchema + ` ORDER BY 3`
	ownOperators = `SELECT n.nspname, o.oprname, o.oid::pg_catalog.regoperator::pg_catalog.text
FROM pg_catalog.pg_operator o JOIN pg_catalog.pg_namespace n ON n.oid = o.oprnamespace WHERE ` + userSchema + ` ORDER BY 3`
	ownTypes = `SELECT n.nspname, t.typname, pg_catalog.format_type(t.oid, NULL)
FROM pg_catalog.pg_type t JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace LEFT JOIN pg_catalog.pg_class c ON c.oid = t.typrelid
WHERE t.typcategory <> 'A' AND t.typtype <> 'p' AND COALESCE(c.relkind = 'c', true) AND ` + userSchema + ` ORDER BY 3`
	ownCasts = `SELECT pg_catalog.format_type(c.castsource, NULL), pg_catalog.format_type(c.casttarget, NULL)
FROM pg_catalog.pg_cast c WHERE c.oid >= 16384 AND c.castmethod = 'f' ORDER BY 1, 2`
)

// Own reads the functions, operators, types and casts that the warehouse has beside the built-in ones. The connection must be idle and
// outside a transaction, and is so again afterwards.
func Own(ctx context.Context, conn *pgconn.PgConn) (out catalog.Own, err error) {
	if onRedshift(conn) {
		return ownRedshift(ctx, conn)
	}
	if _, err := conn.Exec(ctx, crawlSetup).ReadAll(); err != nil {
		return catalog.Own{}, fmt.Errorf("starting to read what is the warehouse's own: %w", err)
	}
	defer func() {
		if _, end := conn.Exec(ctx, "ROLLBACK").ReadAll(); end != nil {
			err = errors.Join(err, fmt.Errorf("ending to read what is the warehouse's own: %w", end))
		}
	}()
	c := crawler{}
	for _, part := range []struct {
		query string
		each  func(v [][]byte)
	}{
		{ownRoutines, func(v [][]byte) {
			out.Routines = append(out.Routines, catalog.Routine{Schema: string(v[0]), Name: string(v[1]), Signature: string(v[2]),
				Min: int(c.signed(v[3], 32)), Max: int(c.signed(v[4], 32)), Kind: v[5][0], Record: isTrue(v[6])})
		}},
		{ownOperators, func(v [][]byte) { out.Operators = append(out.Operators, named(v)) }},
		{ownTypes, func(v [][]byte) { out.Types = append(out.Types, named(v)) }},
		{ownCasts, func(v [][]byte) {
			out.Casts = append(out.Casts, catalog.Cast{Source: string(v[0]), Target: string(v[1])})
		}},
	} {
		rows, count := conn.ExecParams(ctx, part.query, nil, nil, nil, nil), 0
		for rows.NextRow() {
			if count++; count <= maxOwn {
				part.each(rows.Values())
			}
		}
		if _, err := rows.Close(); err != nil {
			return catalog.Own{}, fmt.Errorf("reading what is the warehouse's own: %w", err)
		}
		if count > maxOwn {
			return catalog.Own{}, fmt.Errorf("the database has more than %d functions, operators or types", maxOwn)
		}
	}
	return out, c.err
}

func named(v [][]byte) catalog.Named {
	return catalog.Named{Schema: string(v[0]), Name: string(v[1]), Signature: string(v[2])}
}
