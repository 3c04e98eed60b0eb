import { createCheckpointStore } from '../checkpoint/store.ts';
import { preparePlan } from '../definition/prepare.ts';
import { createIndexAdmin } from '../loader/indexes.ts';
import { chartCourses, courseInWords, type ChartedCourse } from '../service/courses.ts';
import { findServiceProblems, preflightError } from '../service/preflight.ts';
import { createReindexStore } from '../service/reindexes.ts';
import { createElasticsearch } from '../servers/elasticsearch.ts';
import { encodingNotice } from '../servers/encoding.ts';
import { withClient } from '../servers/postgres.ts';
import { createRedis } from '../servers/redis.ts';
import type { CommandContext } from './command-line.ts';

/** Looks at the definitions and all three servers, and changes nothing. */
export async function check({ settings, print }: CommandContext): Promise<number> {
  const inPostgres = <T>(work: Parameters<typeof withClient<T>>[2]): Promise<T> =>
    withClient(settings.databaseUrl, 'projector check', work);
  const { plan, notice } = await inPostgres(async (client) => {
    const prepared = await preparePlan(client, settings.definitionsDir);
    const problems = await findServiceProblems(client, prepared, settings);
    if (problems.length > 0) throw preflightError(problems);
    return { plan: prepared, notice: await encodingNotice(client) };
  });
  for (const index of plan.indexes) {
    const tables = plan.tables.filter(({ routes }) => routes.some((route) => route.index === index.name));
    print(
      `${settings.indexPrefix}${index.name}: from ${tables.map(({ schema, name }) => `${schema}.${name}`).join(', ')}`,
    );
  }
  print('Postgres is ready');
  if (notice !== null) print(notice);

  const redis = createRedis(settings);
  const elasticsearch = createElasticsearch(settings, settings.requestTimeoutMs);
  try {
    await redis.connect();
    await redis.ping();
    print('Redis is ready');
    const { version } = await elasticsearch.info();
    print(`Elasticsearch ${version.number} is ready`);

    const checkpoint = await createCheckpointStore(redis, settings.name, '').read();
    const reindexes = createReindexStore(redis, settings.name);
    const admin = createIndexAdmin(elasticsearch, { name: settings.name, prefix: settings.indexPrefix });
    // Without a resume point, what serves is gone by.
    const found = new Map(
      await Promise.all(plan.indexes.map(async (index) => [index, await admin.find(index)] as const)),
    );
    const serving = [...found.values()].flat().find((index) => index.serving);
    const courses = await chartCourses({
      defined: plan.indexes,
      find: (index) => Promise.resolve(found.get(index) ?? []),
      readReindex: ({ alias }) => reindexes.read(alias),
      inPostgres,
      incarnation: (checkpoint ?? serving)?.origin.incarnation ?? null,
      onChange: settings.definitionChanged,
    });
    print('At a start:');
    for (const course of courses) print(describe(settings.indexPrefix, course));
    return 0;
  } finally {
    redis.disconnect();
    await elasticsearch.close();
  }
}

function describe(prefix: string, course: ChartedCourse): string {
  const { index, what, readsAgain, kind } = course;
  const again = kind === 'amend' && readsAgain ? '; every document is read again' : '';
  const lines = [`${prefix}${index.alias} ${courseInWords(course)}${again}`];
  if (what.length > 0) lines.push(...what.map((one) => `  ${one}`));
  return lines.join('\n');
}
