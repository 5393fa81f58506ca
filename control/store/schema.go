package store

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
)

// version of the tables: PRAGMA user_version in SQLite, the table schema_version in PostgreSQL.
const version = 6

// firstTables and its like are the migrations. The words in braces differ between the two databases.
const (
	firstTables = `
CREATE TABLE standing (
	person  TEXT NOT NULL PRIMARY KEY,
	project TEXT NOT NULL
){strict};
CREATE TABLE acknowledgement (
	id      {id},
	person  TEXT NOT NULL,
	purpose TEXT NOT NULL,
	text    TEXT NOT NULL,
	digest  TEXT NOT NULL,
	at      TEXT NOT NULL
){strict};
CREATE INDEX acknowledgement_person ON acknowledgement (person, purpose, id);`
	secondTables = `
CREATE TABLE state (
	one      {int} NOT NULL PRIMARY KEY CHECK (one = 1),
	revision {int} NOT NULL,
	people   {int} NOT NULL,
	requests {int} NOT NULL
){strict};
INSERT INTO state (one, revision, people, requests) VALUES (1, 0, 0, 0);
CREATE TABLE revision (
	revision {int} NOT NULL PRIMARY KEY,
	author   TEXT NOT NULL,
	action   TEXT NOT NULL,
	at       TEXT NOT NULL,
	changes  {int} NOT NULL
){strict};
CREATE TABLE resource_version (
	kind     TEXT NOT NULL,
	name     TEXT NOT NULL,
	version  {int} NOT NULL,
	revision {int} NOT NULL,
	in_set   TEXT NOT NULL,
	text     TEXT NOT NULL,
	deleted  {int} NOT NULL,
	author   TEXT NOT NULL,
	at       TEXT NOT NULL,
	PRIMARY KEY (kind, name, version)
){strict};
CREATE INDEX resource_version_revision ON resource_version (revision);
CREATE TABLE resource (
	kind    TEXT NOT NULL,
	name    TEXT NOT NULL,
	version {int} NOT NULL,
	PRIMARY KEY (kind, name)
){strict};
CREATE TABLE review (
	one     {int} NOT NULL PRIMARY KEY CHECK (one = 1),
	content TEXT NOT NULL
){strict};
CREATE TABLE request (
	id       {id},
	person   TEXT NOT NULL,
	source   TEXT NOT NULL,
	policy   TEXT NOT NULL,
	reason   TEXT NOT NULL,
	lasts    {int} NOT NULL,
	status   TEXT NOT NULL,
	approval TEXT NOT NULL,
	answer   TEXT NOT NULL,
	answered_by TEXT NOT NULL,
	asked_at TEXT NOT NULL,
	ends_at  TEXT NOT NULL
){strict};
CREATE INDEX request_status ON request (status, id);
CREATE TABLE notice (
	id     {id},
	topic  TEXT NOT NULL,
	event  TEXT NOT NULL,
	kind   TEXT NOT NULL,
	name   TEXT NOT NULL,
	detail TEXT NOT NULL,
	author TEXT NOT NULL,
	at     TEXT NOT NULL
){strict};
CREATE TABLE hook (
	name     TEXT NOT NULL PRIMARY KEY,
	sent     {int} NOT NULL,
	attempts {int} NOT NULL,
	next_at  TEXT NOT NULL,
	lost     {int} NOT NULL,
	holder   TEXT NOT NULL,
	held_until TEXT NOT NULL
){strict};`
	// thirdTables keep what files of the servers hold beside what is stored.
	thirdTables = `ALTER TABLE resource_version ADD COLUMN file TEXT NOT NULL DEFAULT '';`
	// fourthTables keep what is known of the warehouses' objects.
	fourthTables = `
ALTER TABLE state ADD COLUMN objects {int} NOT NULL DEFAULT 0;
CREATE TABLE warehouse (
	connection TEXT NOT NULL PRIMARY KEY,
	identity   TEXT NOT NULL,
	synced_at  TEXT NOT NULL
){strict};
CREATE TABLE object (
	connection TEXT NOT NULL,
	oid        {int} NOT NULL,
	shape      TEXT NOT NULL,
	PRIMARY KEY (connection, oid)
){strict};
CREATE TABLE bound_source (
	name    TEXT NOT NULL PRIMARY KEY,
	content TEXT NOT NULL
){strict};
CREATE TABLE object_change (
	id         {id},
	connection TEXT NOT NULL,
	in_schema  TEXT NOT NULL,
	name       TEXT NOT NULL,
	event      TEXT NOT NULL,
	was        TEXT NOT NULL,
	source     TEXT NOT NULL,
	detail     TEXT NOT NULL,
	at         TEXT NOT NULL
){strict};
CREATE INDEX object_change_connection ON object_change (connection, id);`
	// fifthTables keep which warehouses were unregistered, and under which PushSettings.
	fifthTables = `
CREATE TABLE unregistered (
	connection TEXT NOT NULL PRIMARY KEY,
	settings   TEXT NOT NULL
){strict};`
	// sixthTables keep whose turn it is to collect the log of a warehouse, and what of it is on record lately. They are used where the state is shared.
	sixthTables = `
CREATE TABLE collector (
	connection TEXT NOT NULL PRIMARY KEY,
	holder     TEXT NOT NULL,
	term       {int} NOT NULL,
	held_until {instant} NOT NULL,
	read_to    TEXT NOT NULL
){strict};
CREATE TABLE telling (
	connection TEXT NOT NULL,
	id         TEXT NOT NULL,
	server     TEXT NOT NULL,
	ended      {instant} NOT NULL,
	safe       {bool} NOT NULL,
	PRIMARY KEY (connection, id)
){strict};`
)

