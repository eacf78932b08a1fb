import type { PipeTransform } from '@nestjs/common';
import { z } from 'zod';
import { BadInput } from './problem';

/** Turns an unknown body, query or parameter into a contract type, or answers 400 with the path of what is wrong. */
export class ZodPipe<T> implements PipeTransform<unknown, T> {
  constructor(private readonly schema: z.ZodType<T>) {}

  transform(value: unknown): T {
    const result = this.schema.safeParse(value ?? {});
    if (result.success) return result.data;
    const errors = result.error.issues
      .slice(0, 20)
      .map(({ path, message }) => ({ at: path.join('.') || 'body', detail: message }));
    throw new BadInput(errors.map(({ at, detail }) => `${at}: ${detail}`).join('; '), errors);
  }
}

const Id = z.coerce
  .number('an id is a whole number')
  .int('an id is a whole number')
  .min(1)
  .max(2_147_483_647, 'an id has at most 10 digits');

/** A path parameter `:id`. */
export class IdPipe implements PipeTransform<unknown, number> {
  transform(value: unknown): number {
    const result = Id.safeParse(value);
    if (result.success) return result.data;
    throw new BadInput(`id: ${result.error.issues[0]?.message ?? 'not an id'}`);
  }
}
