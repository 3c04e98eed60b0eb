import type { z } from 'zod';
import { FIELD_FORMS } from './schema.ts';

/** The way to a node of a definition: keys and list positions from the top. */
export type SpecPath = readonly (string | number)[];

export interface PlainIssue {
  readonly path: SpecPath;
  readonly message: string;
}

/** Zod's issue in words, given the value that was parsed; a union's alternatives reduced to the one that was meant. */
export function plainIssues(issue: z.core.$ZodIssue, value: unknown): PlainIssue[] {
  const path = issue.path.map((key) => (typeof key === 'symbol' ? String(key) : key));
  const below = (inner: readonly z.core.$ZodIssue[]): PlainIssue[] => {
    const part = valueAt(value, path);
    return inner
      .flatMap((one) => plainIssues(one, part))
      .map((plain) => ({ ...plain, path: [...path, ...plain.path] }));
  };
  switch (issue.code) {
    case 'unrecognized_keys':
      return issue.keys.map((key) => ({ path: [...path, key], message: `\`${key}\` is not known here` }));
    case 'invalid_union': {
      if (issue.errors.length !== FIELD_FORMS.length) {
        return [{ path, message: 'expected a name or a list of names' }];
      }
      const form = formOf(valueAt(value, path));
      return typeof form === 'string' ? [{ path, message: form }] : below(issue.errors[form] ?? []);
    }
    case 'invalid_key':
      return issue.issues.map(({ message }) => ({ path, message }));
    case 'invalid_type':
      return valueAt(value, path) === undefined
        ? [{ path: path.slice(0, -1), message: `\`${String(path.at(-1))}:\` is missing` }]
        : [{ path, message: issue.message.replace(/^Invalid input: /, '') }];
    default:
      return [{ path, message: issue.message.replace(/^Invalid (input|string): /, '') }];
  }
}

/** Which form of a field a value was meant to be (its position in `FIELD_FORMS`), or what is wrong with it. */
function formOf(value: unknown): number | string {
  if (typeof value === 'string') return 0;
  const has = (key: string): boolean =>
    typeof value === 'object' && value !== null && Object.hasOwn(value, key);
  const words = [...new Set(FIELD_FORMS.flatMap(({ word }) => word ?? []))];
  const [word, another] = words.filter(has);
  if (word === undefined || another !== undefined) {
    return `expected a column's name, or exactly one of ${words.map((one) => `\`${one}:\``).join(', ')}`;
  }
  const forms = FIELD_FORMS.filter((form) => form.word === word);
  const meant = forms.filter(({ body }) => body === null || has(body));
  const [form] = meant;
  return form && meant.length === 1
    ? FIELD_FORMS.indexOf(form)
    : `\`${word}:\` needs either \`value:\` (plain values) or \`fields:\` (objects)`;
}

function valueAt(value: unknown, path: SpecPath): unknown {
  return path.reduce<unknown>(
    (part, key) =>
      typeof part === 'object' && part !== null && Object.hasOwn(part, key)
        ? (part as Record<string, unknown>)[key]
        : undefined,
    value,
  );
}
