import { z } from 'zod';
import type { Redis } from '../servers/redis.ts';

/** What a running service says of itself, every second, in Redis. LSNs are text; times are ISO 8601. */
export const statusSchema = z.object({
  state: z.enum(['starting', 'paused', 'snapshotting', 'streaming', 'stopping']),
  pid: z.number(),
  startedAt: z.string(),
  at: z.string(),
  /** Since when it is paused. */
  pausedSince: z.string().nullable().default(null),
  /** What it waits for, by name. */
  waits: z.record(z.string(), z.string()),
  /** All before it is durable. */
  resumePoint: z.string().nullable(),
  /** How far the stream has been routed. */
  covered: z.string().nullable(),
  changes: z.number(),
  written: z.number(),
  superseded: z.number(),
  refused: z.number(),
  pendingIds: z.number(),
  /** Lookups and truncates whose documents are not all found yet. */
  fanOuts: z.number(),
  batchesInFlight: z.number(),
  queuedBytes: z.number(),
  residentBytes: z.number(),
  deadLetters: z.record(z.string(), z.number()),
});

export type ServiceStatus = z.output<typeof statusSchema>;

/** A status older than this is a dead service's. */
export const STATUS_TTL_MS = 10_000;

const keyOf = (name: string): string => `projector:${name}:status`;

export async function publishStatus(redis: Redis, name: string, status: ServiceStatus): Promise<void> {
  await redis.set(keyOf(name), JSON.stringify(status), 'PX', STATUS_TTL_MS);
}

export async function withdrawStatus(redis: Redis, name: string): Promise<void> {
  await redis.del(keyOf(name));
}

/** The running service's status, or null when none runs. */
export async function readStatus(redis: Redis, name: string): Promise<ServiceStatus | null> {
  const text = await redis.get(keyOf(name));
  return text === null ? null : statusSchema.parse(JSON.parse(text));
}
