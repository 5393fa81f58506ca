package sanitised

import (
	"context"
	"embed"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/posternsql/postern/internal/pgcluster"
)

// Raw is the database that holds everything.
const Raw = "raw"

// SearchPath is the path of every session of the oracle. hr.nation, which nobody may see, stands before ref.nation.
const SearchPath = "hr, shop, ref, public"

//go:embed testdata/*.sql
var files embed.FS

// People are those who have a copy, and roles of the same name in the cluster.
func People() []string { return []string{"ann", "bob", "cyd", "dora"} }

// Marker is what stands in every text that the person may not see. Dora sees nothing that ann does not see.
func Marker(person string) string {
	if person == "dora" {
		person = "ann"
	}
	return "MK" + strings.ToUpper(person)
}

// Database is the name of a person's copy.
func Database(person string) string { return "sanitised_" + person }

// Build makes the raw database and every person's copy. The people's roles may log in with the password, and read their copy.
func Build(ctx context.Context, cluster *pgcluster.Cluster, password string) error {
	if err := cluster.CreateDatabase(ctx, Raw); err != nil {
		return err
	}
	if err := run(ctx, cluster, Raw, "raw.sql"); err != nil {
		return err
	}
	for _, person := range People() {
		role := fmt.Sprintf("CREATE ROLE %s LOGIN PASSWORD '%s'", person, password)
		clone := fmt.Sprintf("CREATE DATABASE %s TEMPLATE %s", Database(person), Raw)
		for _, sql := range []string{role, clone} {
			if err := cluster.Exec(ctx, "postgres", sql); err != nil {
				return err
			}
		}
		if err := run(ctx, cluster, Database(person), "sanitise-common.sql", "sanitise-"+person+".sql"); err != nil {
			return err
		}
		grants := "GRANT USAGE ON SCHEMA shop, ref, hr TO " + person
		for _, schema := range []string{"shop", "ref", "hr"} {
			grants += fmt.Sprintf("; GRANT SELECT ON ALL TABLES IN SCHEMA %s TO %s", schema, person)
		}
		if err := cluster.Exec(ctx, Database(person), grants); err != nil {
			return err
		}
	}
	return nil
}

// run executes files of testdata in one session, as the superuser.
func run(ctx context.Context, cluster *pgcluster.Cluster, database string, names ...string) error {
	conn, err := pgconn.Connect(ctx, cluster.DSN(database))
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	for _, name := range names {
		text, err := files.ReadFile("testdata/" + name)
		if err != nil {
			return err
		}
		if _, err := conn.Exec(ctx, string(text)).ReadAll(); err != nil {
			return fmt.Errorf("running %s in %s: %w", name, database, err)
		}
	}
	return nil
}
