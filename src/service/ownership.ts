import { setTimeout as delay } from 'node:timers/promises';
import type { ClientBase } from 'pg';
import { nameTaken, takenBy } from '../checkpoint/ownership.ts';
import type { Checkpoint } from '../checkpoint/store.ts';
import type { IndexAdmin, NamedIndex } from '../loader/indexes.ts';
import { indexForeign } from '../loader/obstacles.ts';
import { readSlotOwner } from '../replication/slot.ts';
import type { Redis } from '../servers/redis.ts';
import type { Retry } from '../servers/retry.ts';
import type { InPostgres } from './connections.ts';
import { readServerIdentity } from './server-identity.ts';
import { readStatus } from './status.ts';

export interface OwnershipOptions {
  /** PROJECTOR_NAME. */
  readonly name: string;
  /** The indexes that have a definition. */
  readonly defined: readonly NamedIndex[];
  readonly checkpoint: Checkpoint | null;
  readonly isRebuilding: boolean;
  /** Whether an index of nobody's that has the name of one of ours is about to be deleted, as somebody has asked for. */
  readonly dropsIndexes: boolean;
  /** When this very process began, as its own status says; null where it is none that has one. */
  readonly startedAt: string | null;
  readonly indexes: Pick<IndexAdmin, 'find' | 'findObstacle' | 'alias'>;
  readonly redis: Redis;
  readonly inPostgres: InPostgres;
  readonly retry: { readonly redis: Retry; readonly elasticsearch: Retry };
  readonly signal: AbortSignal;
}

const POLL_MS = 250;

/**
 * Sees to it that nothing of another projector is taken for this one's: the slot, what Redis keeps, the indexes, the aliases.
 * Makes nothing.
 *
 * @throws ProjectorError `PROJ_NAME_TAKEN`, `PROJ_INDEX_FOREIGN`.
 */
export async function assertOurs(options: OwnershipOptions): Promise<void> {
  const { name, defined, checkpoint, isRebuilding, dropsIndexes, indexes, inPostgres, retry } = options;
  const found = await Promise.all(defined.map((index) => retry.elasticsearch(() => indexes.find(index))));
  const facts = {
    name,
    ...(await inPostgres(async (client) => ({
      server: await readServerIdentity(client),
      slot: await readSlotOwner(client, name),
    }))),
    checkpoint: checkpoint?.origin ?? null,
    indexes: found.flat().filter(({ isKept }) => !isKept),
    isRebuilding,
  };
  const takenIf = (isRunning: boolean): string | null => takenBy({ ...facts, isAnotherRunning: isRunning });
  // To find out whether another runs takes a moment, and is asked only where it matters.
  const isAsked = takenIf(false) === null && takenIf(true) !== null;
  const taken = takenIf(isAsked && (await isAnotherRunning(options)));
  if (taken !== null) throw nameTaken(name, taken);
  for (const index of defined) {
    const obstacle = await retry.elasticsearch(() => indexes.findObstacle(index));
    if (obstacle && !(obstacle.kind === 'index' && dropsIndexes))
      throw indexForeign(indexes.alias(index), obstacle);
  }
}

/** @throws ProjectorError `PROJ_NAME_TAKEN` where the slot of that name is none of this database. */
export async function assertSlotIsOurs(client: Pick<ClientBase, 'query'>, name: string): Promise<void> {
  const taken = takenBy({
    name,
    server: await readServerIdentity(client),
    slot: await readSlotOwner(client, name),
    checkpoint: null,
    isAnotherRunning: false,
    indexes: [],
    isRebuilding: false,
  });
  if (taken !== null) throw nameTaken(name, taken);
}

/**
 * Whether another process says in Redis, again and again, that it runs. What one has said last stays for a while after its
 * end: so it has to be heard twice.
 */
async function isAnotherRunning({
  redis,
  name,
  startedAt,
  retry,
  signal,
}: OwnershipOptions): Promise<boolean> {
  let heardAt: string | undefined;
  for (;;) {
    const status = await retry.redis(() => readStatus(redis, name));
    if (!status || (status.startedAt === startedAt && status.pid === process.pid)) return false;
    if (heardAt !== undefined && status.at !== heardAt) return true;
    heardAt = status.at;
    await delay(POLL_MS, undefined, { signal });
  }
}
