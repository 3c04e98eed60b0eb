import { setTimeout as delay } from 'node:timers/promises';
import type { Redis } from '../servers/redis.ts';
import { answerRequest, takeRequest, type ServiceRequest } from './requests.ts';
import { publishStatus, type ServiceStatus } from './status.ts';
import type { HolderWork } from './work.ts';

export interface AttendanceOptions {
  readonly redis: Redis;
  readonly name: string;
  readonly status: () => ServiceStatus;
  /** What commands may ask for; null while the session is still starting. */
  readonly work: () => HolderWork | null;
  readonly signal: AbortSignal;
}

const TICK_MS = 500;

/** Says in Redis how the service is, and does what commands ask for, until aborted. */
export async function attend({ redis, name, status, work, signal }: AttendanceOptions): Promise<never> {
  for (;;) {
    // A Redis that is away is waited for elsewhere.
    await publishStatus(redis, name, status()).catch(() => undefined);
    const holder = work();
    const request = holder && (await takeRequest(redis, name).catch(() => null));
    if (request) void answer(redis, name, request, holder, signal).catch(() => undefined);
    await delay(TICK_MS, undefined, { signal });
  }
}

async function answer(
  redis: Redis,
  name: string,
  request: ServiceRequest,
  holder: HolderWork,
  signal: AbortSignal,
): Promise<void> {
  const done =
    request.kind === 'snapshot'
      ? holder.snapshot(request.indexes)
      : holder.reread(request.index, request.ids);
  const error = await done.then(
    () => null,
    (reason: unknown) => (signal.aborted ? 'the service was stopped' : String(reason)),
  );
  await answerRequest(redis, name, request, error);
}
