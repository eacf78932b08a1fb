/** The demo as a person uses it: started, stopped, forgotten, and killed in between. Against the build. */
import { isDeepStrictEqual } from 'node:util';
import type { DemoState, Series, SeriesView } from '@bellwether/contracts';
import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  type Bellwether,
  removeFolder,
  startBellwether,
  temporaryFolder,
  until,
} from '../support/bellwether';

let folder: string;
let bellwether: Bellwether;

const begin = async (env = {}) => (bellwether = await startBellwether(folder, { ROLES: 'api', ...env }));

beforeAll(async () => {
  folder = await temporaryFolder();
  await begin();
});
afterAll(async () => {
  await bellwether?.stop();
  await removeFolder(folder);
});

const state = () => bellwether.get<DemoState>('/api/v1/demo');
const series = () => bellwether.get<Series[]>('/api/v1/series');
const start = (body: object = {}) => bellwether.post('/api/v1/demo', body);
const stop = (query = '') => fetch(`${bellwether.url}/api/v1/demo${query}`, { method: 'DELETE' });
/** Until all six series have come up to now. */
const live = () =>
  until(async () => {
    const { step } = await state();
    const all = step?.startsWith('replaying live') && (await series());
    return all && all.every(({ lastSampleAt }) => lastSampleAt) && all;
  });
const identity = ({ id, name, labels, unit }: Series) => ({ id, name, labels, unit });
const times = async ({ id }: Series, to: number) =>
  (await bellwether.get<SeriesView>(`/api/v1/series/${id}/view?to=${to}`)).time;

test('it is not there before somebody asks for it', async () => {
  expect(await state()).toEqual({ isRunning: false, seriesCount: 6, speed: null, step: null });
  expect(await series()).toEqual([]);
});

test.each([{ speed: 0 }, { speed: 1e9 }, { speed: 'fast' }, { tempo: 3 }])('%j is refused', async (body) => {
  expect((await start(body)).status).toBe(400);
  expect(await state()).toMatchObject({ isRunning: false });
});

test('six series with units play, however often it is started', async () => {
  const answers = await Promise.all([start({ speed: 600 }), start({ speed: 600 }), start()]);
  expect(answers.map(({ status }) => status)).toEqual([200, 200, 200]);
  const playing = await live();
  expect(playing).toHaveLength(6);
  expect(playing.every(({ unit, labels }) => unit && labels['demo'] === 'nab')).toBe(true);
  const newest = async () => (await series()).map(({ lastSampleAt }) => Date.parse(lastSampleAt!));
  const before = await newest();
  await until(async () => (await newest()).filter((at, i) => at > before[i]!).length >= 5);
});

test('killed and started again it goes on, with the same series and no sample twice', async () => {
  const before = await series();
  const [one] = before;
  const to = Date.parse(one!.lastSampleAt!) + 1;
  const [speed, drawn] = [(await state()).speed, await times(one!, to)];
  await bellwether.kill();
  await begin();
  const after = await live();
  expect(after.map(identity)).toEqual(before.map(identity));
  expect(await times(one!, to)).toEqual(drawn);
  expect((await state()).speed).toBe(speed);
  await until(async () => Date.parse((await series())[0]!.lastSampleAt!) >= to);
});

test('stopped it stands still, and keeps its series', async () => {
  expect(await (await stop()).json()).toMatchObject({ isRunning: false, step: null });
  // What was on its way arrives, and then nothing moves.
  const stillness = await until(async () => {
    const before = await series();
    await new Promise((later) => setTimeout(later, 1_500));
    const after = await series();
    return isDeepStrictEqual(before, after) && after;
  });
  expect(stillness).toHaveLength(6);
});

test('started anew it begins anew', async () => {
  const old = (await series()).map(({ id }) => id);
  await start({ speed: 300 });
  const fresh = await live();
  expect(fresh).toHaveLength(6);
  expect(fresh.filter(({ id }) => old.includes(id))).toEqual([]);
});

test('forgotten, also while it loads its history, it leaves other series alone and nothing behind', async () => {
  await bellwether.post('/api/v1/samples', [{ series: 'mine', time: Date.now(), value: 1 }]);
  expect((await stop('?forget=true')).status).toBe(200);
  for (let i = 0; i < 3; i++) {
    await start();
    await until(async () => (await series()).length > 1);
    expect((await stop('?forget=true')).status).toBe(200);
    // Whatever was under way would be there by now.
    await new Promise((later) => setTimeout(later, 1_000));
    expect((await series()).map(({ name }) => name)).toEqual(['mine']);
  }
  expect((await stop('?forget=perhaps')).status).toBe(400);
});

test('DEMO=1 starts it with the service', async () => {
  await bellwether.stop();
  await begin({ DEMO: '1' });
  await until(async () => (await series()).length > 1);
  expect(await state()).toMatchObject({ isRunning: true, speed: 300 });
});
