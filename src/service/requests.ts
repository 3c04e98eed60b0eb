import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import { ProjectorError } from '../ops/errors.ts';
import { createCheckpointStore } from '../checkpoint/store.ts';
import type { Redis } from '../servers/redis.ts';
import type { Retry } from '../servers/retry.ts';
import { readStatus } from './status.ts';
import type { HolderWork } from './work.ts';

const requestSchema = z.discriminatedUnion('kind', [
  z.object({ id: z.string(), kind: z.literal('snapshot'), indexes: z.array(z.string()) }),
  z.object({ id: z.string(), kind: z.literal('reread'), index: z.string(), ids: z.array(z.string()) }),
  z.object({ id: z.string(), kind: z.literal('drop'), physical: z.string(), ids: z.array(z.string()) }),
]);

/** What a command asks of the running service, since only the holder of the slot writes (invariant 4). */
export type ServiceRequest = z.output<typeof requestSchema>;

const answerSchema = z.object({ error: z.string().nullable() });

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
  error: string | null,
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
  /** Waits a little, for a service that runs. */
  const tick = async (): Promise<void> => {
    if (!(await retry(() => readStatus(redis, name)))) {
      throw new ProjectorError(
        'PROJ_SERVICE_ENDED',
        'the service has ended before it was done',
        'Start it and give the command again; a snapshot is resumed by itself.',
      );
    }
    await delay(POLL_MS, undefined, { signal });
  };
  const ask = async (asked: Asked): Promise<void> => {
    const id = randomUUID();
    await retry(() => redis.rpush(requestsKey(name), JSON.stringify({ id, ...asked })));
    for (;;) {
      const answer = await retry(() => redis.get(answerKey(name, id)));
      if (answer !== null) {
        const { error } = answerSchema.parse(JSON.parse(answer));
        if (error === null) return;
        throw new ProjectorError('PROJ_INTERNAL', error, "See the service's log.");
      }
      await tick();
    }
  };
  return {
    snapshot: (indexes) => ask({ kind: 'snapshot', indexes: [...indexes] }),
    reread: (index, ids) => ask({ kind: 'reread', index, ids: [...ids] }),
    dropDeadLetters: (physical, ids) => ask({ kind: 'drop', physical, ids: [...ids] }),
    async covered(lsn) {
      while (((await retry(() => checkpoints.read()))?.lsn ?? 0n) < lsn) await tick();
    },
  };
}
