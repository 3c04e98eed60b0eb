import pg from 'pg';
import { preparePlan } from '../definition/prepare.ts';
import { createDeadLetterIndex } from '../loader/dead-letter-index.ts';
import { createIndexAdmin } from '../loader/indexes.ts';
import { ProjectorError } from '../ops/errors.ts';
import { dropSlot } from '../replication/slot.ts';
import { createElasticsearch } from '../servers/elasticsearch.ts';
import { withClient } from '../servers/postgres.ts';
import { createRedis } from '../servers/redis.ts';
import type { CommandContext } from './command-line.ts';

/** Removes what the service has made everywhere, and leaves the tables. */
export async function teardown({ settings, flags, print }: CommandContext): Promise<number> {
  if (!flags.yes) {
    throw new ProjectorError(
      'PROJ_USAGE',
      `teardown removes the slot and the publication ${settings.name}, all indexes, and the resume point`,
      'Say so: projector teardown --yes',
    );
  }
  const { name, indexPrefix: prefix } = settings;
  const elasticsearch = createElasticsearch(settings, settings.requestTimeoutMs);
  const redis = createRedis(settings);
  try {
    await redis.connect();
    const plan = await withClient(settings.adminDatabaseUrl, 'projector teardown', async (client) => {
      const prepared = await preparePlan(client, settings.definitionsDir);
      await dropSlot(client, name);
      return prepared;
    });
    print(`slot ${name}: gone`);
    const admin = createIndexAdmin(elasticsearch, { name, prefix });
    for (const index of plan.indexes) {
      await admin.drop(index);
      print(`index ${prefix}${index.name}: gone`);
    }
    await createDeadLetterIndex(elasticsearch, { name, prefix }).drop();
    print('dead letters: gone');
    for await (const keys of redis.scanStream({ match: `projector:${name}:*`, count: 1_000 })) {
      const found = keys as string[];
      if (found.length > 0) await redis.del(...found);
    }
    print('resume point: gone');
    // Last, since a slot whose publication is gone cannot be followed any more.
    await withClient(settings.adminDatabaseUrl, 'projector teardown', (client) =>
      client.query(`drop publication if exists ${pg.escapeIdentifier(name)}`),
    );
    print(`publication ${name}: gone`);
    return 0;
  } finally {
    redis.disconnect();
    await elasticsearch.close();
  }
}
