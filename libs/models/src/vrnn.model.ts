/**
 * A VRNN or RNN at work, upon the linear path of each series. It goes on from (h, the last samples) in O(1) per sample, following
 * the mean of z, so a replay says the same.
 *
 *   score     −log p(u_t | past),  u_t = centre_t + spread_t · e_t,
 *             p(e_t | past) ≈ (1/K) Σ_k p(e_t | z_k, h_{t−1}),  z_k ~ p(z_t | h_{t−1})
 *
 * z_k comes from the prior and not from the encoder: of a sample far from all it was trained on the encoder says
 * anything, the prior has not seen it. The noise of z_k is fixed by the model's seed. A wild sample is scored as it is,
 * but enters h and the lags as a missing one (`walk`).
 */
import { unpack } from './artifact';
import { type Walked, reachOf, walk } from './autoregression';
import { calendarWidth, calendars } from './calendar';
import { type Weights, disposeWeights, fixed } from './layers';
import type { Mixture } from './mixture';
import type { Model, ModelConfig } from './model';
import { type Random, seeded } from './noise';
import { rnn } from './rnn';
import { type Follower, type Run, isHeard, say, stepsIn } from './score';
import { stepModel, warmUp } from './step.model';
import { forecast } from './vrnn.forecast';
import { type Working, pathsOf, recall, toData } from './vrnn.memory';
import type { StepKernel, StepNetwork } from './vrnn.network';
import { vrnn } from './vrnn';
import { columnOf, longestWild } from './windows';

/** The network of a kind, and room among its weights for the linear path that its series share. */
export function stepNetwork(config: ModelConfig, random: Random): StepNetwork {
  const network = config.kind === 'rnn' ? rnn(config, random) : vrnn(config, random);
  fixed(network.weights, 'path/coefficients', [config.lags.length + calendarWidth(config.cycles)]);
  fixed(network.weights, 'path/std', [1]);
  return network;
}

export function openVrnn(config: ModelConfig, weights: Uint8Array): Model {
  const network = stepNetwork(config, seeded(config.seed));
  unpack(weights, network.weights);
  const pooled = pooledOf(network.weights);
  const working = { network, config, pooled, freedom: network.freedom() };
  const scoring = { ...working, kernel: network.kernel(), mixtures: blank(working) };
  return stepModel(config, {
    longestGap: Math.max(config.window >> 1, reachOf(config)),
    follow() {
      const calendarFrom = calendars(config);
      return (run) => follow(run, calendarFrom(run.start, stepsIn(run)), scoring);
    },
    forecast: (inputs, options) => {
      const states = inputs.map((input) => ({ ...input, memory: recall(input.state, config) }));
      return forecast(states, { ...working, ...options });
    },
    dispose: () => disposeWeights(network.weights),
  });
}

const pooledOf = (weights: Weights) => ({
  coefficients: weights['path/coefficients']!.dataSync<'float32'>().slice(),
  std: weights['path/std']!.dataSync()[0]!,
});

interface Scoring extends Working {
  kernel: StepKernel;
  /** Of each feature, written anew for every sample. */
  mixtures: Mixture[];
}

function blank({ config: { features, samples, kind }, freedom }: Working): Mixture[] {
  const parts = () => new Float32Array(kind === 'rnn' ? 1 : samples);
  return Array.from({ length: features }, () => ({ means: parts(), stds: parts(), freedom }));
}

function follow(run: Run, calendar: Float32Array, scoring: Scoring): Follower {
  const { config, kernel, mixtures } = scoring;
  const { features, values } = run;
  const width = calendarWidth(config.cycles);
  const memory = recall(run.state, config);
  const walked = pathsOf(run.input.scalers, scoring).map((path, f) =>
    walk(columnOf(values, features, f), path, {
      past: memory.past[f]!,
      calendar,
      wild: memory.wild[f]!,
      longest: longestWild(config),
    }),
  );
  const e = new Float32Array(features);
  return {
    score(from, to) {
      for (let t = from; t < to; t++) {
        const now = calendar.subarray(t * width, (t + 1) * width);
        if (memory.seen >= warmUp(config) && t >= run.gap) {
          mix(mixtures, kernel.predict(memory.h, now), { walked, t });
          say(run, t, mixtures);
        }
        walked.forEach(({ residual }, f) => (e[f] = residual[t]!));
        kernel.follow(memory.h, e, now);
        if (isHeard(run, t)) memory.seen = Math.min(warmUp(config), memory.seen + 1);
      }
    },
    remember: () => toData(memory, walked),
  };
}

/** What is expected of each feature: the residual's mixture upon its linear path. */
function mix(
  mixtures: Mixture[],
  { means, stds }: ReturnType<StepKernel['predict']>,
  { walked, t }: { walked: Walked[]; t: number },
): void {
  const features = mixtures.length;
  mixtures.forEach((mixture, f) => {
    const { centre, spread } = walked[f]!;
    for (let k = 0; k < mixture.means.length; k++) {
      mixture.means[k] = centre[t]! + spread[t]! * means[k * features + f]!;
      mixture.stds[k] = spread[t]! * stds[k * features + f]!;
    }
  });
}
