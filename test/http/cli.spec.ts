/** `npx bellwether import` as a person runs it: a process of its own, on real files, against the whole server and its database. */
import 'reflect-metadata';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer as createHttpServer, request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { Client } from 'pg';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { createServer } from '../../apps/backend/src/api/server';
import { readConfig } from '../../apps/backend/src/config';
import { Database } from '../../apps/backend/src/database/database';
import { AccessService } from '../../apps/backend/src/http/access.service';

const CLI = resolve(__dirname, '../../tools/cli.mjs');
const KEY = 'cli-spec-key-of-the-operator';
const T0 = Date.UTC(2026, 0, 31);
const NOW = T0 + 86_400_000;

let app: NestExpressApplication;
let keyed: NestExpressApplication;
let url: string;
let keyedUrl: string;
let sql: Client;
let folder: string;

async function start(environment: Record<string, string>): Promise<[NestExpressApplication, string]> {
  const database = new Database(process.env['DATABASE_URL']!, { poolSize: 4, name: 'cli spec' });
  const config = readConfig({ LOG_LEVEL: 'silent', MAX_BODY_MB: '1', ...environment });
  const server = await createServer({ config, clock: () => NOW, database });
  await server.listen(0, '127.0.0.1');
  await server.get(AccessService).ensureKey();
  return [server, `http://127.0.0.1:${(server.getHttpServer().address() as AddressInfo).port}`];
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'bellwether-cli-'));
  sql = new Client(process.env['DATABASE_URL']);
  await sql.connect();
  [app, url] = await start({});
  [keyed, keyedUrl] = await start({ HOST: '0.0.0.0', API_KEY: KEY });
});
afterAll(async () => {
  await app?.close();
  await keyed?.close();
  await sql?.end();
  await rm(folder, { recursive: true, force: true });
});

interface Run {
  input?: NodeJS.ReadableStream | string;
  env?: Record<string, string>;
  at?: string;
}

/** Runs the command line in the folder of the files; without a terminal, as in a script. */
function begin(args: string[], { env = {}, at = url }: Run = {}) {
  const child = spawn(process.execPath, [CLI, ...args], {
    cwd: folder,
    env: { PATH: process.env['PATH'], BELLWETHER_URL: at, ...env },
  });
  const said = { out: '', err: '' };
  child.stdout.setEncoding('utf8').on('data', (text) => (said.out += text));
  child.stderr.setEncoding('utf8').on('data', (text) => (said.err += text));
  const ended = once(child, 'close').then(([code]) => ({ code: code as number, ...said }));
  return { child, said, ended };
}
async function run(args: string[], options: Run = {}) {
  const { child, ended } = begin(args, options);
  if (typeof options.input === 'string') child.stdin.end(options.input);
  else if (options.input) await pipeline(options.input, child.stdin);
  else child.stdin.end();
  return ended;
}

const file = async (name: string, text: string) => {
  await writeFile(join(folder, name), text);
  return name;
};

/** The samples of every series whose name begins so, as `name{labels} seconds from T0 = value`. */
async function stored(prefix: string): Promise<string[]> {
  const { rows } = await sql.query(
    `SELECT s.name, s.labels, p.time, p.value FROM series s JOIN sample p ON p.series_id = s.id
     WHERE s.name LIKE $1 || '%' ORDER BY s.name, s.labels, p.time`,
    [prefix],
  );
  return rows.map(({ name, labels, time, value }) => {
    const of = Object.entries(labels as object).map(([key, one]) => `${key}=${one}`);
    return `${name}{${of.join()}} ${(time.getTime() - T0) / 1000} = ${value}`;
  });
}

/** What a series holds, in numbers that no lost, doubled or misread sample leaves as they are. */
async function digest(prefix: string) {
  const { rows } = await sql.query(
    `SELECT s.name, count(*)::int AS samples, sum(p.value)::float8 AS total, min(p.time) AS first, max(p.time) AS last
     FROM series s JOIN sample p ON p.series_id = s.id WHERE s.name LIKE $1 || '%' GROUP BY s.name ORDER BY s.name`,
    [prefix],
  );
  return rows;
}

