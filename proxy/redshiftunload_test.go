package proxy_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/posternsql/postern/audit"
	"github.com/posternsql/postern/policy"
)

const unloadRole = "arn:aws:iam::123456789012:role/unload"

// asUnloaders lets ann unload customers, events and the views of what newRedshiftCrawled has; orders are barred for all.
func asUnloaders(in *policy.Input) {
	name := in.Snapshot.Connection()
	in.Unload = policy.UnloadSettings{Role: unloadRole}
	on := func(tables ...string) (out policy.Selector) {
		for _, t := range tables {
			out.Tables = append(out.Tables, name+"."+t)
		}
		return out
	}
	ann := policy.Allow{Users: []string{"ann"}}
	in.Subscriptions = append(in.Subscriptions,
		policy.SubscriptionPolicy{Name: "u", On: on("sales.customer", "sales.orders", "sales.v_*"), Access: policy.AccessUnload, Effect: policy.SubscriptionGrant, Allow: ann,
			Unload: &policy.Unload{To: []string{"s3://exports/sales"}}},
		policy.SubscriptionPolicy{Name: "u-events", On: on("lake.events"), Access: policy.AccessUnload, Effect: policy.SubscriptionGrant, Allow: ann,
			Unload: &policy.Unload{To: []string{"s3://exports/events/", "s3://exports/sales"}, Overwrite: true}},
		policy.SubscriptionPolicy{Name: "no-orders", On: on("sales.orders"), Access: policy.AccessUnload, Effect: policy.SubscriptionGuardrail, Allow: policy.Allow{Users: []string{"root"}}})
}

