import type { ClientBase } from 'pg';
import type { Settings } from '../config/settings.ts';
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

/** Everything that Postgres, and the client's role itself, lack for the plan to be followed by that role. */
export async function findServiceProblems(
  client: ClientBase,
  plan: PreparedPlan,
  settings: Pick<Settings, 'name' | 'decoder'>,
): Promise<PreflightProblem[]> {
  return [...(await findRoleProblems(client)), ...(await findProblems(client, plan, settings))];
}

/**
 * Mends what it may, and returns what it has run.
 *
 * @throws ProjectorError `PROJ_PREFLIGHT` with the SQL of all that is left, where the client's role has not the rights.
 */
export async function mend(client: ClientBase, problems: readonly PreflightProblem[]): Promise<string[]> {
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
  if (left.length > 0) throw preflightError(left);
  return ran;
}

/** One error for all problems, with the SQL that mends them. */
export function preflightError(problems: readonly PreflightProblem[]): ProjectorError {
  const statements = problems.map(({ sql }) => `  ${sql}`).join('\n');
  return new ProjectorError(
    'PROJ_PREFLIGHT',
    `Postgres is not set up yet: ${problems.map(({ problem }) => problem).join('; ')}`,
    `Run \`projector init\` with ADMIN_DATABASE_URL of the tables' owner, or have this run:\n${statements}`,
  );
}
