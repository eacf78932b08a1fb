/** A parent for the suite to kill: starts the embedded database in the folder it is given and keeps it busy. */
const { Client } = require('pg');
const { startEmbedded } = require('../../apps/backend/dist/database/embedded/start.js');

async function main() {
  const { url, pid } = await startEmbedded({ dataDir: process.argv[2], log: console.error });
  const client = new Client({ connectionString: url });
  await client.connect();
  void client.query('SELECT pg_sleep(0.5)');
  process.send({ url, pid });
}

void main();
