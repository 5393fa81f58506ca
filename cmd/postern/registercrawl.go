package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"strconv"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/posternsql/postern/control/resource"
	"github.com/posternsql/postern/warehouse"
)

// crawling shows what a registered warehouse has: host, database, schemas, and the tables of each as they are read.
type crawling struct {
	connection  resource.Connection
	out, errOut io.Writer
}

// run reads everything once. What is registered is read again by the server, under the service role; this is for who watches.
func (c crawling) run(ctx context.Context, conn *pgconn.PgConn) error {
	config := c.connection.Warehouse()
	host := config.Host
	if config.Port != 0 {
		host = net.JoinHostPort(config.Host, strconv.Itoa(config.Port))
	}
	fmt.Fprintf(c.errOut, "Crawling host %s\n database %s\n", host, config.Database)
	bar := newProgress(c.errOut)
	bar.unit = "tables"
	schemas := 0
	tables, err := warehouse.CrawlWatched(ctx, conn, func(p warehouse.Progress) {
		if p.Done == 1 {
			schemas++
		}
		bar.update(p.Schema, int64(p.Done), int64(p.Total))
	})
	if err != nil {
		return err
	}
	columns := 0
	for _, t := range tables {
		columns += len(t.Columns)
	}
	_, err = fmt.Fprintf(c.out, "Found %d tables and views with %d columns in %d schemas.\n", len(tables), columns, schemas)
	return err
}
