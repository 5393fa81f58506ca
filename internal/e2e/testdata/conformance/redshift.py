"""redshift_connector through Postern in front of a Redshift: connect, look around, query, batch. Everything is printed; the test compares it.

redshift.py HOST PORT DATABASE USER, the password in PGPASSWORD, the certificate in SSL_CERT_FILE."""
import os
import sys

import redshift_connector

host, port, database, user = sys.argv[1:5]
if user == "token":
    # The token says who it is.
    who = {"credentials_provider": "IdpTokenAuthPlugin", "token": os.environ["REDSHIFT_TOKEN"], "token_type": "EXT_JWT"}
else:
    who = {"user": user, "password": os.environ["PGPASSWORD"]}
conn = redshift_connector.connect(host=host, port=int(port), database=database, ssl=True, sslmode="verify-full", application_name="conformance", **who)
status = {name.decode(): value.decode() for name, value in conn.parameter_statuses}
print("status", status["server_version"], status["server_protocol_version"], status.get("show_discovery"), status.get("standard_conforming_strings"))
cursor = conn.cursor()


def show(what, rows):
    print(what, *("|".join("NULL" if v is None else str(v) for v in row) for row in rows), sep="\n  ")


show("catalogs", cursor.get_catalogs())
show("schemas", cursor.get_schemas(schema_pattern="sales"))
show("tables", [row[:4] for row in cursor.get_tables(schema_pattern="sales")])
show("columns", [(row[2], row[3], row[5], row[16]) for row in cursor.get_columns(schema_pattern="sales", tablename_pattern="customer")])
cursor.execute("select id, name, phone, balance, joined from sales.customer order by id")
print("described", [c[0] for c in cursor.description])
show("rows", cursor.fetchall())
cursor.execute("select name from sales.customer where country = %s and id > %s order by id", ("FR", 1))
show("parameters", cursor.fetchall())
cursor.execute("select name from sales.customer order by id")
show("first", cursor.fetchmany(1))
cursor.executemany("select name from sales.customer where id = %s", [(1,), (2,), (3,)])
print("batch of reads done")
try:
    cursor.execute("select * from sales.hidden")
except redshift_connector.ProgrammingError as e:
    print("hidden", e.args[0]["C"])
conn.rollback()
cursor.execute("select count(*) from sales.customer")
show("after", cursor.fetchall())
conn.commit()
if user == "root":
    cursor.execute("create temp table batch (a int, b varchar(10))")
    cursor.executemany("insert into batch (a, b) values (%s, %s)", [(i, "r%d" % i) for i in range(50)])
    cursor.execute("select count(*), max(b) from batch")
    show("batch of writes", cursor.fetchall())
    conn.commit()
conn.close()
print("OK redshift_connector", redshift_connector.__version__)
