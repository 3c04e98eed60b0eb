import { z } from 'zod';
import { stages } from '../ops/metrics.ts';
import { notReadyReasons } from '../ops/readiness.ts';
import { readValue } from '../servers/redis-values.ts';
import type { Redis } from '../servers/redis.ts';

const count = (meaning: string): z.ZodNumber => z.number().describe(meaning);

/** What the session knows; the rest is known of the service through all its sessions. */
const sessionShape = {
  state: z.enum(['starting', 'paused', 'snapshotting', 'streaming', 'stopping']),
  pausedSince: z.string().nullable().describe('Since when it is paused, ISO 8601; null when it is not'),
  waits: z.record(z.string(), z.string()).describe('What it waits for, by name'),
  resumePoint: z.string().nullable().describe('All before this LSN is durable'),
  covered: z.string().nullable().describe('How far the stream has been routed, an LSN'),
  pendingIds: count('Documents that wait to be batched'),
  fanOuts: count('Lookups and truncates whose documents are not all found yet'),
  batchesInFlight: count('Batches being read and written'),
  queuedBytes: count('Decoded changes that wait to be routed, in bytes'),
  oldestPendingSeconds: count('How long the oldest unfinished work has been there; 0: there is none'),
  deadLetters: z
    .record(z.string(), z.number())
    .describe('Documents that are refused or cannot be made, by index'),
  refusedIndexes: z
    .record(z.string(), z.string())
    .default({})
    .describe('Why Elasticsearch makes no index by the definition as it is now, by index'),
  indexes: z
    .record(
      z.string(),
      z.object({
        physical: z.string().describe('The index in Elasticsearch that is written to'),
        replaces: z
          .string()
          .nullable()
          .describe(
            'The one that is written to, too, and searched until this one is filled; null: there is none',
          ),
        isComplete: z
          .boolean()
          .describe('Whether the one that is searched is filled, so that searches may rely on it'),
        snapshot: z
          .object({ state: z.enum(['running', 'done']), done: z.number(), total: z.number() })
          .nullable()
          .describe('The last snapshot of this session, in documents'),
      }),
    )
    .describe('The indexes by name'),
};

/**
 * What a running service says of itself: twice a second in Redis, where it holds the slot, and by HTTP. LSNs are text;
 * times are ISO 8601. Published as docs/status.schema.json.
 */
export const statusSchema = z.object({
  ...sessionShape,
  name: z.string().describe('PROJECTOR_NAME'),
  pid: z.number(),
  startedAt: z.string().describe('ISO 8601'),
  at: z.string().describe('When this was said, ISO 8601'),
  ready: z.boolean().describe('Whether it streams, reaches every server and is not stalled'),
  reasons: z
    .array(z.object({ reason: z.enum(notReadyReasons), detail: z.string() }))
    .describe('Why it is not ready'),
  changes: count('Row changes that the stream has brought, since the service began'),
  written: count('Documents written or deleted, since the service began'),
  superseded: count('Documents of which there was one at least as fresh, since the service began'),
  refused: count('Documents that were refused for their content, since the service began'),
  limits: z
    .object({
      queuedBytes: z.number().describe('QUEUE_BYTES'),
      pendingIds: z.number().describe('MAX_PENDING'),
      batchesInFlight: z.number().describe('MAX_IN_FLIGHT'),
    })
    .describe('How much of each there may be'),
  stages: z
    .record(z.enum(stages), z.object({ times: z.number(), seconds: z.number() }))
    .describe('How often each stage was at work since the service began, and for how long in all'),
  latency: z
    .object({ p50: z.number(), p99: z.number() })
    .nullable()
    .describe(
      'Seconds from the routing of a batch until it is durable, half and 99 % of the batches of the last 10 s; null: there was none',
    ),
  lag: z
    .object({
      bytes: z.number().nullable().describe('WAL that is written and not durable in Elasticsearch yet'),
      seconds: z.number().nullable().describe('How long ago that was committed which becomes durable now'),
    })
    .describe('How far it is behind; null where that is not known'),
  servers: z
    .record(z.string(), z.object({ error: z.string().nullable(), retries: z.number() }))
    .describe('What each server says instead of an answer, and how many attempts at it were made again'),
  slot: z
    .object({
      walStatus: z.string().describe('reserved, extended, unreserved or lost, as pg_replication_slots says'),
      retainedBytes: z.number().describe('WAL that Postgres keeps for the slot'),
      bytesLeft: z
        .number()
        .nullable()
        .describe('WAL that may still be written before Postgres gives the slot up; null: without a limit'),
      secondsLeft: z
        .number()
        .nullable()
        .describe('Time until then at the rate of the last minutes; null: the kept WAL does not grow'),
    })
    .nullable()
    .describe('The replication slot; null where it is not known'),
  residentBytes: count('Memory of the process'),
});

export type ServiceStatus = z.output<typeof statusSchema>;

/** The part that a session says of itself. */
export type SessionStatus = Pick<ServiceStatus, keyof typeof sessionShape>;

/** A status older than this is a dead service's. */
export const STATUS_TTL_MS = 10_000;
/** From one session to the next of the same process, which says nothing before it holds the slot again. */
export const BETWEEN_SESSIONS_TTL_MS = 60_000;

const keyOf = (name: string): string => `projector:${name}:status`;

export async function publishStatus(
  redis: Redis,
  name: string,
  status: ServiceStatus,
  ttlMs = STATUS_TTL_MS,
): Promise<void> {
  await redis.set(keyOf(name), JSON.stringify(status), 'PX', ttlMs);
}

export async function withdrawStatus(redis: Redis, name: string): Promise<void> {
  await redis.del(keyOf(name));
}

/** The running service's status, or null when none runs. Throws `PROJ_REDIS_KEY` for one of another version. */
export async function readStatus(redis: Redis, name: string): Promise<ServiceStatus | null> {
  return readValue(redis, keyOf(name), statusSchema);
}

/** Whether a service says that it lives, in whatever words. */
export async function hasStatus(redis: Redis, name: string): Promise<boolean> {
  return (await redis.get(keyOf(name))) !== null;
}
