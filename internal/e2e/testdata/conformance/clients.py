"""Python clients of the conformance suite: each connects as the person, looks at the catalogues, queries, and prints what it saw.

Usage: clients.py CLIENT HOST PORT DATABASE USER; the password is in PGPASSWORD.
"""
import asyncio
import io
import os
import sys

client, host, port, database, user = sys.argv[1:]
port = int(port)
password = os.environ["PGPASSWORD"]

QUERY = ("SELECT c.c_custkey, c.c_name, n.n_name FROM customer c JOIN nation n ON n.n_nationkey = c.c_nationkey "
         "WHERE c.c_custkey < %s ORDER BY c.c_custkey")


def check(condition, what):
    """Fails the run."""
    if not condition:
        print("FAILED", what)
        sys.exit(1)


def psycopg3():
    import psycopg
    from psycopg.rows import dict_row
    with psycopg.connect(host=host, port=port, dbname=database, user=user, password=password) as conn:
        rows = conn.execute(QUERY, (100,)).fetchall()
        check(rows, "rows")
        check(conn.execute(QUERY, (100,), binary=True, prepare=True).fetchall() == rows, "binary and prepared")
        with conn.cursor(name="paged") as cursor:
            cursor.itersize = 3
            cursor.execute(QUERY, (100,))
            check(list(cursor) == rows, "server-side cursor")
        with conn.cursor(name="scrolled", scrollable=True, withhold=True) as cursor:
            cursor.execute(QUERY, (100,))
            cursor.scroll(2)
            check(cursor.fetchone() == rows[2], "scrolling")
        with conn.pipeline():
            cursors = [conn.execute("SELECT count(*) FROM nation WHERE n_nationkey < %s", (i,)) for i in range(5)]
        check([c.fetchone()[0] for c in cursors] == [0, 1, 2, 3, 4], "pipeline")
        with conn.cursor() as cursor:
            cursor.executemany("SELECT n_name FROM nation WHERE n_nationkey = %s", [(1,), (2,)], returning=True)
            check(cursor.fetchone() and cursor.nextset() and cursor.fetchone(), "executemany")
            with cursor.copy("COPY (SELECT n_nationkey, n_name FROM nation) TO STDOUT (FORMAT csv)") as copy:
                check(len(b"".join(copy).splitlines()) == 25, "COPY")
        conn.row_factory = dict_row
        check("n_name" in conn.execute("SELECT * FROM nation LIMIT 1").fetchone(), "names")
        from psycopg.types import TypeInfo
        check(TypeInfo.fetch(conn, "int4").oid == 23, "TypeInfo")
        try:
            with conn.transaction():
                conn.execute("SELECT 1/0")
        except psycopg.errors.DivisionByZero:
            pass
        check(conn.execute("SELECT 1 AS one").fetchone() == {"one": 1}, "after an error")
    return psycopg.__version__


def psycopg2():
    import psycopg2
    import psycopg2.extras
    conn = psycopg2.connect(host=host, port=port, dbname=database, user=user, password=password)
    cursor = conn.cursor()
    cursor.execute(QUERY, (100,))
    rows = cursor.fetchall()
    named = conn.cursor("named", cursor_factory=psycopg2.extras.DictCursor)
    named.itersize = 2
    named.execute(QUERY, (100,))
    check([tuple(r) for r in named] == rows and rows, "named cursor")
    psycopg2.extras.execute_batch(cursor, "SELECT n_name FROM nation WHERE n_nationkey = %s", [(1,), (2,), (3,)])
    out = io.StringIO()
    cursor.copy_expert("COPY nation TO STDOUT WITH CSV HEADER", out)
    check(len(out.getvalue().splitlines()) == 26, "copy_expert")
    psycopg2.extras.register_default_jsonb(conn)
    try:
        psycopg2.extras.register_hstore(conn)
    except psycopg2.ProgrammingError:
        pass  # there is none
    conn.set_session(readonly=True, isolation_level="REPEATABLE READ") if conn.rollback() is None else None
    cursor.execute("SELECT count(*) FROM customer")
    check(cursor.fetchone()[0] > 0, "read only")
    conn.close()
    return psycopg2.__version__


