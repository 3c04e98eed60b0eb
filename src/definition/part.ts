import type { ClientBase } from 'pg';
import pg from 'pg';
import { ProjectorError } from '../ops/errors.ts';
import { findTable } from './catalog.ts';
import { checkExpressions } from './expressions.ts';
import type { IndexPlan, PagedQuery } from './plan.ts';
import type { PreparedPlan } from './prepare.ts';
import type { Problem } from './problems.ts';
import { countSql, keyPages } from './routes.ts';

/** The rows of an index's root that a condition holds for, whether they have documents or not. */
export interface Part {
  readonly keyPages: PagedQuery;
  /** How many rows there are: one row, one bigint column. */
  readonly countSql: string;
}

/**
 * Compiles a condition over the columns of an index's root. It is held to what a definition's `where` is. The client is
 * not to be in a transaction.
 *
 * @throws ProjectorError `PROJ_WHERE_INVALID`.
 */
export async function preparePart(
  client: ClientBase,
  { catalog }: Pick<PreparedPlan, 'catalog'>,
  index: IndexPlan,
  sql: string,
): Promise<Part> {
  const table = findTable(catalog, index.root);
  if (!table) throw new RangeError(`the plan has no table ${index.root.schema}.${index.root.name}`);
  const at = { file: '--where', line: 1, column: 1 };
  const where = { table, sql, kind: 'condition', at } as const;
  const problems: Problem[] = [];
  await checkExpressions(client, [where], problems);
  const [problem] = problems;
  if (problem) throw invalid(problem.message);
  const node = { table, relation: null, where };
  const part = { keyPages: keyPages(node), countSql: countSql(node) };
  await client.query(`explain ${part.countSql}`).catch((error: unknown) => {
    throw error instanceof pg.DatabaseError ? invalid(error.message) : error;
  });
  return part;
}

/** The error for a condition that Postgres cannot compute for a row. */
export function failsForRow(reason: string): ProjectorError {
  return invalid(`cannot be computed for a row: ${reason}`);
}

function invalid(message: string): ProjectorError {
  return new ProjectorError(
    'PROJ_WHERE_INVALID',
    `--where ${message}`,
    "Give an SQL condition over the columns of the index's root table alone, as a definition's `where` is.",
  );
}
