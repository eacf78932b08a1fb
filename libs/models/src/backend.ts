/**
 * The compute backend: CUDA through tfjs-node-gpu, else native TensorFlow through tfjs-node, else WebAssembly, else
 * plain JavaScript. Models are written once against @tensorflow/tfjs and never ask which one it is.
 */
import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import * as tf from '@tensorflow/tfjs';

export type BackendName = 'gpu' | 'node' | 'wasm' | 'cpu';

export interface Backend {
  name: BackendName;
  /** One line: what was picked, and why nothing better was. */
  why: string;
}

/** A backend that was asked for by name cannot be had here. */
export class BackendUnavailable extends Error {
  override name = 'BackendUnavailable';
}

const ORDER: BackendName[] = ['gpu', 'node', 'wasm', 'cpu'];
const load = createRequire(__filename);

/** Switches TensorFlow.js to the best backend there is, or to `forced` and nothing else. */
export async function selectBackend(forced?: BackendName): Promise<Backend> {
  if (forced !== undefined && !ORDER.includes(forced)) {
    throw new BackendUnavailable(`unknown compute backend "${forced}": it is one of ${ORDER.join(', ')}`);
  }
  tf.enableProdMode();
  const refused: string[] = [];
  for (const name of forced === undefined ? ORDER : [forced]) {
    try {
      await START[name]();
      return { name, why: [`${TITLE[name]}${forced ? ', as asked for' : ''}`, ...refused].join('; ') };
    } catch (error) {
      refused.push(`no ${name}: ${reasonOf(error)}`);
    }
  }
  throw new BackendUnavailable(
    `The compute backend "${forced}" cannot be had here (${refused.join('; ')}): leave COMPUTE out to use the best there is.`,
  );
}

const TITLE: Record<BackendName, string> = {
  gpu: 'CUDA GPU (tfjs-node-gpu)',
  node: 'native TensorFlow on the CPU (tfjs-node)',
  wasm: 'WebAssembly with SIMD on one core (tfjs-backend-wasm)',
  cpu: 'plain JavaScript (slow)',
};

const START: Record<BackendName, () => Promise<void>> = {
  async gpu() {
    load('@tensorflow/tfjs-node-gpu');
    await use('tensorflow');
    if (!usesGpu()) throw new Error('tfjs-node-gpu is installed but finds no CUDA device');
  },
  async node() {
    // Where only the GPU package is installed and no device was found, its CPU kernels are the native backend.
    try {
      load('@tensorflow/tfjs-node');
    } catch (error) {
      if (tf.findBackend('tensorflow') === null) throw error;
    }
    await use('tensorflow');
  },
  async wasm() {
    const wasm = load('@tensorflow/tfjs-backend-wasm') as typeof import('@tensorflow/tfjs-backend-wasm');
    // Threads cost more than they bring on the small matrices here, and hold the other core.
    tf.env().set('WASM_HAS_MULTITHREAD_SUPPORT', false);
    if (tf.findBackendFactory('wasm') === null || tf.findBackend('wasm') === null) {
      wasm.setWasmPaths(`${dirname(load.resolve('@tensorflow/tfjs-backend-wasm/package.json'))}/dist/`);
    }
    await use('wasm');
  },
  cpu: () => use('cpu'),
};

async function use(backend: string): Promise<void> {
  if (tf.getBackend() === backend) return;
  if (!(await tf.setBackend(backend)))
    throw new Error(`TensorFlow.js could not start its ${backend} backend`);
  // A binding may load and yet fail at its first operation, as tfjs-node does from Node 23 on (tfjs #8609).
  tf.tidy(() =>
    tf
      .matMul(tf.ones([2, 2]), tf.ones([2, 2]))
      .add(1)
      .dataSync(),
  );
}

const usesGpu = (): boolean =>
  (tf.backend() as unknown as { isUsingGpuDevice?: boolean }).isUsingGpuDevice === true;

function reasonOf(error: unknown): string {
  const [line] = (error instanceof Error ? error.message : String(error)).split('\n');
  const missing = /^Cannot find module '@tensorflow\/(tfjs-[a-z-]+)'/.exec(line!)?.[1];
  return missing ? `${missing} is not installed` : line!.trim();
}
