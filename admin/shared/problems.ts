import type { z } from 'zod';

/** What is wrong with a field, as a word for the dictionaries of the front end. */
export interface Problem {
  readonly code: ProblemCode;
  /** The bound that is passed, where there is one. */
  readonly limit?: number;
}

export const problemCodes = [
  'required',
  'too_long',
  'too_big',
  'too_small',
  'too_many',
  'invalid',
  'unknown_field',
  'duplicate',
  'unstorable',
  'taken',
  'gone',
] as const;

export type ProblemCode = (typeof problemCodes)[number];

/** Problems by the field's path, `people.0.person_id`; of the whole under the empty path. */
export type Problems = Readonly<Record<string, Problem>>;

/** What a schema's issues come to: the first of each field. */
export function problemsOf(issues: readonly z.core.$ZodIssue[]): Problems {
  const problems: Record<string, Problem> = {};
  for (const issue of issues) {
    const fields = issue.code === 'unrecognized_keys' ? issue.keys : [undefined];
    for (const field of fields) {
      const path = [...issue.path, ...(field === undefined ? [] : [field])].join('.');
      problems[path] ??= problemOf(issue);
    }
  }
  return problems;
}

function problemOf(issue: z.core.$ZodIssue): Problem {
  switch (issue.code) {
    case 'unrecognized_keys':
      return { code: 'unknown_field' };
    case 'too_big':
      return { code: tooBig(issue.origin), limit: Number(issue.maximum) };
    case 'too_small':
      return issue.origin === 'string'
        ? { code: 'required' }
        : { code: 'too_small', limit: Number(issue.minimum) };
    default:
      return { code: problemCodes.find((code) => code === issue.message) ?? 'invalid' };
  }
}

function tooBig(origin: string): ProblemCode {
  if (origin === 'string') return 'too_long';
  return origin === 'array' ? 'too_many' : 'too_big';
}
