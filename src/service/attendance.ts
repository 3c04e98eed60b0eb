import { setTimeout as delay } from 'node:timers/promises';
import { ProjectorError } from '../ops/errors.ts';
import type { Redis } from '../servers/redis.ts';
import { answerRequest, doWork, takeRequest, type ServiceRequest } from './requests.ts';
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
    () => null,
    (reason: unknown) => {
      if (signal.aborted) return 'the service was stopped';
      if (!(reason instanceof ProjectorError && reason.code === 'PROJ_USAGE')) onFailure(reason);
      return String(reason);
    },
  );
  await answerRequest(redis, name, request, error);
}