// migrations bring the tables from each version to the next.
func migrations() []string {
	return []string{firstTables, secondTables, thirdTables, fourthTables, fifthTables, sixthTables}
}

// leaseTable is PostgreSQL's alone: several servers share one state only there, and its clock is the only one that counts.
const leaseTable = `
CREATE TABLE lease (
	replica   TEXT NOT NULL PRIMARY KEY,
	address   TEXT NOT NULL,
	confirmed BIGINT NOT NULL,
	problem   TEXT NOT NULL,
	started   TIMESTAMPTZ NOT NULL,
	seen      TIMESTAMPTZ NOT NULL,
	expires   TIMESTAMPTZ NOT NULL
);`

func (d database) schema(text string) string {
	switch d {
	case sqliteDatabase:
		return strings.NewReplacer("{int}", "INTEGER", "{id}", "INTEGER PRIMARY KEY AUTOINCREMENT", "{strict}", " STRICT", "{instant}", "TEXT", "{bool}", "INTEGER").Replace(text)
	case postgresDatabase:
		return strings.NewReplacer("{int}", "BIGINT", "{id}", "BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY", "{strict}", "", "{instant}", "TIMESTAMPTZ", "{bool}", "BOOLEAN").Replace(text)
	}
	return ""
}

// migrate brings the tables to this version. A state of a newer version is an error and stays as it is.
func (d database) migrate(ctx context.Context, tx *sql.Tx) error {
	have, err := d.versionOf(ctx, tx)
	if err != nil {
		return err
	}
	if have > version {
		return fmt.Errorf("its version is %d, and this program knows %d", have, version)
	}
	if have == version {
		return nil
	}
	for _, step := range migrations()[have:] {
		if _, err := tx.ExecContext(ctx, d.schema(step)); err != nil {
			return err
		}
	}
	switch d {
	case sqliteDatabase:
		_, err = tx.ExecContext(ctx, fmt.Sprintf("PRAGMA user_version = %d", version))
	case postgresDatabase:
		if have == 0 {
			if _, err := tx.ExecContext(ctx, leaseTable); err != nil {
				return err
			}
		}
		_, err = tx.ExecContext(ctx, "UPDATE schema_version SET version = $1", version)
	}
	return err
}

// versionOf reads the version of the tables, 0 where there are none.
func (d database) versionOf(ctx context.Context, tx *sql.Tx) (have int, err error) {
	switch d {
	case sqliteDatabase:
		err = tx.QueryRowContext(ctx, "PRAGMA user_version").Scan(&have)
		return have, err
	case postgresDatabase:
	}
	// One server at a time makes the tables; the lock ends with the transaction.
	for _, text := range []string{
		"SELECT pg_advisory_xact_lock(hashtext('postern state'))",
		"CREATE SCHEMA IF NOT EXISTS " + postgresSchema,
		"CREATE TABLE IF NOT EXISTS schema_version (version BIGINT NOT NULL)",
		"INSERT INTO schema_version SELECT 0 WHERE NOT EXISTS (SELECT FROM schema_version)",
	} {
		if _, err := tx.ExecContext(ctx, text); err != nil {
			return 0, err
		}
	}
	err = tx.QueryRowContext(ctx, "SELECT version FROM schema_version").Scan(&have)
	return have, err
}
