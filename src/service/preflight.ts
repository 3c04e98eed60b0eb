import type { ClientBase } from 'pg';
import type { Settings } from '../config/settings.ts';
import { findTable } from '../definition/catalog.ts';
import { identityProblems, needsGeneratedColumns } from '../definition/identity.ts';
import type { PreparedPlan } from '../definition/prepare.ts';
import { ProjectorError } from '../ops/errors.ts';
import { generatedColumnsProblem, publicationProblems } from '../replication/publication.ts';
import { wal2jsonLimits } from '../replication/wal2json-limits.ts';
import { sqlState } from '../servers/postgres.ts';

/** Something that Postgres lacks for this plan. */
export interface PreflightProblem {
  readonly problem: string;
  /** The statement that mends it. */
  readonly sql: string;
  /** Whether it takes more than running the statement in this database: a restart, or a person's decision. */
  readonly byHand: boolean;
}

/**
 * Everything that Postgres lacks for the plan to be followed; empty when nothing does. wal2json reads no publication;
 * but one has Postgres refuse an update or a delete whose row before the stream could not tell, which wal2json would
 * pass over.
 */
export async function findProblems(
  client: ClientBase,
  plan: PreparedPlan,
  { name: publication, decoder }: Pick<Settings, 'name' | 'decoder'>,
): Promise<PreflightProblem[]> {
  const problems: PreflightProblem[] = [];
  const { rows } = await client.query<{ level: string }>("select current_setting('wal_level') as level");
  const [wal] = rows;
  if (wal && wal.level !== 'logical') {
    const sql = 'alter system set wal_level = logical; -- and restart Postgres';
    problems.push({ problem: `wal_level is ${wal.level}, not logical`, sql, byHand: true });
  }
  if (decoder === 'wal2json') {
    for (const problem of await wal2jsonLimits(client, plan)) {
      problems.push({ problem, sql: '-- or set DECODER=pgoutput', byHand: true });
    }
  }
  const needsGenerated = needsGeneratedColumns(plan.catalog, plan.tables);
  // Before any replica identity: with one that is the whole row the owner's own updates fail otherwise.
  const unpublished = needsGenerated ? await generatedColumnsProblem(client, publication) : null;
  if (unpublished) problems.push({ ...unpublished, byHand: false });
  for (const { schema, name, missing, sql, byHand } of identityProblems(plan.catalog, plan.tables)) {
    const problem =
      missing.length > 0
        ? `the replica identity of ${schema}.${name} does not carry ${missing.join(', ')}`
        : `the replica identity of ${schema}.${name} is the whole row, which has virtual columns`;
    problems.push({ problem, sql, byHand });
  }
  for (const problem of await publicationProblems(client, publication, plan.tables, needsGenerated)) {
    problems.push({ ...problem, byHand: false });
  }
  return problems;
}

/**
 * What the client's role lacks to follow a slot. Amazon RDS has a role in place of the attribute.
 * https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/PostgreSQL.Concepts.General.FeatureSupport.LogicalReplication.html
 */
export async function findRoleProblems(client: ClientBase): Promise<PreflightProblem[]> {
  const { rows } = await client.query<{ role: string; replicates: boolean }>(
    `select rolname as role,
            rolreplication or rolsuper or exists (
              select from pg_roles as rds
              where rds.rolname = 'rds_replication' and pg_has_role(current_user, rds.oid, 'usage')
            ) as replicates
     from pg_roles
     where rolname = current_user`,
  );
  const [role] = rows;
  if (!role || role.replicates) return [];
  const sql = `alter role "${role.role}" replication;`;
  return [{ problem: `the role ${role.role} may not replicate`, sql, byHand: true }];
}

/**
 * What an amount of money is worth depends on `lc_monetary`: it is the database's own that the amounts were written by. So
 * it is not pinned, and a role that has another would read other amounts.
 * https://www.postgresql.org/docs/current/datatype-money.html
 */
