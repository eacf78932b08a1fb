import { describe, expect, test } from 'vitest';
import { DatabaseAway } from '../database/database';
import { RequestError } from '../http/problem';
import { startRun, type Work } from './run';
import { SourceError } from './source';

const settled = () => new Promise((later) => setTimeout(later, 5));

/** A run on a clock of its own; each round takes the next outcome: milliseconds until the next, or what it fails with. */
function stage(outcomes: (number | Error)[]) {
  const state = { nowMs: 0, rounds: 0, failed: [] as string[], broke: 0, log: [] as string[] };
  const work: Work = {
    round: async () => {
      state.rounds++;
      const outcome = outcomes.shift() ?? 1_000;
      if (typeof outcome !== 'number') throw outcome;
      return outcome;
    },
    interrupt: () => void state.log.push('interrupt'),
    close: async () => void state.log.push('close'),
  };
  const run = startRun(work, {
    now: () => state.nowMs,
    failed: async ({ message }) => void state.failed.push(message),
    broke: async () => void state.broke++,
  });
  const tick = async (nowMs: number) => {
    state.nowMs = nowMs;
    run.tick(() => 0);
    await settled();
  };
  return { state, run, tick };
}

describe('a source that runs', () => {
  test('waits until it is due', async () => {
    const { state, tick } = stage([1_000]);
    await tick(0);
    await tick(999);
    expect(state.rounds).toBe(1);
    await tick(1_000);
    expect(state.rounds).toBe(2);
  });

  test('goes on at once where there is more', async () => {
    const { state, tick } = stage([0, 0, 0]);
    await tick(0);
    expect(state.rounds).toBe(4);
  });

  test('goes on at once where something arrives', async () => {
    const { state, run, tick } = stage([]);
    await tick(0);
    run.wake();
    await settled();
    expect(state.rounds).toBe(2);
  });

  test('rests after a failure, longer each time, whatever arrives; and is well after a success', async () => {
    const { state, run, tick } = stage([
      new SourceError('a'),
      new SourceError('b'),
      1_000,
      new SourceError('c'),
    ]);
    await tick(0);
    run.wake();
    await tick(499);
    expect(state.rounds).toBe(1);
    await tick(500);
    await tick(1_499);
    expect(state.rounds).toBe(2);
    await tick(1_500);
    await tick(2_500);
    await tick(2_999);
    expect(state.rounds).toBe(4);
    await tick(3_000);
    expect([state.rounds, state.failed]).toEqual([5, ['a', 'b', 'c']]);
  });

  test('waits for the database and the writer, and is not to blame', async () => {
    const { state, tick } = stage([new DatabaseAway('x'), new RequestError(429, 'full', undefined, 3)]);
    await tick(0);
    await tick(1_000);
    await tick(3_999);
    expect(state.rounds).toBe(2);
    await tick(4_000);
    expect([state.rounds, state.failed, state.broke]).toEqual([3, [], 0]);
  });

  test('with a bug is tried again too', async () => {
    const { state, tick } = stage([new TypeError('x')]);
    await tick(0);
    await tick(500);
    expect([state.rounds, state.broke]).toEqual([2, 1]);
  });

  test('ends once what is under way is over', async () => {
    const { state, run, tick } = stage([0]);
    await tick(0);
    await run.stop();
    const { rounds } = state;
    run.wake();
    await tick(99_999);
    expect([state.rounds, state.log]).toEqual([rounds, ['interrupt', 'close']]);
  });
});
