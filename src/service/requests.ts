import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import { errorCodes, ProjectorError, type ErrorCode } from '../ops/errors.ts';
import { createCheckpointStore } from '../checkpoint/store.ts';
import type { Redis } from '../servers/redis.ts';
import type { Retry } from '../servers/retry.ts';
import { paused } from './pauses.ts';
import { createReindexStore } from './reindexes.ts';
import { readStatus } from './status.ts';
import type { HolderWork } from './work.ts';

const requestSchema = z.discriminatedUnion('kind', [
  z.object({ id: z.string(), kind: z.literal('snapshot'), indexes: z.array(z.string()) }),
  z.object({ id: z.string(), kind: z.literal('part'), index: z.string(), where: z.string() }),
  z.object({
    id: z.string(),
    kind: z.literal('reindex'),
    indexes: z.array(z.string()),
    keeps: z.boolean(),
  }),
  z.object({ id: z.string(), kind: z.literal('cancel-reindex'), indexes: z.array(z.string()) }),
  z.object({ id: z.string(), kind: z.literal('reread'), index: z.string(), ids: z.array(z.string()) }),
  z.object({ id: z.string(), kind: z.literal('drop'), physical: z.string(), ids: z.array(z.string()) }),
]);

/** What a command asks of the running service, since only the holder of the slot writes (invariant 4). */
export type ServiceRequest = z.output<typeof requestSchema>;

const answerSchema = z.object({
  error: z
    .object({ code: z.enum(Object.keys(errorCodes) as [ErrorCode]), message: z.string(), fix: z.string() })
    .nullable(),
});

/** Why what was asked for was not done; null where it was. */
export type RequestError = z.output<typeof answerSchema>['error'];

const requestsKey = (name: string): string => `projector:${name}:requests`;
const answerKey = (name: string, id: string): string => `projector:${name}:answer:${id}`;

/** An answer is kept for this long, for whoever asked to fetch it. */
const ANSWER_TTL_S = 600;
const POLL_MS = 100;

/** The oldest request, taken from the queue; null when there is none. */
export async function takeRequest(redis: Redis, name: string): Promise<ServiceRequest | null> {
  const text = await redis.lpop(requestsKey(name));
  return text === null ? null : requestSchema.parse(JSON.parse(text));
}

/** Does what is asked for. */
export function doWork(work: HolderWork, request: ServiceRequest): Promise<void> {
  switch (request.kind) {
    case 'snapshot':
      return work.snapshot(request.indexes);
    case 'part':
      return work.snapshotPart(request.index, request.where);
    case 'reindex':
      return work.reindex(request);
    case 'cancel-reindex':
      return work.cancelReindex(request.indexes);
    case 'reread':
      return work.reread(request.index, request.ids);
    case 'drop':
      return work.dropDeadLetters(request.physical, request.ids);
  }
}

/** Tells whoever asked that it is done, or why it is not. */
export async function answerRequest(
  redis: Redis,
  name: string,
  { id }: ServiceRequest,
  error: RequestError,
): Promise<void> {
  await redis.set(answerKey(name, id), JSON.stringify({ error }), 'EX', ANSWER_TTL_S);
}

export interface AskOptions {
  readonly redis: Redis;
  readonly name: string;
  readonly retry: Retry;
  readonly signal: AbortSignal;
}

/** The work of the running service, asked for through Redis. Rejects when the service ends meanwhile. */
export function askService({ redis, name, retry, signal }: AskOptions): HolderWork {
  const checkpoints = createCheckpointStore(redis, name, '');
  type Asked = ServiceRequest extends infer One ? (One extends unknown ? Omit<One, 'id'> : never) : never;
  const reindexes = createReindexStore(redis, name);
  const alive = async (): Promise<void> => {
    const status = await retry(() => readStatus(redis, name));
    if (status?.state === 'paused' && status.pausedSince !== null) throw paused(status.pausedSince);
    if (!status) {
      throw new ProjectorError(
        'PROJ_SERVICE_ENDED',
        'the service has ended before it was done',
        'Start it and give the command again; a snapshot is resumed by itself.',
      );
    }
  };
  /** Waits a little, for a service that runs. */
  const tick = async (): Promise<void> => {
    await alive();
    await delay(POLL_MS, undefined, { signal });
  };
  /** An answer may be lost when the service begins another session: `isBegun` tells whether it has been heard. */
  const ask = async (
    asked: Asked,
    id: string = randomUUID(),
    isBegun: () => Promise<boolean> = () => Promise.resolve(false),
  ): Promise<void> => {
    await retry(() => redis.rpush(requestsKey(name), JSON.stringify({ id, ...asked })));
    for (;;) {
      const answer = await retry(() => redis.get(answerKey(name, id)));
      if (answer !== null) {
        const { error } = answerSchema.parse(JSON.parse(answer));
        if (error === null) return;
        throw new ProjectorError(error.code, error.message, error.fix);
      }
      if (await isBegun()) return;
      await tick();
    }
  };
  return {
    snapshot: (indexes) => ask({ kind: 'snapshot', indexes: [...indexes] }),
    snapshotPart: (index, where) => ask({ kind: 'part', index, where }),
    reindex: ({ id, indexes, keeps }) =>
      ask({ kind: 'reindex', indexes: [...indexes], keeps }, id, async () => {
        const found = await Promise.all(indexes.map((index) => retry(() => reindexes.read(index))));
        return found.every((reindex) => reindex?.id === id);
      }),
    cancelReindex: (indexes) => ask({ kind: 'cancel-reindex', indexes: [...indexes] }),
    reread: (index, ids) => ask({ kind: 'reread', index, ids: [...ids] }),
    dropDeadLetters: (physical, ids) => ask({ kind: 'drop', physical, ids: [...ids] }),
    alive,
    async covered(lsn) {
      while (((await retry(() => checkpoints.read()))?.lsn ?? 0n) < lsn) await tick();
    },
  };
}
