/** A process that does one task after the other: { key, … } in, { key, result } or { key, error } out. */
import { createRequire } from 'node:module';
import { measure } from './measure.mjs';

const require = createRequire(import.meta.url);
const models = require('../../libs/models/dist/index.js');
const [folder, scores, compute] = process.argv.slice(2);

process.on('disconnect', () => process.exit(0));
await models.selectBackend(compute);

process.on('message', async (task) => {
  try {
    const result = await measure(task, { folder, scores, models });
    process.send({ key: task.key, result: { ...result, peakBytes: process.resourceUsage().maxRSS * 1024 } });
  } catch (error) {
    process.send({ key: task.key, error: error instanceof Error ? error.message : String(error) });
  }
});
process.send({ isReady: true });
