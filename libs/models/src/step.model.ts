/** What models that go step by step (VRNN, RNN, seasonal naive) have in common at work. */
import { predictiveLoss } from './evaluate';
import type { Model, ModelConfig, ScoreInput } from './model';
import { reviewSteps } from './review';
import { fitStepScalers } from './scaler';
import { type Follower, type Run, scoreAll } from './score';

/** Samples that a cold start hears before it says anything: half of a window at most. */
const WARM_UP = 16;

export const warmUp = ({ window }: ModelConfig): number => Math.min(WARM_UP, window >> 1);

interface Steps extends Pick<Model, 'forecast' | 'dispose'> {
  /** A gap of more steps is a cold start. */
  longestGap: number;
  /** Called once for all runs that are scored together. */
  follow: () => (run: Run) => Follower;
}

export function stepModel(config: ModelConfig, { longestGap, follow, forecast, dispose }: Steps): Model {
  const score = (inputs: ScoreInput[]) => scoreAll(inputs, { longestGap, follow: follow() });
  return {
    kind: config.kind,
    config,
    fitScalers: (values) => fitStepScalers(values, config.features, config),
    score,
    review: (inputs) => reviewSteps(score, inputs, config),
    forecast,
    evaluate: (series, scalers, share) => predictiveLoss(score, { series, scalers, share }),
    dispose,
  };
}
