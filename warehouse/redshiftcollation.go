package warehouse

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5/pgconn"
)

// ErrFoldsCase says that a Redshift's database takes capitals for small letters.
var ErrFoldsCase = errors.New("the database does not tell capitals apart (COLLATE CASE_INSENSITIVE): accounts and values that differ in them would be taken for each other, and nothing is maintained in it; " +
	"a database made with COLLATE CASE_SENSITIVE, which is the default, can be")

// RedshiftTellsCase returns nil where a Redshift's database tells capitals apart, and ErrFoldsCase where it does not (Database Developer Guide, "DB_COLLATION": one of
// case_sensitive and case_insensitive). A release without the function is not told here.
func RedshiftTellsCase(ctx context.Context, conn *pgconn.PgConn) error {
	rows, err := query(ctx, conn, "SELECT db_collation()")
	var refused *pgconn.PgError
	switch {
	case errors.As(err, &refused) && refused.Code == "42883":
		return nil
	case err != nil:
		return fmt.Errorf("asking how text is compared: %w", err)
	case len(rows) == 1 && rows[0][0] == "case_sensitive":
		return nil
	case len(rows) == 1 && rows[0][0] == "case_insensitive":
		return ErrFoldsCase
	}
	return fmt.Errorf("asking how text is compared: db_collation() answers %.100q, and nothing is known of that", rows)
}