// TestRedshiftUnload unloads through the whole proxy, by both protocols, and looks at the files: they hold the rows that the person sees, with masks, and no
// byte more. Whom no policy lets unload writes no file.
func TestRedshiftUnload(t *testing.T) {
	w, server := newRedshiftCrawled(t, asUnloaders,
		"CREATE VIEW sales.v_plain AS SELECT id, name, phone AS telephone FROM sales.customer",
		"CREATE VIEW sales.v_orders AS SELECT o.id, c.name FROM sales.orders o, sales.customer c WHERE o.customer_id = c.id")
	w.start(t)
	for _, c := range []struct{ user, sql, code, place, want string }{
		{"ann", `UNLOAD ('SELECT * FROM sales.customer ORDER BY id') TO 's3://exports/sales/all_'`, "", "all_0000_part_00", "1|ann|***|US|1\n2|bob|***|US|2\n4|it's|***|US|\n"},
		{"ann", `unload ($$ select name, phone from sales.customer where name = 'it''s' $$) to 's3://exports/sales/q_' iam_role default format csv header`, "", "q_0000_part_00", "name,phone\nit's,***\n"},
		{"ann", `UNLOAD ('SELECT id, country FROM sales.customer WHERE name <> \'x\\\\\' ORDER BY id') TO 's3://exports/sales/part' PARTITION BY (country) IAM_ROLE '` + unloadRole + `'`, "", "part/country=US/000", "1\n2\n4\n"},
		{"ann", `UNLOAD ('SELECT telephone, id FROM sales.v_plain WHERE id = 2') TO 's3://exports/sales/v/' JSON`, "", "v/0000_part_00", `{"id": 2, "telephone": "***"}` + "\n"},
		{"ann", `UNLOAD ('SELECT e.who, c.id FROM lake.events e, sales.customer c WHERE c.id = 1') TO 's3://exports/sales/j_'`, "", "j_0000_part_00", "ann|1\n"},
		{"ann", `UNLOAD ('SELECT who FROM lake.events') TO 's3://exports/events/e_' ALLOWOVERWRITE`, "", "", ""},
		{"ann", `UNLOAD ('SELECT who FROM lake.events') TO 's3://exports/sales2/e_'`, "42501", "", ""},
		{"ann", `UNLOAD ('SELECT who FROM lake.events, sales.customer') TO 's3://exports/events/e_'`, "42501", "", ""},
		{"ann", `UNLOAD ('SELECT id FROM sales.customer') TO 's3://exports/sales/x_' CLEANPATH`, "42501", "", ""},
		{"ann", `UNLOAD ('SELECT id FROM sales.orders') TO 's3://exports/sales/o_'`, "42501", "", ""},
		{"ann", `UNLOAD ('SELECT id FROM sales.v_orders') TO 's3://exports/sales/o_'`, "42501", "", ""},
		{"ann", `UNLOAD ('SELECT id FROM sales.customer WHERE id IN (SELECT id FROM sales.orders)') TO 's3://exports/sales/o_'`, "42501", "", ""},
		{"ann", `UNLOAD ('SELECT s FROM sales.secret') TO 's3://exports/sales/s_'`, "42P01", "", ""},
		{"ann", `UNLOAD ('SELECT id FROM sales.customer') TO 's3://exports/sales/x_' CREDENTIALS 'aws_access_key_id=a'`, "0A000", "", ""},
		{"ann", `UNLOAD ('SELECT id FROM sales.customer') TO 's3://exports/sales/all_'`, "P0001", "", ""},
		{"bob", `UNLOAD ('SELECT id FROM sales.customer') TO 's3://exports/sales/b_'`, "42501", "", ""},
	} {
		conn := eavesdrop(t, w, c.user)
		_, err := simpleRows(t.Context(), conn.PgConn, c.sql)
		if code(err) != c.code {
			t.Errorf("%s as %s: %v, want %q", c.sql, c.user, err, c.code)
		}
		again := strings.NewReplacer("exports/sales/", "exports/sales/x/").Replace(c.sql)
		extended := conn.ExecParams(t.Context(), again, nil, nil, nil, nil).Read()
		if want := c.code; code(extended.Err) != want && want != "P0001" || want == "" && extended.CommandTag.String() != "UNLOAD" {
			t.Errorf("%s as %s by the extended protocol: %q %v, want %q", again, c.user, extended.CommandTag, extended.Err, c.code)
		}
		if conn.has("MARKER") {
			t.Errorf("%s: a hidden value came over the wire", c.sql)
		}
		if c.want == "" {
			continue
		}
		objects, err := server.Objects(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, place := range []string{"s3://exports/sales/" + c.place, "s3://exports/sales/x/" + c.place} {
			if objects[place] != c.want {
				t.Errorf("%s: %s has %q, want %q", c.sql, place, objects[place], c.want)
			}
		}
	}
	objects, err := server.Objects(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for place, content := range objects {
		if strings.Contains(content, "MARKER") || !strings.HasPrefix(place, "s3://exports/sales/") && !strings.HasPrefix(place, "s3://exports/events/") {
			t.Errorf("%s holds %q", place, content)
		}
	}
	for _, sql := range server.Statements() {
		if lower := strings.ToLower(sql); strings.HasPrefix(lower, "unload") && (!strings.Contains(sql, " IAM_ROLE '"+unloadRole+"'") || strings.Contains(lower, "credentials")) {
			t.Errorf("sent: %s", sql)
		}
	}
	t.Logf("%d files were written", len(objects))
	if len(objects) < 11 {
		t.Errorf("only %d", len(objects))
	}
}

// TestRedshiftUnloadRecorded holds what is told of an UNLOAD and what is on record: its tables, what was read of them, where it went, by which policies, and how many rows.
// One that was prepared runs no more once its policy is gone.
func TestRedshiftUnloadRecorded(t *testing.T) {
	w, server := newRedshiftCrawled(t, asUnloaders)
	w.start(t)
	var told []string
	config, err := pgconn.ParseConfig(w.url("ann", ""))
	if err != nil {
		t.Fatal(err)
	}
	config.OnNotice = func(_ *pgconn.PgConn, n *pgconn.Notice) { told = append(told, n.Severity+" "+n.Message) }
	conn, err := pgconn.ConnectConfig(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.WithoutCancel(t.Context()))
	if _, err := simpleRows(t.Context(), conn, `BEGIN; UNLOAD ('SELECT name, phone FROM sales.customer') TO 's3://exports/sales/one_'; SELECT 1; COMMIT`); err != nil {
		t.Fatal(err)
	}
	if !slices.Contains(told, "INFO UNLOAD completed, 3 record(s) unloaded successfully.") || len(told) != 1 {
		t.Errorf("told: %q", told)
	}
	begun := w.log.of(audit.Statement)
	i := slices.IndexFunc(begun, func(e audit.Event) bool { return e.Statement == "UNLOAD" })
	if i < 0 {
		t.Fatalf("nothing is on record: %+v", begun)
	}
	e := begun[i]
	if e.User != "ann" || e.Target != "s3://exports/sales/one_" || e.Program == "" || len(e.Sources) != 1 || !strings.Contains(e.Rewritten, `CAST(''***'' AS`) {
		t.Errorf("%+v", e)
	} else if s := e.Sources[0]; s.Name != w.database+".sales.customer" || !slices.Equal(s.ColumnsRequested, []string{"name", "phone"}) || !s.RowFilter || len(s.Masks) != 1 || !slices.Contains(s.Rules, "u") {
		t.Errorf("%+v", s)
	}
	eventually(t, "the end is on record, with its rows", func() bool {
		return slices.ContainsFunc(w.log.of(audit.End), func(end audit.Event) bool { return end.ID == e.ID && end.Rows == 3 && end.CommandTag == "UNLOAD" })
	})
	if _, err := conn.Prepare(t.Context(), "p", `UNLOAD ('SELECT name FROM sales.customer') TO 's3://exports/sales/two_'`, nil); err != nil {
		t.Fatal(err)
	}
	crawlRedshift(t, w, server, nil)
	result := conn.ExecPrepared(t.Context(), "p", nil, nil, nil).Read()
	var pe *pgconn.PgError
	if !errors.As(result.Err, &pe) || pe.Code != "42501" {
		t.Errorf("a prepared UNLOAD after its policy is gone: %v", result.Err)
	}
	objects, err := server.Objects(t.Context())
	if err != nil || len(objects) != 1 {
		t.Errorf("%v %v", objects, err)
	}
}

// TestRedshiftUnloadSeesDamage takes the filter, and the mask, off the policies: what is looked for in the files must be found.
func TestRedshiftUnloadSeesDamage(t *testing.T) {
	for name, c := range map[string]struct {
		damage func(*policy.Input)
		found  string
	}{
		"filter": {func(in *policy.Input) { in.Data[0].Rules = in.Data[0].Rules[:1] }, "3|MARKER|***|DE"},
		"mask":   {func(in *policy.Input) { in.Data[0].Rules = in.Data[0].Rules[1:] }, "1|ann|555-MARKER|US"},
	} {
		t.Run(name, func(t *testing.T) {
			w, server := newRedshiftCrawled(t, func(in *policy.Input) {
				asUnloaders(in)
				c.damage(in)
			})
			w.start(t)
			conn := eavesdrop(t, w, "ann")
			if _, err := simpleRows(t.Context(), conn.PgConn, `UNLOAD ('SELECT * FROM sales.customer') TO 's3://exports/sales/all_'`); err != nil {
				t.Fatal(err)
			}
			objects, err := server.Objects(t.Context())
			if err != nil || !strings.Contains(objects["s3://exports/sales/all_0000_part_00"], c.found) {
				t.Errorf("%v %v", objects, err)
			}
		})
	}
}
