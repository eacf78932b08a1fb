/** Detectors, what is being trained for them, the versions that came of it, and which of them serve. */
'use client';

import { PageHead } from '@/parts/card';
import { LinkButton } from '@/parts/button';
import { Empty, Failure, Loading } from '@/parts/feedback';
import { useDetectors, useModels, useTrainingRuns } from '@/api';
import { DetectorCard } from '@/parts/detector-card';
import { ModelTable } from '@/parts/model-table';
import { PastRuns, RunningRuns } from '@/parts/training-runs';
import { counted } from '@/words';

const RUNS = 30;

export function ModelsScreen() {
  const detectorAnswer = useDetectors();
  const modelAnswer = useModels();
  const runAnswer = useTrainingRuns(RUNS);
  const answers = [detectorAnswer, modelAnswer, runAnswer];
  const error = answers.find((answer) => answer.error !== undefined)?.error;
  const retry = () => Promise.all(answers.map((answer) => answer.mutate()));
  const { data: detectors } = detectorAnswer;
  const { data: models } = modelAnswer;
  const { data: runs } = runAnswer;
  const isLoading = detectors === undefined || models === undefined || runs === undefined;
  const champions = models?.filter((model) => model.isChampion).length;
  return (
    <>
      <PageHead title="Models">
        {champions !== undefined &&
          (champions === 0
            ? 'No model is in service yet.'
            : `${counted(champions, 'model is', 'models are')} in service.`)}
      </PageHead>
      {error !== undefined && <Failure error={error} onRetry={retry} />}
      {isLoading ? (
        error === undefined && <Loading what="Loading models" />
      ) : (
        <div className="space-y-4">
          <RunningRuns runs={runs} />
          {detectors.map((detector) => (
            <DetectorCard key={detector.id} detector={detector} />
          ))}
          {detectors.length === 0 && (
            <Empty title="No detector" action={<LinkButton href="/">Go to the overview</LinkButton>}>
              A detector says which series are watched; the first one is made with the first samples.
            </Empty>
          )}
          <ModelTable models={models} />
          <PastRuns runs={runs} />
        </div>
      )}
    </>
  );
}