def asyncpg():
    import asyncpg as driver

    async def run():
        conn = await driver.connect(host=host, port=port, database=database, user=user, password=password)
        query = QUERY.replace("%s", "$1")
        rows = await conn.fetch(query, 100)
        check(rows, "rows")
        statement = await conn.prepare(query)
        check(len(statement.get_attributes()) == 3 and len(await statement.fetch(100)) == len(rows), "prepared")
        check(await statement.explain(100), "explain")
        async with conn.transaction(isolation="repeatable_read", readonly=True):
            check(len([r async for r in conn.cursor(query, 100, prefetch=2)]) == len(rows), "cursor")
        check(await conn.fetchval("SELECT ARRAY[1, 2]::int[]") == [1, 2], "array")
        check(await conn.fetchval("SELECT '{\"a\": 1}'::jsonb") == '{"a": 1}', "jsonb")
        await conn.fetch("SELECT oid, typname FROM pg_type WHERE oid = ANY($1::oid[])", [23, 25])
        out = io.BytesIO()
        await conn.copy_from_query("SELECT n_name FROM nation WHERE n_nationkey < $1", 3, output=out, format="csv")
        check(len(out.getvalue().splitlines()) == 3, "copy_from_query")
        await conn.executemany("SELECT n_name FROM nation WHERE n_nationkey = $1", [(1,), (2,)])
        await conn.set_type_codec("numeric", encoder=str, decoder=str, schema="pg_catalog", format="text")
        await conn.fetch("SELECT c_acctbal FROM customer LIMIT 1")
        await conn.reset()
        await conn.close()
    asyncio.run(run())
    return driver.__version__


def pg8000():
    import pg8000.dbapi
    import pg8000.native
    conn = pg8000.dbapi.connect(host=host, port=port, database=database, user=user, password=password)
    cursor = conn.cursor()
    cursor.execute(QUERY, (100,))
    check(cursor.fetchall(), "rows")
    out = io.BytesIO()
    cursor.execute("COPY (SELECT n_name FROM nation) TO STDOUT", stream=out)
    check(len(out.getvalue().splitlines()) == 25, "COPY")
    conn.close()
    native = pg8000.native.Connection(user, host=host, port=port, database=database, password=password)
    prepared = native.prepare("SELECT n_name FROM nation WHERE n_nationkey = :k")
    check(prepared.run(k=3), "prepared")
    native.close()
    import importlib.metadata
    return importlib.metadata.version("pg8000")


def sqlalchemy():
    import sqlalchemy as sa
    for driver in ("psycopg", "psycopg2", "pg8000"):
        engine = sa.create_engine(sa.URL.create("postgresql+" + driver, user, password, host, port, database))
        inspector = sa.inspect(engine)
        check("nation" in inspector.get_table_names() and "public" in inspector.get_schema_names(), "names")
        for schema in ("public",):
            inspector.get_view_names(schema)
            inspector.get_materialized_view_names(schema)
            inspector.get_sequence_names(schema)
            inspector.get_enums(schema)
            inspector.get_domains(schema)
            for table in inspector.get_table_names(schema):
                inspector.get_columns(table, schema)
                inspector.get_pk_constraint(table, schema)
                inspector.get_foreign_keys(table, schema)
                inspector.get_indexes(table, schema)
                inspector.get_unique_constraints(table, schema)
                inspector.get_check_constraints(table, schema)
                inspector.get_table_comment(table, schema)
                inspector.get_table_options(table, schema)
            inspector.get_multi_columns(schema=schema)
        metadata = sa.MetaData()
        metadata.reflect(engine)
        nation, customer = metadata.tables["nation"], metadata.tables["customer"]
        with engine.connect().execution_options(stream_results=True) as conn:
            rows = conn.execute(sa.select(customer.c.c_name, nation.c.n_name, sa.func.rank().over(order_by=customer.c.c_custkey))
                                .join(nation, nation.c.n_nationkey == customer.c.c_nationkey).where(customer.c.c_custkey.in_([1, 2, 3, 4, 5, 6, 7]))
                                .order_by(customer.c.c_custkey).limit(5)).fetchall()
            check(rows, "select")
            conn.execute(sa.select(sa.func.count()).select_from(customer).group_by(customer.c.c_nationkey).having(sa.func.count() > 1)).fetchall()
            conn.execute(sa.select(sa.exists(sa.select(1).where(nation.c.n_nationkey == 3)))).fetchall()
        engine.dispose()
    return sa.__version__


