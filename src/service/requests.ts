import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import { errorCodes, ProjectorError, type ErrorCode } from '../ops/errors.ts';
import { createCheckpointStore } from '../checkpoint/store.ts';
import { parseValue } from '../servers/redis-values.ts';
import type { Redis } from '../servers/redis.ts';
import type { Retry } from '../servers/retry.ts';
import { createServicePatience } from './patience.ts';
import { paused } from './pauses.ts';
import { createReindexStore } from './reindexes.ts';
import { readStatus, type ServiceStatus } from './status.ts';
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

/** The oldest request, taken from the queue; null when there is none. What is not understood is answered with that. */
export async function takeRequest(redis: Redis, name: string): Promise<ServiceRequest | null> {
  for (;;) {
    const text = await redis.lpop(requestsKey(name));
    if (text === null) return null;
    const read = readRequest(text);
    if ('request' in read) return read.request;
    // Nobody waits for the answer to what has no id, which no version's command has sent.
    if (read.id !== null) await answerRequest(redis, name, { id: read.id }, notUnderstood);
  }
}

const identifiedSchema = z.object({ id: z.string() });

/** A request as a command has written it, or the id of what is none of this version. */
export function readRequest(text: string): { request: ServiceRequest } | { id: string | null } {
  const parsed = parseJson(text);
  const request = requestSchema.safeParse(parsed);
  if (request.success) return { request: request.data };
  const identified = identifiedSchema.safeParse(parsed);
  return { id: identified.success ? identified.data.id : null };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

const notUnderstood: RequestError = {
  code: 'PROJ_OTHER_VERSION',
  message: 'the service does not understand what it was asked for: it is of another version than the command',
  fix: 'Give the command of the version that the service runs, or update the service.',
};

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
  { id }: Pick<ServiceRequest, 'id'>,
  error: RequestError,
): Promise<void> {
  await redis.set(answerKey(name, id), JSON.stringify({ error }), 'EX', ANSWER_TTL_S);
}

/** What takes its time, and what the service does to its end whatever becomes of the command. */
const LONG: ReadonlySet<ServiceRequest['kind']> = new Set(['snapshot', 'part', 'reindex'] as const);

export interface AskOptions {
  readonly redis: Redis;
  readonly name: string;
  readonly retry: Retry;
  readonly signal: AbortSignal;
}

/**
 * The work of the running service, asked for through Redis. Rejects when the service ends meanwhile, and where it waits for
 * a server for longer than a command does.
 */
export function askService({ redis, name, retry, signal }: AskOptions): HolderWork {
  const checkpoints = createCheckpointStore(redis, name, '');
  type Asked = ServiceRequest extends infer One ? (One extends unknown ? Omit<One, 'id'> : never) : never;
  const reindexes = createReindexStore(redis, name);
  const look = async (): Promise<ServiceStatus> => {
    const status = await retry(() => readStatus(redis, name));
    if (status?.state === 'paused' && status.pausedSince !== null) throw paused(status.pausedSince);
    if (!status) {
      throw new ProjectorError(
        'PROJ_SERVICE_ENDED',
        'the service has ended before it was done',
        'Start it and give the command again; a snapshot is resumed by itself.',
      );
    }
    return status;
  };
  const alive = async (): Promise<void> => void (await look());
  /** An answer may be lost when the service begins another session: `isBegun` tells whether it has been heard. */
  const ask = async (
    asked: Asked,
    id: string = randomUUID(),
    isBegun: () => Promise<boolean> = () => Promise.resolve(false),
  ): Promise<void> => {
    const seeServers = LONG.has(asked.kind) ? () => undefined : createServicePatience();
    await retry(() => redis.rpush(requestsKey(name), JSON.stringify({ id, ...asked })));
    for (;;) {
      const answer = await retry(() => redis.get(answerKey(name, id)));
      if (answer !== null) {
        const { error } = parseValue(answerKey(name, id), answer, answerSchema);
        if (error === null) return;
        throw new ProjectorError(error.code, error.message, error.fix);
      }
      if (await isBegun()) return;
      seeServers(await look());
      await delay(POLL_MS, undefined, { signal });
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
      const seeServers = createServicePatience();
      while (((await retry(() => checkpoints.read()))?.lsn ?? 0n) < lsn) {
        seeServers(await look());
        await delay(POLL_MS, undefined, { signal });
      }
    },
  };
}
