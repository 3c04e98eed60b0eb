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
import { identifier } from './sql.ts';

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
    async (error: unknown) => {
      const tables = (): Plan['tables'] => planOf(indexes, () => null).tables;
      throw isDenied(error) ? await denial(client, error, tables(), { needsTemporary: true }) : error;
    },
  );
  throwProblems(problems);
  const plan = planOf(indexes, uses);
  await tryStatements(client, plan, definitions);
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
): Promise<void> {
  for (const index of plan.indexes) {
    for (const { sql, parameters } of statementsOf(index, plan)) {
      await client.query(`explain ${sql}`, parameters).catch(async (error: unknown) => {
        if (isDenied(error)) throw await denial(client, error, plan.tables, { needsTemporary: false });
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

/** The grants that the client's role lacks to read these tables. */
const missingGrantsSql = `
with named as (
  select c.oid, c.relnamespace, format('%I.%I', n.nspname, c.relname) as name
  from pg_class c
  join pg_namespace n on n.oid = c.relnamespace
  where c.oid = any($1::oid[])
)
select format('grant temporary on database %I to %I;', current_database(), current_user) as grant
where $2 and not has_database_privilege(current_database(), 'temporary')
union all
select format('grant usage on schema %s to %I;', string_agg(distinct relnamespace::regnamespace::text, ', '), current_user)
from named
where not has_schema_privilege(relnamespace, 'usage')
having count(*) > 0
union all
select format('grant select on %s to %I;', string_agg(name, ', ' order by name), current_user)
from named
where not has_table_privilege(oid, 'select')
having count(*) > 0`;

/** The error for a role that may not read what the definitions name, with the grants that it lacks. */
async function denial(
  client: ClientBase,
  error: pg.DatabaseError,
  tables: Plan['tables'],
  { needsTemporary }: { readonly needsTemporary: boolean },
): Promise<ProjectorError> {
  const { rows } = await client.query<{ grant: string }>(missingGrantsSql, [
    tables.map(({ oid }) => oid),
    needsTemporary,
  ]);
  const role =
    (await client.query<{ role: string }>('select current_user::text as role')).rows[0]?.role ?? '';
  const grants = rows.map(({ grant }) => grant);
  return new ProjectorError(
    'PROJ_PREFLIGHT',
    `${role} may not read what the definitions name: ${error.message}`,
    grants.length > 0 ? grants.join(' ') : grantOf(error.message, identifier(role)),
    { cause: error },
  );
}

/** The grant that a refusal about neither a table nor its schema asks for: of a function that an expression calls, mostly. */
function grantOf(message: string, role: string): string {
  const [, kind, name] = /^permission denied for (function|schema|type) (.+)$/.exec(message) ?? [];
  if (kind === undefined || name === undefined) return `Grant ${role} the right that is named.`;
  return `grant ${kind === 'function' ? 'execute' : 'usage'} on ${kind} ${name} to ${role};`;
}