describe('a big file', () => {
  const ROWS = 240_000;
  const SERIES = 4;
  const BAD = 200_000;
  const timeOf = (row: number) => T0 - (Math.floor(ROWS / SERIES) - Math.floor(row / SERIES)) * 1000;

  /** A CSV of many parts: every hundredth note has two lines; one value of series 0 is none. Says the line of that one. */
  async function write(name: string, prefix: string): Promise<number> {
    let line = 2;
    let badLine = 0;
    function* text() {
      yield 'ts,note,name,v\n';
      for (let row = 0; row < ROWS; row++) {
        const note = row % 100 === 0 ? '"two\nlines, and ""quotes"""' : 'one';
        if (row === BAD) badLine = line;
        line += row % 100 === 0 ? 2 : 1;
        yield `${new Date(timeOf(row)).toISOString()},${note},${prefix}${row % SERIES},${row === BAD ? 'x' : row % 7}\n`;
      }
    }
    await pipeline(text, createWriteStream(join(folder, name)));
    return badLine;
  }

  const expected = (prefix: string) =>
    Array.from({ length: SERIES }, (_, series) => {
      const rows = Array.from({ length: ROWS / SERIES }, (_, i) => i * SERIES + series).filter(
        (row) => row !== BAD,
      );
      return {
        name: `${prefix}${series}`,
        samples: rows.length,
        total: rows.reduce((sum, row) => sum + (row % 7), 0),
        first: new Date(timeOf(rows[0]!)),
        last: new Date(timeOf(rows.at(-1)!)),
      };
    });

  test('is written whole, and what is refused is at its own line', { timeout: 600_000 }, async () => {
    const badLine = await write('big.csv', 'cli.big.');
    const { code, out, err } = await run('import big.csv --time ts --value v --series name'.split(' '));
    expect(out.split('\n')).toEqual([
      expect.stringContaining('239,999 samples written in '),
      '1 sample refused:',
      `  1 unparsable, the first in big.csv, line ${badLine}, v: "x" is not a number`,
      'Correct these and import the file again: writing a sample twice is harmless.',
      'Series: cli.big.0, cli.big.1, cli.big.2, cli.big.3',
      `Look at ${url}/series/?search=cli.big.`,
      '',
    ]);
    expect(err).not.toContain('\u001b');
    expect(code).toBe(1);
    expect(await digest('cli.big.')).toEqual(expected('cli.big.'));
  });

  test(
    'may be compressed and come by the standard input, in little memory',
    { timeout: 600_000 },
    async () => {
      await write('gz.csv', 'cli.gz.');
      const input = createReadStream(join(folder, 'gz.csv')).pipe(createGzip());
      const env = { NODE_OPTIONS: '--max-old-space-size=64' };
      const { code, out } = await run('import - --time ts --value v --series name'.split(' '), {
        input,
        env,
      });
      expect(code).toBe(1);
      expect(out).toContain('the first in standard input, line ');
      expect(await digest('cli.gz.')).toEqual(expected('cli.gz.'));
    },
  );
});

