import pg from 'pg';
import type { TableName } from './plan.ts';

/** A name as SQL. Everything that this folder writes goes through here. */
export function identifier(name: string): string {
  return pg.escapeIdentifier(name);
}

export function tableReference({ schema, name }: TableName): string {
  return `${identifier(schema)}.${identifier(name)}`;
}

export function literal(text: string): string {
  return pg.escapeLiteral(text);
}

/** Shifts every line by two spaces. */
export function indent(text: string): string {
  return text.replaceAll(/^(?=.)/gm, '  ');
}

/** `a`, or `(a, b)` for several. */
export function tuple(expressions: readonly string[]): string {
  const [only, another] = expressions;
  return only !== undefined && another === undefined ? only : `(${expressions.join(', ')})`;
}

/** Stands for a line break inside embedded SQL, so that `indent` leaves it alone; no SQL can contain it. */
const KEPT_BREAK = '\0';

/**
 * SQL of a definition's own, for embedding. It is checked to be a whole expression before any statement is run
 * (`checkExpressions`); the line break ends a comment that it may end with.
 */
export function embedded(sql: string): string {
  return `(${sql}\n)`.replaceAll('\n', KEPT_BREAK);
}

/** Finishes the text of a statement in which SQL was embedded. */
export function statement(text: string): string {
  return text.replaceAll(KEPT_BREAK, '\n');
}
