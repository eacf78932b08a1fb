/** `npm run demo`: replays the demo data into the Bellwether that runs on this port, or starts one that does so itself. */
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const file = join(dirname(dirname(fileURLToPath(import.meta.url))), '.env');
if (existsSync(file)) process.loadEnvFile?.(file);

const address = `http://localhost:${process.env.PORT || 8080}`;

/** Whether something answers as alive at the address. */
async function isRunning() {
  try {
    return (await fetch(`${address}/health/live`, { signal: AbortSignal.timeout(2000) })).ok;
  } catch {
    return false; // nobody listens there
  }
}

if (await isRunning()) {
  const key = process.env.API_KEY;
  const answer = await fetch(`${address}/api/v1/demo`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', ...(key && { Authorization: `Bearer ${key}` }) },
    body: '{}',
  });
  if (answer.ok) console.log(`The demo plays in the Bellwether that is already running: ${address}`);
  else {
    console.error(`The Bellwether at ${address} refused the demo: ${answer.status} ${await answer.text()}`);
    process.exitCode = 1;
  }
} else {
  process.env.DEMO ||= '1';
  await import('./start.mjs');
}
