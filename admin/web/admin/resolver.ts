import type { FieldErrors, FieldValues, Resolver } from 'react-hook-form';
import type { z } from 'zod';
import { problemsOf } from '../../shared/problems.ts';
import { editable } from './data-provider.ts';
import { messageOf } from './request.ts';

/** Checks a form by the schema that the server checks by. */
export function resolverOf(schema: z.ZodType): Resolver {
  return (values: FieldValues) => {
    const result = schema.safeParse(editable(values, 'modified'));
    if (result.success) return { values, errors: {} };
    const errors: FieldErrors = {};
    for (const [path, problem] of Object.entries(problemsOf(result.error.issues))) {
      place(errors, path.split('.'), { type: problem.code, message: messageOf(problem) });
    }
    return { values: {}, errors };
  };
}

function place(
  errors: Record<string, unknown>,
  [step = '', ...rest]: readonly string[],
  error: object,
): void {
  if (rest.length === 0) errors[step] = error;
  else place((errors[step] ??= {}) as Record<string, unknown>, rest, error);
}
