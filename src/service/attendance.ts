import { setTimeout as delay } from 'node:timers/promises';
import { ProjectorError, type ErrorCode } from '../ops/errors.ts';
import { asKnown } from '../servers/known-error.ts';
import { describeError } from '../servers/named-errors.ts';
import type { Redis } from '../servers/redis.ts';
import { answerRequest, doWork, takeRequest, type RequestError, type ServiceRequest } from './requests.ts';
import { publishStatus, type ServiceStatus } from './status.ts';
import type { HolderWork } from './work.ts';

export interface AttendanceOptions {
  readonly redis: Redis;
  readonly name: string;
  readonly status: () => ServiceStatus;
  /** What commands may ask for; null while the session is still starting. */
  readonly work: () => HolderWork | null;
  /** Told why what was asked for failed, where the fault is not in the asking. */
  readonly onFailure: (error: unknown) => void;
  readonly signal: AbortSignal;
}

const TICK_MS = 500;

/** Says in Redis how the service is, and does what commands ask for, until aborted. */
export async function attend(options: AttendanceOptions): Promise<never> {
  const { redis, name, status, work, signal } = options;
  for (;;) {
    // A Redis that is away is waited for elsewhere.
    await publishStatus(redis, name, status()).catch(() => undefined);
    const holder = work();
    const request = holder && (await takeRequest(redis, name).catch(() => null));
    if (request) void answer(options, request, holder).catch(() => undefined);
    await delay(TICK_MS, undefined, { signal });
  }
}

async function answer(
  { redis, name, onFailure, signal }: AttendanceOptions,
  request: ServiceRequest,
  holder: HolderWork,
): Promise<void> {
  const error = await doWork(holder, request).then(
    () => (signal.aborted && LONG.has(request.kind) ? stopped : null),
    (reason: unknown): RequestError => {
      if (signal.aborted) return stopped;
      if (!(reason instanceof ProjectorError && ASKERS_FAULTS.has(reason.code))) onFailure(reason);
      const { code, message, fix } = asKnown(reason) ?? {
        code: 'PROJ_INTERNAL',
        message: describeError(reason),
        fix: "See the service's log.",
      };
      return { code, message, fix };
    },
  );
  await answerRequest(redis, name, request, error);
}

/** What settles when the session ends, too. */
const LONG: ReadonlySet<ServiceRequest['kind']> = new Set(['snapshot', 'part'] as const);

const stopped: RequestError = {
  code: 'PROJ_SERVICE_ENDED',
  message: 'the service was stopped, or began anew, before it was done',
  fix: 'Give the command again where the service does not go on with it: an interrupted snapshot is resumed.',
};

/** What is wrong with the asking, and no reason for the service to end. */
const ASKERS_FAULTS: ReadonlySet<ErrorCode> = new Set([
  'PROJ_USAGE',
  'PROJ_PAUSED',
  'PROJ_WHERE_INVALID',
  'PROJ_REINDEX_REFUSED',
  'PROJ_INDEX_REFUSED',
  'PROJ_SHARD_LIMIT',
  'PROJ_DEFINITION_INVALID',
  'PROJ_DEFINITION_UNKNOWN_NAME',
  'PROJ_DEFINITION_AMBIGUOUS',
  'PROJ_DEFINITION_EXPRESSION',
  'PROJ_DEFINITION_TABLE',
  'PROJ_PREFLIGHT',
] as const);
