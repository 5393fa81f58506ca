package e2e

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/posternsql/postern/warehouse"
)

func register(ctx context.Context, _ map[string]string) error {
	conn, err := pgconn.Connect(ctx, shared.cluster.DSN(databaseName))
	if err != nil {
		return err
	}
	r := warehouse.Registration{Database: databaseName, ServiceRole: serviceRole, Domains: []string{"name"}}
	for _, t := range []string{"customer", "orders", "lineitem", "region", "nation", "supplier"} {
		r.Tables = append(r.Tables, warehouse.TableName{Schema: "public", Name: t})
	}
	_, err = warehouse.Register(ctx, conn, r)
	return errors.Join(err, conn.Close(ctx))
}
