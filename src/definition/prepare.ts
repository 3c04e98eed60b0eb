import type { ClientBase } from 'pg';
import pg from 'pg';
import { type Catalog, findTable } from './catalog.ts';
import { planOf, resolveAll } from './compile.ts';
import { ProjectorError } from '../ops/errors.ts';
import { checkExpressions } from './expressions.ts';
import { type Definition, loadDefinitions } from './load.ts';
import { expressionsOf } from './model.ts';
import type { IndexPlan, Plan } from './plan.ts';
import type { ObjectReference } from './objects.ts';
import { type Problem, throwProblems } from './problems.ts';
import { atOneMoment, readCatalog } from './read-catalog.ts';
import { schemasOf } from './resolve.ts';

/** A plan, and the catalog that it was compiled for. */
export interface PreparedPlan extends Plan {
  readonly catalog: Catalog;
  /** What the same definitions compile to for another catalog. Throws coded errors, where they do not fit it. */
  readonly recompile: (catalog: Catalog) => Plan;
}

/**
 * Reads the definitions of a directory and compiles them for the client's database: loads, checks, and tries every
 * statement (by EXPLAIN, as the client's role). The client is not to be in a transaction. Throws coded errors that name
 * file and line.
 */
export async function preparePlan(client: ClientBase, directory: string): Promise<PreparedPlan> {
  return prepareDefinitions(client, await loadDefinitions(directory));
}

/** The same, of definitions that have been read already. */
export async function prepareDefinitions(
  client: ClientBase,
  definitions: readonly Definition[],
): Promise<PreparedPlan> {
  const schemas = [...new Set(definitions.flatMap(schemasOf))];
  const catalog = await atOneMoment(client, () => readCatalog(client, schemas));
  const indexes = resolveAll(definitions, catalog);
  const problems: Problem[] = [];
  const uses = await checkExpressions(client, indexes.flatMap(expressionsOf), problems).catch(
    (error: unknown) => {
      throw isDenied(error) ? denial(error, catalog.role) : error;
    },
  );
  throwProblems(problems);
  const plan = planOf(indexes, uses);
  await tryStatements(client, plan, definitions, catalog.role);
  return {
    ...plan,
    // With what the expressions use, which was not known before.
    catalog: await atOneMoment(client, () => readCatalog(client, schemas, objectsOf(plan))),
    recompile: (other) => planOf(resolveAll(definitions, other), uses),
  };
}

/** What the expressions of all indexes use. */
export function objectsOf({ indexes }: Plan): readonly ObjectReference[] {
  return indexes.flatMap(({ objects }) => objects);
}

/** Whether the role that reads is subject to row level security on any table that is read: then a policy lets it read all. */
export function hasRowSecurity({ indexes, catalog }: PreparedPlan): boolean {
  return indexes.some(({ reads }) =>
    reads.some((read) => (findTable(catalog, read)?.rowSecurity ?? 'none') !== 'none'),
  );
}

/** Has Postgres plan every statement, so that what it would refuse is known now. */
async function tryStatements(
  client: ClientBase,
  plan: Plan,
  definitions: readonly Definition[],
  role: string,
): Promise<void> {
  for (const index of plan.indexes) {
    for (const { sql, parameters } of statementsOf(index, plan)) {
      await client.query(`explain ${sql}`, parameters).catch((error: unknown) => {
        if (isDenied(error)) throw denial(error, role);
        if (!(error instanceof pg.DatabaseError)) throw error;
        const file = definitions.find(({ spec, as = spec.index }) => as === index.name)?.file ?? index.name;
        throw new ProjectorError(
          'PROJ_DEFINITION_INVALID',
          `${file}: Postgres refuses a statement that it compiles to: ${error.message}`,
          `Correct ${file}.`,
          { cause: error },
        );
      });
    }
  }
}

/** Every statement that an index needs, with parameters that ask for nothing. */
function statementsOf(index: IndexPlan, plan: Plan): { sql: string; parameters: unknown[] }[] {
  const lookups = plan.tables
    .flatMap(({ routes }) => routes)
    .filter((route) => route.index === index.name)
    .flatMap(({ lookup, columns }) => (lookup ? [{ query: lookup, fixed: columns.map(() => []) }] : []));
  const referred = lookups.map(({ query, fixed }) => ({ sql: query.referredSql, parameters: fixed }));
  const cursor = index.key.map(() => null);
  return [
    { sql: index.documentSql, parameters: index.key.map(() => []) },
    { sql: index.rowVersionSql, parameters: index.key.map(() => []) },
    { sql: index.countSql, parameters: [] },
    ...referred,
    ...[{ query: index.keyPages, fixed: [] }, ...lookups].flatMap(({ query, fixed }) => [
      { sql: query.first, parameters: [...fixed, 1] },
      { sql: query.next, parameters: [...fixed, ...cursor, 1] },
    ]),
  ];
}

function isDenied(error: unknown): error is pg.DatabaseError {
  return error instanceof pg.DatabaseError && error.code === '42501';
}

function denial(error: pg.DatabaseError, role: string): ProjectorError {
  return new ProjectorError(
    'PROJ_PREFLIGHT',
    `${role} may not read what the definitions name: ${error.message}`,
    `grant usage on schema … to ${role}; grant select on … to ${role}; grant temporary on database … to ${role};`,
    { cause: error },
  );
}
