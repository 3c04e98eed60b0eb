import { decideStart, resyncRequired } from '../checkpoint/start.ts';
import { createCheckpointStore } from '../checkpoint/store.ts';
import { preparePlan } from '../definition/prepare.ts';
import type { IndexPlan } from '../definition/plan.ts';
import { keptSource, notCompared, type KeptSource } from '../loader/kept-source.ts';
import { createIndexAdmin } from '../loader/indexes.ts';
import { findRefusals, throwRefusals } from '../service/refused-indexes.ts';
import { chartCourses, courseInWords, type ChartedCourse } from '../service/courses.ts';
import { readSlot } from '../replication/slot.ts';
import { assertOurs } from '../service/ownership.ts';
import { findServiceProblems, preflightError } from '../service/preflight.ts';
import { createRebuildMarker } from '../service/rebuild.ts';
import { createReindexStore } from '../service/reindexes.ts';
import { readServerIdentity } from '../service/server-identity.ts';
import { createElasticsearch } from '../servers/elasticsearch.ts';
import { encodingNotice } from '../servers/encoding.ts';
import { tryReplication, withClient } from '../servers/postgres.ts';
import { createRedis, isReplica, replicaError } from '../servers/redis.ts';
import type { Retry } from '../servers/retry.ts';
import type { CommandContext } from './command-line.ts';
import { describeNotCompared } from './verify-report.ts';

/** Looks at the definitions and all three servers, and changes nothing. */
export async function check({ settings, stop, print }: CommandContext): Promise<number> {
  const inPostgres = <T>(work: Parameters<typeof withClient<T>>[2]): Promise<T> =>
    withClient(settings.databaseUrl, 'projector check', work);
  const { plan, problems, notice } = await inPostgres(async (client) => {
    const prepared = await preparePlan(client, settings.definitionsDir);
    return {
      plan: prepared,
      problems: await findServiceProblems(client, prepared, settings),
      notice: await encodingNotice(client),
    };
  });
  for (const index of plan.indexes) {
    const tables = plan.tables.filter(({ routes }) => routes.some((route) => route.index === index.name));
    print(
      `${settings.indexPrefix}${index.name}: from ${tables.map(({ schema, name }) => `${schema}.${name}`).join(', ')}`,
    );
  }
  if (problems.length === 0) {
    await tryReplication(settings.databaseUrl, 'projector check');
    print('Postgres is ready');
  }
  if (notice !== null) print(notice);

  const redis = createRedis(settings);
  const elasticsearch = createElasticsearch(settings, settings.requestTimeoutMs);
  try {
    await redis.connect();
    if (await isReplica(redis)) throw replicaError(redis);
    print('Redis is ready');
    const { version } = await elasticsearch.info();
    print(`Elasticsearch ${version.number} is ready`);

    const checkpoint = await createCheckpointStore(redis, settings.name, '').read();
    const reindexes = createReindexStore(redis, settings.name);
    const rebuild = await createRebuildMarker(redis, settings.name).read();
    const admin = createIndexAdmin(elasticsearch, { name: settings.name, prefix: settings.indexPrefix });
    // In the order in which a start would refuse.
    const retry: Retry = (action) => action();
    await assertOurs({
      name: settings.name,
      defined: plan.indexes,
      checkpoint,
      isRebuilding: (await createRebuildMarker(redis, settings.name).read()) !== null,
      dropsIndexes: settings.shouldDropIndex,
      startedAt: null,
      indexes: admin,
      redis,
      inPostgres,
      retry: { redis: retry, elasticsearch: retry },
      signal: stop,
    });
    if (problems.length > 0) throw preflightError(problems);
    // Without a resume point, what serves is gone by.
    const found = new Map(
      await Promise.all(plan.indexes.map(async (index) => [index, await admin.find(index)] as const)),
    );
    const serving = [...found.values()].flat().find((index) => index.serving);
    const trials = new Map(
      await Promise.all(plan.indexes.map(async (index) => [index, await admin.tryOut(index)] as const)),
    );
    const refusals = await findRefusals(
      plan.indexes,
      new Map(),
      (index) => found.get(index)?.some(({ hash }) => hash === index.hash) ?? false,
      (index) => Promise.resolve({ refusal: trials.get(index)?.refusal ?? null }),
    );
    const decision = await inPostgres(async (client) =>
      decideStart({
        server: await readServerIdentity(client),
        slot: await readSlot(client, settings.name),
        plugin: settings.decoder,
        checkpoint,
        indexes: [...found.values()].flat().filter(({ isKept }) => !isKept),
        rebuilding: rebuild?.incarnation ?? null,
      }),
    );
    const startsOver = settings.resync === 'auto' || settings.shouldDropIndex || rebuild !== null;
    if (decision.kind === 'resync' && !startsOver)
      throw resyncRequired(`a start is refused: ${decision.reason}`);
    const courses = await chartCourses({
      defined: plan.indexes,
      find: (index) => Promise.resolve(found.get(index) ?? []),
      readReindex: ({ alias }) => reindexes.read(alias),
      inPostgres,
      refusals,
      incarnation: (checkpoint ?? serving)?.origin.incarnation ?? null,
      onChange: settings.definitionChanged,
    });
    print('At a start:');
    if (decision.kind === 'resync') print(`a new slot and new indexes are made: ${decision.reason}`);
    for (const course of courses) {
      print(describe(settings.indexPrefix, course));
      const leadsTo = await admin.aliasLeadsTo(course.index);
      const foreign = leadsTo.filter(
        (one) => !found.get(course.index)?.some(({ physical }) => physical === one),
      );
      if (foreign.length > 0) print(`  ${astray(admin.alias(course.index), foreign)}`);
    }
    for (const [index, { settings, mappings }] of trials)
      for (const warning of warnings(index, keptSource(settings, mappings)))
        print(`warning: ${admin.alias(index)}: ${warning}`);
    throwRefusals(refusals);
    return 0;
  } finally {
    redis.disconnect();
    await elasticsearch.close();
  }
}

/** What `verify` will not be able to tell of an index. */
function warnings({ definition }: IndexPlan, kept: KeptSource): string[] {
  if (kept.isDisabled) return ['verify cannot compare it: it does not keep _source'];
  return notCompared(kept, definition.fields).map(
    (part) => `verify does not compare ${describeNotCompared(part)}`,
  );
}

/** What a start does to a name that stands for an index of nobody's. */
function astray(alias: string, foreign: readonly string[]): string {
  const names = foreign.join(', ');
  return foreign.includes(alias)
    ? `the index ${alias}, which no projector made, is deleted (ES_SHOULD_DROP_INDEX)`
    : `the alias leads to ${names} now, which no projector made: it is moved from there`;
}

function describe(prefix: string, course: ChartedCourse): string {
  const { index, what, readsAgain, kind } = course;
  const again = kind === 'amend' && readsAgain ? '; every document is read again' : '';
  const lines = [`${prefix}${index.alias} ${courseInWords(course)}${again}`];
  if (what.length > 0) lines.push(...what.map((one) => `  ${one}`));
  return lines.join('\n');
}
