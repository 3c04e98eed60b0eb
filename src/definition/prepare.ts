import type { ClientBase } from 'pg';
import pg from 'pg';
import type { Catalog } from './catalog.ts';
import { planOf, resolveAll } from './compile.ts';
import { ProjectorError } from '../ops/errors.ts';
import { checkExpressions } from './expressions.ts';
import { type Definition, loadDefinitions } from './load.ts';
import { expressionsOf } from './model.ts';
import type { Plan } from './plan.ts';
import { type Problem, throwProblems } from './problems.ts';
import { readCatalog } from './read-catalog.ts';
import { schemasOf } from './resolve.ts';

/** A plan, and the catalog that it was compiled for. */
export interface PreparedPlan extends Plan {
  readonly catalog: Catalog;
}

/**
 * Reads the definitions of a directory and compiles them for the client's database: loads, checks, and tries every
 * statement (by EXPLAIN, as the client's role). The client is not to be in a transaction. Throws coded errors that name
 * file and line.
 */
export async function preparePlan(client: ClientBase, directory: string): Promise<PreparedPlan> {
  const definitions = await loadDefinitions(directory);
  const catalog = await readCatalog(client, [...new Set(definitions.flatMap(schemasOf))]);
  const indexes = resolveAll(definitions, catalog);
  const problems: Problem[] = [];
  const expressionColumns = await checkExpressions(client, indexes.flatMap(expressionsOf), problems);
  throwProblems(problems);
  const plan = planOf(indexes, expressionColumns);
  await tryStatements(client, plan, definitions);
  return { ...plan, catalog };
}

/** Has Postgres plan every statement, so that what it would refuse is known now. */
async function tryStatements(
  client: ClientBase,
  plan: Plan,
  definitions: readonly Definition[],
): Promise<void> {
  for (const index of plan.indexes) {
    const routes = plan.tables.flatMap((table) => table.routes).filter((route) => route.index === index.name);
    const key = index.key.map(() => null);
    const paged = [
      { query: index.keyPages, fixed: [] },
      ...routes.flatMap(({ lookup, columns }) =>
        lookup ? [{ query: lookup, fixed: columns.map(() => []) }] : [],
      ),
    ];
    const statements = [
      { sql: index.documentSql, parameters: index.key.map(() => []) },
      { sql: index.countSql, parameters: [] },
      ...paged.flatMap(({ query, fixed }) => [
        { sql: query.first, parameters: [...fixed, 1] },
        { sql: query.next, parameters: [...fixed, ...key, 1] },
      ]),
    ];
    for (const { sql, parameters } of statements) {
      await client.query(`explain ${sql}`, parameters).catch((error: unknown) => {
        throw refusal(error, index.name, definitions);
      });
    }
  }
}

function refusal(error: unknown, index: string, definitions: readonly Definition[]): unknown {
  if (!(error instanceof pg.DatabaseError)) return error;
  if (error.code === '42501') {
    return new ProjectorError(
      'PROJ_PREFLIGHT',
      `the service's role may not read what ${index} is made of: ${error.message}`,
      'Grant it: grant usage on schema …; grant select on all tables in schema …',
      { cause: error },
    );
  }
  const file = definitions.find(({ spec }) => spec.index === index)?.file ?? index;
  return new ProjectorError(
    'PROJ_DEFINITION_INVALID',
    `${file}: Postgres refuses a statement that it compiles to: ${error.message}`,
    `Correct ${file}.`,
    { cause: error },
  );
}
