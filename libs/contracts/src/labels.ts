/** Labels tell series of one name apart, as in Prometheus. */
import { z } from 'zod';

export const MAX_NAME_LENGTH = 200;
export const MAX_LABELS = 20;
export const MAX_LABEL_LENGTH = 200;

const printable = /^[^\p{Cc}]+$/u;

export const SeriesName = z
  .string()
  .trim()
  .min(1, 'the name is empty')
  .max(MAX_NAME_LENGTH, `the name is longer than ${MAX_NAME_LENGTH} characters`)
  .regex(printable, 'the name holds control characters');

export const Labels = z
  .record(
    z
      .string()
      .min(1)
      .max(MAX_LABEL_LENGTH, `a label name is longer than ${MAX_LABEL_LENGTH} characters`)
      .regex(printable, 'a label name holds control characters'),
    z
      .string()
      .max(MAX_LABEL_LENGTH, `a label value is longer than ${MAX_LABEL_LENGTH} characters`)
      .regex(/^[^\p{Cc}]*$/u, 'a label value holds control characters'),
  )
  .refine((labels) => Object.keys(labels).length <= MAX_LABELS, `more than ${MAX_LABELS} labels`);
export type Labels = z.infer<typeof Labels>;
