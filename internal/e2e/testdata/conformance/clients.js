// Node.js clients of the conformance suite: each connects as the person, looks at the catalogues, queries, and prints what it saw.
// Usage: node clients.js CLIENT HOST PORT DATABASE USER; the password is in PGPASSWORD.
'use strict';
const assert = require('assert');

const [client, host, port, database, user] = process.argv.slice(2);
const options = { host, port: Number(port), database, user, password: process.env.PGPASSWORD };
const url = `postgres://${user}:${encodeURIComponent(options.password)}@${host}:${port}/${database}`;
const query = 'SELECT c.c_custkey, c.c_name, n.n_name FROM customer c JOIN nation n ON n.n_nationkey = c.c_nationkey ' +
  'WHERE c.c_custkey < $1 ORDER BY c.c_custkey';

const version = (name) => JSON.parse(require('fs').readFileSync(`${process.env.NODE_PATH}/${name}/package.json`)).version;

const clients = {
  async pg() {
    const { Client, Pool } = require('pg');
    const Cursor = require('pg-cursor');
    const QueryStream = require('pg-query-stream');
    const c = new Client(options);
    await c.connect();
    const { rows } = await c.query(query, [100]);
    assert(rows.length > 0);
    const named = { name: 'fetch', text: query, values: [100], rowMode: 'array' };
    assert.equal((await c.query(named)).rows.length, rows.length);
    assert.equal((await c.query(named)).rows.length, rows.length);
    const cursor = c.query(new Cursor(query, [100]));
    let seen = 0;
    for (let part; (part = await cursor.read(3)).length > 0;) seen += part.length;
    await cursor.close();
    assert.equal(seen, rows.length);
    seen = 0;
    for await (const _ of c.query(new QueryStream(query, [100], { batchSize: 2 }))) seen++;
    assert.equal(seen, rows.length);
    assert.equal((await c.query('SELECT 1 AS a; SELECT 2 AS b')).length, 2);
    await assert.rejects(c.query('SELECT 1/0'), { code: '22012' });
    await c.end();
    const pool = new Pool({ ...options, max: 3 });
    await Promise.all(Array.from({ length: 9 }, (_, i) => pool.query('SELECT n_name FROM nation WHERE n_nationkey = $1', [i])));
    await pool.end();
    return version('pg');
  },
  async postgres() {
    const sql = require('postgres')({ ...options, max: 2, onnotice: () => {} });
    const rows = await sql`SELECT * FROM nation WHERE n_nationkey = ANY(${[1, 2, 3]}) ORDER BY n_name`;
    assert.equal(rows.length, 3);
    let seen = 0;
    await sql`SELECT * FROM nation`.cursor(10, (part) => { seen += part.length; });
    assert.equal(seen, 25);
    assert((await sql`SELECT * FROM customer LIMIT 1`.describe()).columns.length > 3);
    await sql.begin('read only', async (tx) => { await tx`SELECT count(*) FROM customer`; });
    await sql.end();
    return version('postgres');
  },
  async sequelize() {
    const { Sequelize, DataTypes, Op } = require('sequelize');
    const s = new Sequelize(database, user, options.password, { host, port, dialect: 'postgres', logging: false });
    await s.authenticate();
    const q = s.getQueryInterface();
    assert((await q.showAllTables()).includes('nation'));
    await q.showAllSchemas();
    for (const table of ['nation', 'customer']) {
      assert(Object.keys(await q.describeTable(table)).length > 2);
      await q.showIndex(table);
      await q.getForeignKeyReferencesForTable(table);
      assert(await q.tableExists(table));
    }
    await q.showConstraint('nation');
    const Nation = s.define('nation', { n_nationkey: { type: DataTypes.INTEGER, primaryKey: true }, n_name: DataTypes.STRING, n_regionkey: DataTypes.INTEGER },
      { tableName: 'nation', timestamps: false });
    const found = await Nation.findAndCountAll({ where: { n_name: { [Op.like]: '%A%' }, n_regionkey: [0, 1, 2] }, order: [['n_name', 'DESC']], limit: 3 });
    assert(found.count >= 3 && found.rows.length === 3);
    await Nation.findAll({ attributes: ['n_regionkey', [s.fn('COUNT', s.col('n_nationkey')), 'n']], group: ['n_regionkey'] });
    await s.close();
    return version('sequelize');
  },
  async knex() {
    const k = require('knex')({ client: 'pg', connection: options });
    assert(Object.keys(await k('nation').columnInfo()).length === 4);
    assert(await k.schema.hasTable('nation') && await k.schema.hasColumn('nation', 'n_name'));
    assert.equal((await k('nation').where('n_regionkey', 1).whereIn('n_nationkey', [1, 2, 3, 17]).orderBy('n_name').limit(10)).length, 4);
    await k('customer').join('nation', 'c_nationkey', 'n_nationkey').select('n_name').count('* as n').groupBy('n_name').havingRaw('count(*) > ?', [1]);
    let seen = 0;
    for await (const _ of k('nation').stream()) seen++;
    assert.equal(seen, 25);
    await k.destroy();
    return version('knex');
  },
  async typeorm() {
    require('reflect-metadata');
    const { DataSource } = require('typeorm');
    const d = new DataSource({ type: 'postgres', host, port: Number(port), database, username: user, password: options.password, installExtensions: false });
    await d.initialize();
    const runner = d.createQueryRunner();
    const table = await runner.getTable('public.nation');
    assert.equal(table.columns.length, 4);
    await runner.getTables();
    await runner.getViews();
    assert(await runner.hasTable('nation') && await runner.hasColumn('nation', 'n_name'));
    await runner.getDatabases();
    await runner.getSchemas();
    await d.query('SELECT n_name FROM nation WHERE n_nationkey = $1', [3]);
    await runner.release();
    await d.destroy();
    return version('typeorm');
  },
  async kysely() {
    const { Kysely, PostgresDialect, sql } = require('kysely');
    const { Pool } = require('pg');
    const db = new Kysely({ dialect: new PostgresDialect({ pool: new Pool({ ...options, max: 2 }) }) });
    const tables = await db.introspection.getTables();
    assert(tables.some((t) => t.name === 'nation' && t.columns.length === 4));
    await db.introspection.getSchemas();
    const rows = await db.selectFrom('customer as c').innerJoin('nation as n', 'n.n_nationkey', 'c.c_nationkey')
      .select(['c.c_custkey', 'c.c_name', 'n.n_name']).where('c.c_custkey', '<', 100).orderBy('c.c_custkey').execute();
    assert(rows.length > 0);
    await db.selectFrom('nation').selectAll().where((eb) => eb.or([eb('n_nationkey', 'in', [1, 2]), eb('n_name', 'like', 'F%')])).limit(5).offset(1).execute();
    await db.selectFrom('customer').select((eb) => ['c_nationkey', eb.fn.countAll().as('n'), eb.fn.max('c_acctbal').as('top')]).groupBy('c_nationkey')
      .having((eb) => eb.fn.countAll(), '>', 1).execute();
    await db.with('f', (q) => q.selectFrom('nation').select('n_nationkey').where('n_regionkey', '=', 3)).selectFrom('f').selectAll().execute();
    await db.transaction().setIsolationLevel('repeatable read').execute((tx) => tx.selectFrom('region').selectAll().execute());
    await sql`SELECT ${1}::integer AS one`.execute(db);
    await db.destroy();
    return version('kysely');
  },
  async drizzle() {
    const { drizzle } = require('drizzle-orm/node-postgres');
    const { pgTable, integer, text, numeric } = require('drizzle-orm/pg-core');
    const { eq, lt, and, inArray, ilike, count, avg, desc, relations, sql } = require('drizzle-orm');
    const { Pool } = require('pg');
    const nation = pgTable('nation', { key: integer('n_nationkey').primaryKey(), name: text('n_name'), region: integer('n_regionkey') });
    const customer = pgTable('customer', { key: integer('c_custkey').primaryKey(), name: text('c_name'), nation: integer('c_nationkey'), balance: numeric('c_acctbal') });
    const schema = { nation, customer,
      nations: relations(nation, ({ many }) => ({ customers: many(customer) })),
      customers: relations(customer, ({ one }) => ({ of: one(nation, { fields: [customer.nation], references: [nation.key] }) })) };
    const pool = new Pool({ ...options, max: 2 });
    const db = drizzle(pool, { schema });
    const rows = await db.select().from(customer).innerJoin(nation, eq(nation.key, customer.nation)).where(lt(customer.key, 100)).orderBy(customer.key);
    assert(rows.length > 0);
    await db.select({ nation: customer.nation, n: count(), mean: avg(customer.balance) }).from(customer).groupBy(customer.nation).orderBy(desc(count())).limit(3);
    await db.query.nation.findMany({ where: and(inArray(nation.key, [6, 7]), ilike(nation.name, '%a%')), with: { customers: { limit: 2, columns: { name: true } } } });
    await db.query.customer.findFirst({ with: { of: true }, orderBy: [desc(customer.key)], extras: { low: sql`lower(${customer.name})`.as('low') } });
    assert.equal(await db.$count(nation), 25);
    const one = db.select().from(nation).where(eq(nation.key, sql.placeholder('key'))).prepare('one');
    assert.equal((await one.execute({ key: 3 })).length, 1);
    await db.transaction(async (tx) => { await tx.select().from(nation).limit(1); }, { accessMode: 'read only' });
    await pool.end();
    return version('drizzle-orm');
  },
  async pgpromise() {
    const db = require('pg-promise')()(options);
    assert.equal((await db.any('SELECT * FROM nation WHERE n_nationkey IN ($1:csv)', [[1, 2]])).length, 2);
    await db.tx((t) => t.batch([t.one('SELECT 1'), t.any('SELECT * FROM nation WHERE n_name = ${name}', { name: 'FRANCE' })]));
    await db.task((t) => t.multi('SELECT 1; SELECT 2'));
    await db.$pool.end();
    return version('pg-promise');
  },
};

clients[client]().then((found) => console.log('OK', client, found), (err) => {
  console.log('FAILED', client, err);
  process.exit(1);
});
