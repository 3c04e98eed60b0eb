import type { z } from 'zod';
import { problemsOf } from '../shared/problems.ts';
import { SiteError } from './errors.ts';

/** @throws SiteError `invalid` with what is wrong, by field. */
export function parse<Schema extends z.ZodType>(schema: Schema, value: unknown): z.output<Schema> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  throw new SiteError('invalid', 'Some of the fields are not valid.', problemsOf(result.error.issues));
}
