package control

import (
	"fmt"
	"strings"
	"testing"

	"github.com/posternsql/postern/control/resource"
	"github.com/posternsql/postern/internal/pgcluster/pgtest"
	"github.com/posternsql/postern/internal/rsfake/rsfaketest"
	"github.com/posternsql/postern/policy"
	"github.com/posternsql/postern/secret"
)

const redshiftPushed = `kind: Connection
name: wh
engine: redshift
host: 127.0.0.1
port: %d
database: %s
user: %s
password: {env: REDSHIFT_TEST_SERVICE}
---
kind: PushSettings
name: wh
connection: wh
user: postern_system
enforce: views
---
kind: User
name: ann
---
kind: User
name: bob
---
kind: Source
name: wh.sales.customer
---
kind: Source
name: wh.sales.plain
---
kind: SubscriptionPolicy
name: all
on: {tables: [wh.sales.customer]}
access: read
effect: grant
allow: {anyone: true}
---
kind: SubscriptionPolicy
name: plain
on: {tables: [wh.sales.plain]}
access: write
effect: grant
allow: {anyone: true}
---
kind: DataPolicy
name: rows
on: {tables: [wh.sales.customer]}
rules:
  - rows: "@attributeValuesContains('region', region)"
`

// TestRedshiftSystemAccount: the system account has its password, or the one that AWS makes for it by its name; never that of the proxy's account.
func TestRedshiftSystemAccount(t *testing.T) {
	t.Setenv("SYSTEM_PASSWORD", "s")
	password := secret.Ref{Env: "SYSTEM_PASSWORD"}
	for _, c := range []struct {
		method string
		given  secret.Ref
		want   bool
	}{{"", secret.Ref{}, false}, {"", password, true}, {"cluster", secret.Ref{}, true}, {"cluster", password, true}, {"serverless", secret.Ref{}, false}} {
		at := resource.Connection{Name: "wh", Engine: "redshift", Host: "127.0.0.1", Database: "d", User: "proxy"}
		if at.AWS.Method = c.method; c.method == "" {
			at.Password = password
		} else {
			at.AWS.Region, at.AWS.Cluster = "eu-central-1", "c"
		}
		set := &resource.Set{Connections: []resource.Connection{at}, PushSettings: []resource.PushSettings{{Connection: "wh", User: "system", Password: c.given}}}
		g := &Generation{set: set, connections: map[string]connection{"wh": {config: at.Warehouse(), program: &policy.Program{}}}}
		if got := g.Pushes()[0].Warehouse; (got.Credentials != nil) != c.want || got.User != "system" {
			t.Errorf("%q, %v: %v as %s", c.method, c.given, got.Credentials, got.User)
		}
	}
}

// TestPushRedshiftPublished: what can be said inside a Redshift is published, with what it does not keep from whom; what cannot is refused with its reason.
func TestPushRedshiftPublished(t *testing.T) {
	server, service := rsfaketest.New(t), pgtest.Name("service")
	rsfaketest.Exec(t, server, "CREATE SCHEMA sales", "CREATE TABLE sales.customer (id int, region varchar(20))", "CREATE TABLE sales.plain (id int)", "CREATE USER "+service+" PASSWORD 'Service-1234'",
		"GRANT USAGE ON SCHEMA sales TO "+service, "GRANT SELECT ON ALL TABLES IN SCHEMA sales TO "+service)
	t.Setenv("REDSHIFT_TEST_SERVICE", "Service-1234")
	w := &world{t: t, folder: t.TempDir()}
	text := fmt.Sprintf(redshiftPushed, server.Port(), server.Database(), service)
	p := w.publisher(nil)
	w.write("wh.yaml", text)
	g := w.publish(p)
	told := false
	for _, warning := range g.Warnings() {
		told = told || strings.Contains(warning.Message, "hidden rows of sales.customer from results") && !strings.Contains(warning.Message, "sales.plain")
	}
	if !told {
		t.Errorf("what views do not keep from whom is not said: %v", g.Warnings())
	}
	for _, c := range []struct{ old, with, want string }{
		{"access: read", "access: write", "views on Redshift cannot be written to"},
		{"enforce: views", "enforce: rowSecurity", "on Redshift there are views only"},
		{"enforce: views", "enforce: views\nschemaPrefix: Governed_", "Redshift folds names to lower case"},
		{"kind: User\nname: ann", "kind: IdentityMapping\nname: m\nconnection: wh\nusers: {ann: Corp, bob: corp}\n---\nkind: User\nname: ann", "differ only by capitals or blanks at the end"},
		{"kind: User\nname: ann", "kind: IdentityMapping\nname: m\nconnection: wh\nusers: {ann: \"corp \", bob: corp}\n---\nkind: User\nname: ann", "differ only by capitals or blanks at the end"},
		{"kind: User\nname: ann", "kind: IdentityMapping\nname: m\nconnection: wh\nusers: {ann: \"IAMA:ann\"}\n---\nkind: User\nname: ann", "begins the name of a temporary log-in"},
		{"kind: User\nname: ann", "kind: IdentityMapping\nname: m\nconnection: wh\nusers: {ann: \"role etl\"}\n---\nkind: User\nname: ann", "no statement can name it"},
		{"user: postern_system", "user: " + service, "is the role of the proxy"},
	} {
		w.write("wh.yaml", strings.Replace(text, c.old, c.with, 1))
		w.refused(p, c.want)
	}
	// A mask whose condition looks up another table is refused by its rule, with the source and the column.
	w.write("wh.yaml", text+"---\nkind: DataPolicy\nname: looked-up\non: {tables: [wh.sales.customer]}\nrules:\n  - mask: {columns: [region], null: true, where: \"id IN (SELECT id FROM sales.plain)\"}\n")
	w.refused(p, "DataPolicy looked-up", "wh.yaml:", "sales.customer", "column region", "a sub-select in a mask: Redshift does not take every sub-select inside CASE")
	// One account on every host, unless the mapping of a host says otherwise; people of identity providers by the name that current_user has.
	w.write("wh.yaml", strings.Replace(text, "kind: User\nname: ann", "kind: IdentityMapping\nname: m\nconnection: wh\nusers: {ann: \"IAMR:analyst\", bob: \"corp:bob@example.org\"}\n---\nkind: User\nname: ann", 1))
	for _, push := range w.publish(p).Pushes() {
		for _, person := range push.People {
			if want := map[string]string{"ann": "IAMR:analyst", "bob": "corp:bob@example.org"}[person.Principal.User()]; person.Account != want {
				t.Errorf("%s is %s", person.Principal.User(), person.Account)
			}
		}
	}
	w.write("wh.yaml", strings.Replace(strings.Replace(text, "access: read", "access: write", 1), "enforce: views", "enforce: views\nreadOnly: true", 1))
	w.publish(p)
}
