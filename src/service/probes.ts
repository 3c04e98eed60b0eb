import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import type { Settings } from '../config/settings.ts';
import { readBlocks } from '../loader/blocks.ts';
import { ProjectorError } from '../ops/errors.ts';
import type { Logger } from '../ops/log.ts';
import { readSlot } from '../replication/slot.ts';
import { createElasticsearch, isTransientElasticsearchError } from '../servers/elasticsearch.ts';
import { describeError, nameServer, type ServerName } from '../servers/named-errors.ts';
import { connectionConfig, postgresAddress } from '../servers/postgres-connection.ts';
import { beginSession } from '../servers/postgres-session.ts';
import { sqlState } from '../servers/postgres.ts';
import { createRedis } from '../servers/redis.ts';
import { parseLsn, type Lsn } from '../shared/lsn.ts';
import type { Overview } from './overview.ts';

export interface ProbesOptions {
  readonly settings: Settings;
  readonly overview: Overview;
  readonly log: Logger;
  readonly now: () => number;
  readonly signal: AbortSignal;
}

const INTERVAL_MS = 1_000;
/** What takes longer to answer a question that costs nothing is not well. */
const TIMEOUT_MS = 2_000;

/**
 * Asks each server every second, on a connection of its own, something that costs it nothing, until aborted: the
 * service itself would notice that one is away, or that a link is half-open, only with its next work for it. Postgres is
 * asked for the slot, and given the heartbeats; Elasticsearch for the blocks of the indexes.
 */
export async function probeServers(options: ProbesOptions): Promise<void> {
  const { settings, overview, log, now, signal } = options;
  const probe = async (server: ServerName, ask: () => Promise<void>): Promise<void> => {
    let awaySinceMs: number | null = null;
    while (!signal.aborted) {
      const error = await ask().then(() => null, describeError);
      const isAway = overview.probed(server, error);
      if (isAway && awaySinceMs === null) {
        awaySinceMs = now();
        log.warn({ server, error }, `${server} does not answer`);
      } else if (!isAway && awaySinceMs !== null) {
        log.info({ server, awaySeconds: Math.round((now() - awaySinceMs) / 1_000) }, `${server} is back`);
        awaySinceMs = null;
      }
      await delay(INTERVAL_MS, undefined, { signal }).catch(() => undefined);
    }
  };
  await using postgres = openPostgresProbe(options);
  const redis = createRedis(settings, TIMEOUT_MS);
  const elasticsearch = createElasticsearch(settings, TIMEOUT_MS);
  redis.connect().catch(() => undefined);
  try {
    await Promise.all([
      probe('postgres', () => postgres.ask()),
      probe('redis', async () => {
        await redis.ping();
      }),
      probe('elasticsearch', async () => {
        const indexes = Object.values(overview.status().indexes).flatMap(({ physical, replaces }) =>
          replaces === null ? [physical] : [physical, replaces],
        );
        overview.blocked(await readBlocks(elasticsearch, indexes).catch(passIfAnswered));
      }),
    ]);
  } finally {
    redis.disconnect();
    await Promise.race([elasticsearch.close(), delay(TIMEOUT_MS, undefined, { ref: false })]);
  }
}

/** An answer is one, be it that this is not to be known: for want of a right, or because an index is gone. */
function passIfAnswered(error: unknown): Record<string, string> {
  const isAnswered = error instanceof Error && !(error instanceof ProjectorError);
  if (isAnswered && !isTransientElasticsearchError(error)) return {};
  throw error;
}

interface PostgresProbe extends AsyncDisposable {
  ask(): Promise<void>;
}

function openPostgresProbe({ settings, overview, log, now }: ProbesOptions): PostgresProbe {
  const { heartbeatIntervalMs } = settings;
  const where = postgresAddress(settings.databaseUrl);
  let client: pg.Client | null = null;
  let beatMs = -Infinity;
  /** Whether the role may write messages. */
  let mayBeat = heartbeatIntervalMs > 0;

  const connect = async (): Promise<pg.Client> => {
    const next = new pg.Client({
      ...connectionConfig(settings.databaseUrl, `projector ${settings.name} probe`, TIMEOUT_MS),
      query_timeout: TIMEOUT_MS,
    });
    next.on('error', () => undefined);
    try {
      await next.connect();
      await beginSession(next, where);
      // A heartbeat does not wait for a standby: that is the gate's to show.
      await next.query('set synchronous_commit = local');
    } catch (error) {
      next.connection.stream.destroy();
      throw error;
    }
    return next;
  };
  const beat = async (on: pg.Client): Promise<void> => {
    if (!mayBeat || !overview.isHolding || now() - beatMs < heartbeatIntervalMs) return;
    beatMs = now();
    try {
      overview.heartbeats.sent({ lsn: await emitHeartbeat(on), sentMs: beatMs });
    } catch (error) {
      if (sqlState(error) !== '42501') throw error;
      mayBeat = false;
      log.warn('the role may not execute pg_logical_emit_message: the lag in seconds is not known');
    }
  };
  return {
    async ask() {
      try {
        client ??= await connect();
        overview.sawSlot(await readSlot(client, settings.name));
        await beat(client);
      } catch (error) {
        client?.connection.stream.destroy();
        client = null;
        throw nameServer(error, where);
      }
    },
    async [Symbol.asyncDispose]() {
      const ending = client?.end().catch(() => undefined);
      await Promise.race([ending, delay(TIMEOUT_MS, undefined, { ref: false })]);
      client?.connection.stream.destroy();
    },
  };
}

/** Transactional, since only a commit is sure to be flushed, and so to be streamed, at once. */
async function emitHeartbeat(client: pg.Client): Promise<Lsn> {
  const { rows } = await client.query<{ lsn: string }>(
    "select pg_logical_emit_message(true, 'projector', '')::text as lsn",
  );
  return parseLsn(rows[0]?.lsn ?? '');
}