async function findMoneyProblems(
  client: ClientBase,
  { tables, catalog }: PreparedPlan,
): Promise<PreflightProblem[]> {
  const hasMoney = tables.some((table) =>
    findTable(catalog, table)?.columns.some(({ type }) => /^money\b/.test(type)),
  );
  if (!hasMoney) return [];
  const { rows } = await client.query<{ setting: string; sql: string }>(
    `select setting,
            format('alter role %I %sreset lc_monetary;', current_user,
                   case source when 'database user' then format('in database %I ', current_database()) end) as sql
     from pg_settings
     where name = 'lc_monetary' and source in ('user', 'database user')`,
  );
  return rows.map(({ setting, sql }) => {
    const problem = `the role ${catalog.role} has an lc_monetary of its own (${setting}), by which amounts of money are others`;
    return { problem, sql, byHand: true };
  });
}

/** What keeps a slot of that name from being made, or followed. */
async function findSlotProblems(client: ClientBase, slot: string): Promise<PreflightProblem[]> {
  const { rows } = await client.query<{ slots: number; senders: number; taken: number; exists: boolean }>(
    `select current_setting('max_replication_slots')::int as slots,
            current_setting('max_wal_senders')::int as senders,
            (select count(*) from pg_replication_slots)::int as taken,
            exists (select from pg_replication_slots where slot_name = $1) as exists`,
    [slot],
  );
  const [found] = rows;
  if (!found) return [];
  const problems: PreflightProblem[] = [];
  if (found.senders === 0) {
    const sql = 'alter system set max_wal_senders = 10; -- and restart Postgres';
    problems.push({ problem: 'max_wal_senders is 0', sql, byHand: true });
  }
  if (!found.exists && found.taken >= found.slots) {
    const sql =
      '-- drop a slot that nobody needs (select slot_name, active from pg_replication_slots), or raise ' +
      'max_replication_slots and restart Postgres';
    const problem = `all replication slots are in use (max_replication_slots is ${found.slots})`;
    problems.push({ problem, sql, byHand: true });
  }
  return problems;
}

/** Everything that Postgres, and the client's role itself, lack for the plan to be followed by that role. */
export async function findServiceProblems(
  client: ClientBase,
  plan: PreparedPlan,
  settings: Pick<Settings, 'name' | 'decoder'>,
): Promise<PreflightProblem[]> {
  return [
    ...(await findRoleProblems(client)),
    ...(await findSlotProblems(client, settings.name)),
    ...(await findMoneyProblems(client, plan)),
    ...(await findProblems(client, plan, settings)),
  ];
}

/**
 * Mends what it may, and returns what it has run.
 *
 * @throws ProjectorError `PROJ_PREFLIGHT` with the SQL of all that is left, where the client's role has not the rights.
 */
export async function mend(
  client: ClientBase,
  problems: readonly PreflightProblem[],
  by: 'init' | 'the service' = 'the service',
): Promise<string[]> {
  const ran: string[] = [];
  const left: PreflightProblem[] = [];
  for (const problem of problems) {
    if (problem.byHand) {
      left.push(problem);
      continue;
    }
    try {
      await client.query(problem.sql);
      ran.push(problem.sql);
    } catch (error) {
      if (sqlState(error) !== '42501') throw error;
      left.push(problem);
    }
  }
  if (left.length > 0) throw preflightError(left, by);
  return ran;
}

/** One error for all problems, with the SQL that mends them. `by` says who has found them. */
export function preflightError(
  problems: readonly PreflightProblem[],
  by: 'init' | 'the service' = 'the service',
): ProjectorError {
  const statements = problems.map(({ sql }) => `  ${sql}`).join('\n');
  const initHelps = by !== 'init' && problems.some(({ byHand }) => !byHand);
  const init = "Run `projector init` with ADMIN_DATABASE_URL of the tables' owner, or have this run";
  const owner = "Have this run by the tables' owner (by a superuser where it is about a role or the server)";
  return new ProjectorError(
    'PROJ_PREFLIGHT',
    `Postgres is not set up yet: ${problems.map(({ problem }) => problem).join('; ')}`,
    `${initHelps ? init : owner}:\n${statements}`,
  );
}