def pandas():
    import pandas as pd
    import sqlalchemy as sa
    engine = sa.create_engine(sa.URL.create("postgresql+psycopg", user, password, host, port, database))
    frame = pd.read_sql_query("SELECT n_regionkey, count(*) AS n FROM nation GROUP BY 1 ORDER BY 1", engine)
    check(len(frame) == 5 and frame.n.sum() == 25, "read_sql_query")
    check(len(pd.read_sql_table("nation", engine, columns=["n_name"])) == 25, "read_sql_table")
    check(sum(len(part) for part in pd.read_sql("SELECT * FROM nation", engine, chunksize=10)) == 25, "chunks")
    with engine.connect() as conn:
        check(pd.io.sql.pandasSQL_builder(conn).has_table("nation"), "has_table")
    return pd.__version__


def django():
    import django as framework
    from django.conf import settings
    settings.configure(DATABASES={"default": {"ENGINE": "django.db.backends.postgresql", "NAME": database, "USER": user, "PASSWORD": password,
                                              "HOST": host, "PORT": port}}, INSTALLED_APPS=[], USE_TZ=True)
    framework.setup()
    from django.core.management import call_command
    from django.db import connection, models
    out = io.StringIO()
    call_command("inspectdb", "--include-partitions", "--include-views", stdout=out)
    check("class Nation(" in out.getvalue(), "inspectdb")

    class Nation(models.Model):
        n_nationkey = models.IntegerField(primary_key=True)
        n_name = models.CharField(max_length=25)
        n_regionkey = models.IntegerField()

        class Meta:
            managed, db_table, app_label = False, "nation", "tpch"
    check(Nation.objects.filter(n_name__icontains="an", n_regionkey__in=[0, 1, 2]).exclude(n_nationkey=7).order_by("n_name").values_list("n_name"), "filter")
    check(Nation.objects.values("n_regionkey").annotate(n=models.Count("*"), last=models.Max("n_name")).filter(n__gt=1).count() == 5, "annotate")
    check(Nation.objects.filter(n_nationkey__gt=3).exists() and len(list(Nation.objects.iterator(chunk_size=5))) == 25, "iterator")
    check(Nation.objects.filter(n_name__startswith="A").explain(), "explain")
    connection.introspection.sequence_list()
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            connection.introspection.get_constraints(cursor, table)
            connection.introspection.get_relations(cursor, table)
    connection.close()
    return framework.__version__


def peewee():
    import peewee as orm
    from playhouse.reflection import Introspector
    db = orm.PostgresqlDatabase(database, host=host, port=port, user=user, password=password)
    models = Introspector.from_database(db).generate_models()
    check("nation" in models, "models")
    nation = models["nation"]
    check(nation.select().where(nation.n_regionkey == 1).order_by(nation.n_name).limit(3).count() == 3, "select")
    for table in db.get_tables():
        db.get_indexes(table), db.get_columns(table), db.get_primary_keys(table), db.get_foreign_keys(table)
    db.get_views(), db.close()
    return orm.__version__


def dbt():
    """dbt-postgres' own macros against a project without models: debug, then what it asks about schemas and relations."""
    import importlib.metadata
    import pathlib
    import tempfile
    from dbt.cli.main import dbtRunner
    folder = pathlib.Path(tempfile.mkdtemp())
    (folder / "dbt_project.yml").write_text("name: conformance\nversion: '1.0.0'\nprofile: p\nanalysis-paths: [analyses]\nmacro-paths: [macros]\n")
    (folder / "profiles.yml").write_text("p: {target: t, outputs: {t: {type: postgres, host: '%s', port: %d, user: '%s', password: \"{{ env_var('PGPASSWORD') }}\", "
                                         "dbname: '%s', schema: public, threads: 1}}}\n" % (host, port, user, database))
    (folder / "models").mkdir()
    (folder / "models" / "sources.yml").write_text("version: 2\nsources: [{name: public, tables: [{name: nation, columns: [{name: n_nationkey, tests: [unique, not_null]}]}]}]\n")
    base = ["--project-dir", str(folder), "--profiles-dir", str(folder), "--no-send-anonymous-usage-stats", "--no-partial-parse", "-q"]
    for command in (["show", "--inline", "select n_name from {{ source('public', 'nation') }} order by 1", "--limit", "3"],
                    ["test"], ["docs", "generate", "--static"]):
        result = dbtRunner().invoke(command + base)
        check(result.success, " ".join(command) + ": " + str(result.exception or result.result))
    return importlib.metadata.version("dbt-postgres")


version = globals()[client]()
print("OK", client, version)
