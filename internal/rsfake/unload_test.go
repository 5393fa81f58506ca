package rsfake_test

import (
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/posternsql/postern/internal/pgcluster/pgtest"
	"github.com/posternsql/postern/internal/rsfake/rsfaketest"
)

// TestUnload writes what a person may read, as that person, to the folder that stands for S3, and says how many rows that were.
func TestUnload(t *testing.T) {
	server := rsfaketest.New(t)
	ann := pgtest.Name("ann")
	rsfaketest.Exec(t, server, "CREATE SCHEMA s", "CREATE TABLE s.t (id int, name varchar(20), day varchar(10))", "INSERT INTO s.t VALUES (1, 'it''s', 'mon'), (2, 'a|b', 'tue'), (3, NULL, 'mon')",
		"CREATE TABLE s.hidden (id int)", "CREATE USER "+ann+" PASSWORD 'Secret-123'", "GRANT USAGE ON SCHEMA s TO "+ann, "GRANT SELECT ON TABLE s.t TO "+ann)
	var told []string
	cfg, err := pgconn.ParseConfig(server.URL(ann, "Secret-123"))
	if err != nil {
		t.Fatal(err)
	}
	cfg.OnNotice = func(_ *pgconn.PgConn, n *pgconn.Notice) { told = append(told, n.Message) }
	conn, err := pgconn.ConnectConfig(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	for _, c := range []struct{ sql, refused string }{
		{`UNLOAD ('SELECT id, name FROM s.t WHERE name = \'it\\\'s\' OR id > 1 ORDER BY id') TO 's3://b/x/t_' IAM_ROLE DEFAULT CSV HEADER`, ""},
		{`UNLOAD ('SELECT id, name FROM s.t WHERE name = ''it''''s''') TO 's3://b/x/u_' IAM_ROLE 'arn' DELIMITER AS ';' NULL AS 'none'`, ""},
		{`UNLOAD ($$SELECT id, name FROM s.t WHERE id = 3$$) TO 's3://b/x/v_' IAM_ROLE DEFAULT JSON`, ""},
		{`UNLOAD ('SELECT id, day FROM s.t') TO 's3://b/y' IAM_ROLE DEFAULT CSV PARTITION BY (day)`, ""},
		{`UNLOAD ('SELECT id FROM s.t') TO 's3://b/x/u_' IAM_ROLE DEFAULT`, "not empty"},
		{`UNLOAD ('SELECT id FROM s.t WHERE id < 0') TO 's3://b/x/t_' IAM_ROLE DEFAULT CLEANPATH`, ""},
		{`UNLOAD ('SELECT id FROM s.hidden') TO 's3://b/x/w_' IAM_ROLE DEFAULT`, "permission denied"},
		{`UNLOAD ('SELECT id FROM s.t LIMIT 1') TO 's3://b/x/w_' IAM_ROLE DEFAULT`, "Limit"},
		{`UNLOAD ('SELECT id FROM s.t') TO 's3://b/x/w_'`, "authorization"},
		{`UNLOAD ('SELECT id FROM s.t') TO 's3://b/../w_' IAM_ROLE DEFAULT`, "does not write"},
		{`UNLOAD ('SELECT id FROM s.t') TO 's3://b/x/w_' IAM_ROLE DEFAULT PARQUET`, "PARQUET"},
	} {
		result := conn.ExecParams(t.Context(), c.sql, nil, nil, nil, nil).Read()
		switch {
		case c.refused == "" && (result.Err != nil || result.CommandTag.String() != "UNLOAD"):
			t.Errorf("%s: %q %v", c.sql, result.CommandTag, result.Err)
		case c.refused != "" && (result.Err == nil || !strings.Contains(result.Err.Error(), c.refused)):
			t.Errorf("%s: %v, want %s", c.sql, result.Err, c.refused)
		}
	}
	objects, err := server.Objects(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{"s3://b/x/u_0000_part_00": "1;it's\n", "s3://b/x/v_0000_part_00": `{"id": 3, "name": null}` + "\n",
		"s3://b/y/day=mon/000": "1\n3\n", "s3://b/y/day=tue/000": "2\n"}
	for place, content := range want {
		if objects[place] != content {
			t.Errorf("%s has %q, want %q", place, objects[place], content)
		}
	}
	if len(objects) != len(want) {
		t.Errorf("there are %v", objects)
	}
	if all := strings.Join(told, "\n"); !strings.Contains(all, "UNLOAD completed, 3 record(s) unloaded successfully.") || !strings.Contains(all, "UNLOAD completed, 0 record(s)") {
		t.Errorf("told: %s", all)
	}
}
