/**
 * `npm run native`, or `npm run native -- gpu`: TensorFlow's own kernels where the library that tfjs-node downloads cannot be had,
 * or is too old for the CUDA at hand. The library and its C headers are in TensorFlow's Python wheel, the source of the binding
 * is in the npm package; docs/gpu.md says when this pays. Everything goes into the package's folder in node_modules.
 */
import { existsSync, mkdirSync, readdirSync, realpathSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { endWhenToldToStop, run } from './processes.mjs';
import { install, lastLines, main, npm, Refusal, timed } from './setup.mjs';

/** The last TensorFlow that the specs ran on. */
const TENSORFLOW = '2.21.0';
const PACKAGES = ['tfjs-node', 'tfjs-node-gpu'];

async function native() {
  endWhenToldToStop();
  const [device = 'cpu', ...rest] = process.argv.slice(2);
  if (!['cpu', 'gpu'].includes(device) || rest.length > 0) throw new Refusal('npm run native [-- gpu]');
  const name = device === 'gpu' ? 'tfjs-node-gpu' : 'tfjs-node';

  await install();
  const found = await tryOut(name);
  if (found.works) return console.log(`${name} works already: ${found.says}`);

  checkPlatform();
  await check('python3', ['-m', 'pip', '--version'], 'Python 3 with pip is needed to fetch TensorFlow');
  await check('g++', ['--version'], 'g++ is needed to build the binding');
  const headers = join(dirname(dirname(realpathSync(process.execPath))), 'include', 'node');
  if (!existsSync(join(headers, 'node_api.h')))
    throw new Refusal(`This Node came without its C headers: there is no ${join(headers, 'node_api.h')}.`);

  await addPackages(name);
  await fetchTensorFlow(name, device === 'gpu' ? 'tensorflow[and-cuda]' : 'tensorflow-cpu');
  await buildBinding(name, headers);

  const built = await tryOut(name);
  if (!built.works)
    throw new Refusal(`${built.says}\n${name} was built but does not run: the reason is above.`);
  console.log(`${name} works: ${built.says}`);
}

const folderOf = (name) => join('node_modules', '@tensorflow', name);

function checkPlatform() {
  const isGlibc = 'glibcVersionRuntime' in process.report.getReport().header;
  if (process.platform !== 'linux' || process.arch !== 'x64' || !isGlibc)
    throw new Refusal(`This is for Linux with glibc on x64; here is ${process.platform} on ${process.arch}.`);
  // https://github.com/tensorflow/tfjs/issues/8609
  if (Number(process.versions.node.split('.')[0]) >= 23)
    throw new Refusal(
      `tfjs-node 4.22.0 calls what Node 23 removed: use Node 20 or 22; this is ${process.versions.node}.`,
    );
}

/** Computes something in a process of its own, since loading a native library may end it. */
async function tryOut(name) {
  const script = `
    const tf = require('@tensorflow/${name}');
    if (tf.ones([2]).add(1).sum().dataSync()[0] !== 4) throw new Error('1 + 1 is not 2');
    const { binding, isUsingGpuDevice } = tf.backend();
    console.log('TensorFlow ' + binding.TF_Version + (isUsingGpuDevice ? ' on CUDA' : ' on the CPU'));`;
  const { code, output } = await run(process.execPath, ['-e', script], {
    env: { ...process.env, TF_CPP_MIN_LOG_LEVEL: '3' },
  });
  if (code !== 0) return { works: false, says: lastLines(output) };
  const says = /^TensorFlow .*/m.exec(output)[0];
  const isMissed = name === 'tfjs-node-gpu' && !says.endsWith('on CUDA');
  return { works: true, says: isMissed ? `${says}, since it finds no CUDA device` : says };
}

async function check(command, args, refusal) {
  const { code, output } = await run(command, args);
  if (code !== 0) throw new Refusal(`${refusal}: ${output.trim().split('\n').at(-1)}`);
}

async function step(title, command, args) {
  const { code, output, seconds } = await timed(title, () => run(command, args));
  if (code !== 0) throw new Refusal(`${lastLines(output)}\nFailed ${title}: the reason is above.`);
  console.log(`${title}: ${seconds} s`);
}

/**
 * Adds what npm left out when the packages' own install scripts failed. One of the two is enough: without a CUDA device
 * tfjs-node-gpu computes on the CPU, and two copies of the library in one process are asking for trouble.
 */
async function addPackages(name) {
  await step(
    'adding the packages of the lock file',
    ...npm('install', '--ignore-scripts', '--no-save', '--no-audit', '--no-fund'),
  );
  for (const other of PACKAGES.filter((each) => each !== name))
    rmSync(folderOf(other), { recursive: true, force: true });
}

/** The wheel lies unpacked in `deps`: with CUDA, the library looks for `nvidia` beside `tensorflow`. */
async function fetchTensorFlow(name, wheel) {
  const target = join(folderOf(name), 'deps');
  rmSync(target, { recursive: true, force: true });
  const dependencies = wheel.includes('[') ? [] : ['--no-deps'];
  await step(`fetching TensorFlow ${TENSORFLOW}`, 'python3', [
    ...[
      '-m',
      'pip',
      'install',
      '--quiet',
      '--disable-pip-version-check',
      '--no-compile',
      '--only-binary=:all:',
    ],
    ...dependencies,
    ...['--target', target, `${wheel}==${TENSORFLOW}`],
  ]);
}

/** What binding.gyp says, in one command; the wheel's libtensorflow_cc stands in for libtensorflow. */
async function buildBinding(name, headers) {
  const folder = folderOf(name);
  const library = join(folder, 'deps', 'tensorflow');
  const sources = readdirSync(join(folder, 'binding')).filter((file) => file.endsWith('.cc'));
  const target = join(folder, 'lib', 'napi-v8');
  mkdirSync(target, { recursive: true });
  await step('building the binding', 'g++', [
    ...['-std=c++17', '-O2', '-shared', '-fPIC', '-DNAPI_VERSION=8'],
    ...[headers, folder, join(library, 'include')].map((include) => `-I${include}`),
    ...sources.map((file) => join(folder, 'binding', file)),
    ...['-o', join(target, 'tfjs_binding.node'), `-L${library}`],
    ...['-l:libtensorflow_cc.so.2', '-l:libtensorflow_framework.so.2'],
    '-Wl,-rpath,$ORIGIN/../../deps/tensorflow',
  ]);
}

await main(native);
