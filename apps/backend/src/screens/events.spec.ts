import { expect, test } from 'vitest';
import { coalesce } from './events';

test('events of one moment become one of each type', () => {
  expect(
    coalesce([
      { type: 'samples', seriesIds: [1, 2] },
      { type: 'training', trainingRunId: 7 },
      { type: 'samples', seriesIds: [2, 3] },
      { type: 'scores', seriesIds: [1] },
      { type: 'training', trainingRunId: 7 },
    ]),
  ).toEqual([
    { type: 'samples', seriesIds: [1, 2, 3] },
    { type: 'scores', seriesIds: [1] },
    { type: 'training', trainingRunId: 7 },
  ]);
});
