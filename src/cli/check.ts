import { preparePlan } from '../definition/prepare.ts';
import { findProblems, preflightError } from '../service/preflight.ts';
import { createElasticsearch } from '../servers/elasticsearch.ts';
import { withClient } from '../servers/postgres.ts';
import { createRedis } from '../servers/redis.ts';
import type { CommandContext } from './main.ts';

/** Looks at the definitions and all three servers, and changes nothing. */
export async function check({ settings }: CommandContext): Promise<number> {
  const plan = await withClient(settings.databaseUrl, 'projector check', async (client) => {
    const prepared = await preparePlan(client, settings.definitionsDir);
    const problems = await findProblems(client, prepared, settings);
    if (problems.length > 0) throw preflightError(problems);
    return prepared;
  });
  for (const index of plan.indexes) {
    const tables = plan.tables.filter(({ routes }) => routes.some((route) => route.index === index.name));
    console.log(
      `${settings.indexPrefix}${index.name}: from ${tables.map(({ schema, name }) => `${schema}.${name}`).join(', ')}`,
    );
  }
  console.log('Postgres is ready');

  const redis = createRedis(settings.redisUrl);
  try {
    await redis.connect();
    await redis.ping();
    console.log('Redis is ready');
  } finally {
    redis.disconnect();
  }
  const elasticsearch = createElasticsearch(settings.elasticsearchUrls, settings.requestTimeoutMs);
  try {
    const { version } = await elasticsearch.info();
    console.log(`Elasticsearch ${version.number} is ready`);
  } finally {
    await elasticsearch.close();
  }
  return 0;
}