describe('files', () => {
  test('of several kinds are imported together', async () => {
    await file('cli.wide.csv', 'time;temp;"load, 1m"\n31.01.2026 00:00:01;1,5;3\n31.01.2026 00:00:02;;4\n');
    await file(
      'more.jsonl',
      [`{"series":"cli.lines","time":${T0 + 3000},"value":1}`, '', `{"series":"cli.lines","time":${T0}`].join(
        '\n',
      ),
    );
    const { code, out } = await run(['import', 'cli.wide.csv', 'more.jsonl', '--labels', 'site=x']);
    expect(code).toBe(1);
    expect(out).toContain('4 samples written');
    expect(out).toContain('1 unparsable, the first in more.jsonl, line 3, column 43: not valid JSON');
    expect(await stored('cli.wide')).toEqual([
      'cli.wide.load, 1m{site=x} 1 = 3',
      'cli.wide.load, 1m{site=x} 2 = 4',
      'cli.wide.temp{site=x} 1 = 1.5',
    ]);
    expect(await stored('cli.lines')).toEqual(['cli.lines{} 3 = 1']);
  });

  test('end with the page of their series, and with 0 where all was written', async () => {
    await file('one.csv', 'time,v\n2026-01-31T00:00:01Z,1\n2026-01-31T00:00:01Z,2\n');
    const { code, out, err } = await run(['import', 'one.csv', '--name', 'cli.one']);
    const { rows } = await sql.query(`SELECT id FROM series WHERE name = 'cli.one'`);
    expect(out).toContain(`Look at ${url}/series/?id=${rows[0].id}`);
    expect([code, err]).toEqual([0, '']);
    expect(await stored('cli.one')).toEqual(['cli.one{} 1 = 2']);
  });

  test('of which nothing can be written say so at their own lines', async () => {
    await file('none.csv', 'time,v\n\n2026-01-31T00:00:01Z,x\n1990-01-01T00:00:00Z,1\nnever,1\n');
    const { code, out } = await run('import none.csv --value v --name cli.none'.split(' '));
    expect(code).toBe(1);
    expect(out.split('\n').slice(0, 4)).toEqual([
      expect.stringContaining('0 samples written'),
      '3 samples refused:',
      '  2 unparsable, the first in none.csv, line 3, v: "x" is not a number',
      expect.stringContaining('  1 too old, the first in none.csv, line 4, v: 1990-01-01'),
    ]);
    expect(await stored('cli.none')).toEqual([]);
  });

  test('whose dates read two ways are read as they are said to be', async () => {
    await file('dates.csv', 'date,v\n10/01/2026,1\n11/01/2026,2\n');
    const first = await run('import dates.csv --name cli.dates'.split(' '));
    expect([first.code, first.out]).toEqual([1, '']);
    expect(first.err).toContain('"10/01/2026" reads two ways: say --dates day-first or --dates month-first.');
    expect((await run('import dates.csv --name cli.dates --dates day-first'.split(' '))).code).toBe(0);
    expect(await stored('cli.dates')).toEqual([
      `cli.dates{} ${-21 * 86_400} = 1`,
      `cli.dates{} ${-20 * 86_400} = 2`,
    ]);
  });
});

describe('one line says what is wrong', () => {
  beforeAll(async () => {
    await file('a.csv', 'time,v\n2026-01-31T00:00:01Z,1\n');
    await file('empty.csv', '');
    await file('array.json', '[{}]');
    await file('half.csv.gz', 'not zipped');
    await writeFile(join(folder, 'half.csv.gz'), Buffer.from('1f8b0800000000000003ab', 'hex'));
    await file('key', 'wrong-but-long-enough-a-key\n');
    await mkdir(join(folder, 'folder'), { recursive: true });
  });

  const wrong: [string, number, RegExp, string?][] = [
    ['export a.csv', 2, /no command 'export'/],
    ['import', 2, /Which file/],
    ['import a.csv --colour red', 2, /'--colour'/],
    ['import a.csv --url nonsense', 2, /--url/],
    [`import a.csv --key ${KEY}`, 2, /BELLWETHER_API_KEY/],
    ['import a.csv b.csv', 1, /^There is no file b\.csv\.$/],
    ['import folder', 1, /^folder is a directory.*folder\/\*\.csv$/],
    ['import a.csv --time ts', 1, /^a\.csv: --time: there is no column "ts"\. There are: "time", "v"\.$/],
    ['import a.csv --series machine', 1, /--series: there is no column "machine".*"time", "v"/],
    ['import a.csv --labels x', 1, /labels: neither key=value/],
    ['import empty.csv', 1, /empty/],
    ['import array.json', 1, /JSON array/],
    ['import half.csv.gz', 1, /^half\.csv\.gz is damaged/],
    ['import a.csv --url http://127.0.0.1:1', 1, /No Bellwether answers.*npm start/],
    ['import a.csv', 1, /API key is missing or wrong: set BELLWETHER_API_KEY/, 'keyed'],
    ['import a.csv --key-file key', 1, /API key is missing or wrong/, 'keyed'],
    ['import a.csv --key-file nowhere', 1, /key file nowhere cannot be read/, 'keyed'],
  ];
  test.each(wrong)('%s exits with %i: %s', async (line, expected, what, server) => {
    const { code, out, err } = await run(line.split(' '), server ? { at: keyedUrl } : {});
    expect(err.trimEnd()).toMatch(what);
    expect(err.trimEnd().split('\n')).toHaveLength(1);
    expect([code, out]).toEqual([expected, '']);
  });

  test('and help says what there is', async () => {
    for (const args of [[], ['--help'], ['import', '-h']]) {
      const { code, out, err } = await run(args);
      expect([code, err]).toEqual([0, '']);
      expect(out).toContain('npx bellwether import FILE…');
    }
  });
});

