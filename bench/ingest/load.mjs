/** Sends bodies to one address with so many clients at once, each waiting for its answer; in a process of its own, so that it waits for nothing else. */
import { Agent, request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { PROTOCOLS } from './bodies.mjs';

process.on('message', async (order) => process.send(await load(order)));

/**
 * `order`: url, protocol, requests, clients, perRequest (samples), series, firstMs, stepMs, and perSecond (samples a second; without it as fast as it
 * goes). Answers with what each status was answered how often, what was acknowledged, and how long each answer took (ms).
 */
async function load(order) {
  const {
    url,
    protocol,
    requests,
    clients,
    perRequest,
    series,
    firstMs,
    stepMs,
    perSecond = Infinity,
  } = order;
  const { path, headers, body } = PROTOCOLS[protocol];
  const bodies = Array.from({ length: requests }, (_, i) => {
    const from = i * perRequest;
    const all = Array.from({ length: perRequest }, (_, k) => (from + k) % series);
    return body(all, firstMs + Math.floor(from / series) * stepMs);
  });
  const agent = new Agent({ keepAlive: true, maxSockets: clients });
  const tookMs = [];
  const statuses = {};
  let next = 0;
  const began = performance.now();
  const client = async () => {
    while (next < requests) {
      const at = next++;
      const dueMs = (at * perRequest * 1000) / perSecond;
      const early = began + dueMs - performance.now();
      if (early > 0) await sleep(early);
      const from = perSecond < Infinity ? began + dueMs : performance.now();
      const status = await post(`${url}${path}`, { body: bodies[at], headers, agent });
      statuses[status] = (statuses[status] ?? 0) + 1;
      tookMs.push(performance.now() - from);
    }
  };
  await Promise.all(Array.from({ length: clients }, client));
  const seconds = (performance.now() - began) / 1000;
  agent.destroy();
  const acknowledged = ((statuses[200] ?? 0) + (statuses[204] ?? 0)) * perRequest;
  return { seconds, statuses, acknowledged, tookMs };
}

/** The status of the answer; 0 where the connection broke. */
function post(url, { body, headers, agent }) {
  return new Promise((resolve) => {
    const sent = request(url, { method: 'POST', headers, agent }, (response) => {
      response.resume();
      response.on('end', () => resolve(response.statusCode));
      response.on('error', () => resolve(0));
    });
    sent.on('error', () => resolve(0));
    sent.end(body);
  });
}
