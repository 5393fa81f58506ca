// Runs one query over node-postgres, simple and prepared, and prints rows as lines of '|'-separated values.
const { Client, types } = require('pg');

const [host, port, database, user, sql] = process.argv.slice(2);
const asText = { getTypeParser: () => (v) => v };

async function main() {
  const client = new Client({ host, port: Number(port), database, user, password: process.env.PGPASSWORD, application_name: 'tour-node' });
  await client.connect();
  const simple = await client.query({ text: sql, rowMode: 'array', types: asText });
  const prepared = await client.query({ name: 'tour', text: sql, rowMode: 'array', types: asText });
  await client.end();
  const print = (r) => r.rows.map((row) => row.map((v) => (v === null ? '' : v)).join('|') + '\n').join('');
  if (print(simple) !== print(prepared)) throw new Error('a prepared statement answers differently');
  process.stdout.write(print(simple));
}

main().catch((err) => { console.error(err); process.exit(1); });