test('a key comes from the environment, or from a file', async () => {
  await file('key.csv', 'time,v\n2026-01-31T00:00:01Z,1\n');
  await file('right-key', `${KEY}\n`);
  const byName = ['import', 'key.csv', '--name'];
  const env = { BELLWETHER_API_KEY: KEY };
  expect((await run([...byName, 'cli.key.a'], { at: keyedUrl, env })).code).toBe(0);
  expect((await run([...byName, 'cli.key.b', '--key-file', 'right-key'], { at: keyedUrl })).code).toBe(0);
  expect(await stored('cli.key')).toEqual(['cli.key.a{} 1 = 1', 'cli.key.b{} 1 = 1']);
});

describe('on the way', () => {
  /** What becomes of the next requests that write, in their order; what comes after them reaches the server. */
  let fates: ('passed' | 'busy' | 'away' | 'reset' | 'lost' | 'silence')[];
  let way: Server;
  let at: string;

  beforeAll(async () => {
    way = createHttpServer((asked, answer) => {
      const fate = asked.method === 'POST' ? fates.shift() : undefined;
      if (fate === 'silence') return;
      if (fate === 'reset') return void asked.socket.destroy();
      if (fate === 'busy' || fate === 'away')
        return void answer.writeHead(fate === 'busy' ? 429 : 503, { 'retry-after': '0' }).end('{}');
      const on = request(url + asked.url, { method: asked.method, headers: asked.headers }, (came) => {
        // The server has written it, and nobody hears of that.
        if (fate === 'lost') return void asked.socket.destroy();
        answer.writeHead(came.statusCode!, came.headers);
        came.pipe(answer);
      });
      asked.pipe(on);
    });
    await once(way.listen(0, '127.0.0.1'), 'listening');
    at = `http://127.0.0.1:${(way.address() as AddressInfo).port}`;
  });
  beforeEach(() => (fates = []));
  afterAll(() => {
    way?.closeAllConnections();
    way?.close();
  });

  const rows = (count: number) =>
    `time,v\n${Array.from({ length: count }, (_, i) => `${T0 - i * 1000},${i % 5}`).join('\n')}\n`;

  test('a server that is busy or away and connections that break are waited for', async () => {
    await file('rough.csv', rows(40_000));
    fates = ['reset', 'lost', 'busy', 'busy', 'away'];
    const { code, out, err } = await run(['import', 'rough.csv', '--name', 'cli.rough'], { at });
    expect([code, fates]).toEqual([0, []]);
    expect(out).toContain('40,000 samples written');
    expect(err).toMatch(/more samples to write than it can: trying again/);
    expect(err).toMatch(/connection broke .*: trying again/);
    expect(err).toMatch(/not available \(503\): trying again/);
    expect(await digest('cli.rough')).toMatchObject([{ samples: 40_000, total: 80_000 }]);
  });

  test('Ctrl-C says how far it came', async () => {
    await file('long.csv', rows(40_000));
    fates = ['passed', 'silence'];
    const { child, ended } = begin(['import', 'long.csv', '--name', 'cli.long'], { at });
    await expect.poll(() => fates, { timeout: 60_000 }).toEqual([]);
    child.kill('SIGINT');
    const { code, out, err } = await ended;
    expect(code).toBe(130);
    const [, line] = /^Stopped\. Up to line (\d+) of long\.csv all is done/m.exec(err) ?? [];
    const [{ samples }] = await digest('cli.long');
    expect(Number(line)).toBe(samples + 1);
    expect(out).toContain(`${samples.toLocaleString('en')} samples written`);
  });
});
