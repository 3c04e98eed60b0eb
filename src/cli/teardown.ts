import pg from 'pg';
import { createCheckpointStore } from '../checkpoint/store.ts';
import type { Origin } from '../loader/index-meta.ts';
import { createDeadLetterIndex } from '../loader/dead-letter-index.ts';
import { createIndexAdmin } from '../loader/indexes.ts';
import { ProjectorError } from '../ops/errors.ts';
import { dropSlot, readSlotOwner, readSlot, slotBusy } from '../replication/slot.ts';
import { readServerIdentity } from '../service/server-identity.ts';
import { createElasticsearch } from '../servers/elasticsearch.ts';
import { sqlState, withClient } from '../servers/postgres.ts';
import { createRedis, type Redis } from '../servers/redis.ts';
import type { CommandContext } from './command-line.ts';

/** Something of ours that this role may not remove, and the statement for one that may. */
interface Left {
  readonly what: string;
  readonly sql: string;
}

/**
 * Removes what the service has made everywhere, and leaves the tables. It needs no definitions: what the service has made
 * says so itself. What belongs to another projector, or to nobody, stays.
 *
 * @throws ProjectorError `PROJ_SLOT_BUSY` before anything is removed, where a service runs; `PROJ_TEARDOWN_INCOMPLETE`
 *   once all else is removed, where the role lacks a right.
 */
export async function teardown({ settings, flags, print }: CommandContext): Promise<number> {
  if (!flags.yes) {
    throw new ProjectorError(
      'PROJ_USAGE',
      `teardown removes the slot and the publication ${settings.name}, all indexes, and the resume point`,
      'Say so: projector teardown --yes',
    );
  }
  const { name, indexPrefix: prefix } = settings;
  const inPostgres = <T>(work: (client: pg.Client) => Promise<T>): Promise<T> =>
    withClient(settings.adminDatabaseUrl, 'projector teardown', work);
  const elasticsearch = createElasticsearch(settings, settings.requestTimeoutMs);
  const redis = createRedis(settings);
  const left: Left[] = [];
  /** Postgres may refuse, and all else is removed all the same. */
  const removeFromPostgres = async (
    { what, sql }: Left,
    work: (client: pg.Client) => Promise<unknown>,
  ): Promise<void> => {
    try {
      await inPostgres(work);
      print(`${what}: gone`);
    } catch (error) {
      if (sqlState(error) !== '42501') throw error;
      print(`${what}: left, since this role may not drop it`);
      left.push({ what, sql });
    }
  };
  try {
    await redis.connect();
    const { server, owner, slot } = await inPostgres(async (client) => ({
      server: await readServerIdentity(client),
      owner: await readSlotOwner(client, name),
      slot: await readSlot(client, name),
    }));
    const isSlotOurs = owner?.kind === 'logical' && owner.database === server.database;
    // Before anything is removed: a service that runs would make it again.
    if (isSlotOurs && slot?.activePid) throw slotBusy(name, undefined);
    const checkpoint = await readOrigin(redis, name);
    const isHere = ({ systemIdentifier, database }: Origin): boolean =>
      systemIdentifier === server.systemIdentifier && database === server.database;

    if (owner && !isSlotOurs) print(`slot ${name}: left, it is none of this database`);
    else {
      const dropping = { what: `slot ${name}`, sql: `select pg_drop_replication_slot('${name}');` };
      await removeFromPostgres(dropping, (client) => dropSlot(client, name));
    }

    const admin = createIndexAdmin(elasticsearch, { name, prefix });
    let areOthersLeft = false;
    for (const { physical, origin } of await admin.findAllOurs()) {
      const isOurs = isHere(origin);
      if (isOurs) await admin.remove(physical);
      else areOthersLeft = true;
      print(`index ${physical}: ${isOurs ? 'gone' : `left, it was made from ${otherDatabase(origin)}`}`);
    }
    if (!areOthersLeft) {
      await createDeadLetterIndex(elasticsearch, { name, prefix }).drop();
      print('dead letters: gone');
    }

    if (checkpoint && !isHere(checkpoint)) {
      print(`resume point: left, it belongs to ${otherDatabase(checkpoint)}`);
    } else {
      for await (const keys of redis.scanStream({ match: `projector:${name}:*`, count: 1_000 })) {
        const found = keys as string[];
        if (found.length > 0) await redis.del(...found);
      }
      print('resume point: gone');
    }

    // Last, since a slot whose publication is gone cannot be followed any more.
    const publication = pg.escapeIdentifier(name);
    const sql = `drop publication if exists ${publication}`;
    await removeFromPostgres({ what: `publication ${name}`, sql: `${sql};` }, (client) => client.query(sql));
    if (left.length > 0) throw incomplete(left);
    return 0;
  } finally {
    redis.disconnect();
    await elasticsearch.close();
  }
}

/** What the resume point belongs to; null without one, and where Redis keeps something else in its place. */
async function readOrigin(redis: Redis, name: string): Promise<Origin | null> {
  try {
    return (await createCheckpointStore(redis, name, '').read())?.origin ?? null;
  } catch (error) {
    if (error instanceof ProjectorError && error.code === 'PROJ_CHECKPOINT_INVALID') return null;
    throw error;
  }
}

function otherDatabase({ database, systemIdentifier }: Origin): string {
  return `the database ${database} of the Postgres ${systemIdentifier}`;
}

function incomplete(left: readonly Left[]): ProjectorError {
  const statements = left.map(({ sql }) => `  ${sql}`).join('\n');
  return new ProjectorError(
    'PROJ_TEARDOWN_INCOMPLETE',
    `the role of ADMIN_DATABASE_URL may not remove the ${left.map(({ what }) => what).join(' and the ')}; all else is gone`,
    `Have a role that may (REPLICATION for the slot, the owner for the publication) run this:\n${statements}`,
  );
}
