import { describeError } from './named-errors.ts';
import { isRefusedQuery } from './postgres.ts';

/** Conditions that values of rows meet most often. https://www.postgresql.org/docs/current/errcodes-appendix.html */
const CONDITIONS: Readonly<Record<string, string>> = {
  '22001': 'a string is too long',
  '22003': 'a number is out of range',
  '22004': 'a null is not allowed',
  '22007': 'a date or time is not written as one',
  '22008': 'a date or time is out of range',
  '22011': 'a substring is not within the text',
  '22012': 'division by zero',
  '22021': 'a byte is not text in the encoding of the database, or in UTF-8',
  '22023': 'a parameter has a value that is not allowed',
  '22P02': 'a text is not a value of the type it is cast to',
  '22P05': 'a character does not exist in UTF-8',
  '2201B': 'a regular expression is not valid',
  '2201E': 'the logarithm of zero or a negative number',
  '23514': 'a value violates a check constraint of its type',
  '54000': 'a value is longer than Postgres can hold (1 GiB)',
  '54001': 'the stack is too deep',
};

const CLASSES: Readonly<Record<string, string>> = {
  '0A': 'a feature is not supported',
  '21': 'a query gave more than one row',
  '22': 'a data exception',
  '23': 'a constraint of a type is violated',
  '38': 'an external routine failed',
  '39': 'an external routine was called wrongly',
  '42': 'a name is unknown, or a type does not fit',
  '54': 'a limit of Postgres is exceeded',
  P0: 'a PL/pgSQL function raised it',
  XX: 'an internal error of Postgres, as of a value that is longer than 1 GiB or of damaged data',
};

/** A SQLSTATE and what it means. Postgres' own message would show values of the row. */
export function stateInWords(state: string): string {
  const meaning = CONDITIONS[state] ?? CLASSES[state.slice(0, 2)] ?? 'an error that Postgres gives';
  return `${meaning} (SQLSTATE ${state})`;
}

/** Names and rights that a statement is about; its text says no more than the statement. */
const ABOUT_NAMES = /^(42|3F)/;

/** What a refusal that is not about names or rights means: it may be for what is in a row. Null for any other error. */
export function refusalInWords(error: unknown): string | null {
  const state = isRefusedQuery(error) ? (error.code ?? '') : '';
  return state === '' || ABOUT_NAMES.test(state) ? null : stateInWords(state);
}

/** An error for people: without Postgres' own words where they may show values of rows. */
export function withoutValues(error: unknown): string {
  const refusal = refusalInWords(error);
  return refusal === null ? describeError(error) : `Postgres refuses a query: ${refusal}`;
}
