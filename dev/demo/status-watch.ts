import { setTimeout as delay } from 'node:timers/promises';
import type { Redis } from '../../src/servers/redis.ts';
import { readStatus, type ServiceStatus } from '../../src/service/status.ts';

/** Follows what the service says of itself. Disposing ends that. */
export interface StatusWatch extends AsyncDisposable {
  /** The most that the service has said to have resident, in bytes. */
  readonly peakBytes: number;
  /** Resolves to the first status from this moment on. Rejects with the signal's reason. */
  next(signal: AbortSignal): Promise<ServiceStatus>;
}

const pollMs = 200;

export function watchStatus(redis: Redis, name: string): StatusWatch {
  const end = new AbortController();
  let peakBytes = 0;
  let latest: ServiceStatus | null = null;
  const watching = (async () => {
    while (!end.signal.aborted) {
      latest = await readStatus(redis, name).catch(() => null);
      peakBytes = Math.max(peakBytes, latest?.residentBytes ?? 0);
      await delay(pollMs, undefined, { signal: end.signal }).catch(() => undefined);
    }
  })();
  return {
    get peakBytes() {
      return peakBytes;
    },
    async next(signal) {
      const from = new Date().toISOString();
      for (;;) {
        if (latest !== null && latest.at > from) return latest;
        await delay(pollMs, undefined, { signal });
      }
    },
    [Symbol.asyncDispose]: async () => {
      end.abort();
      await watching;
    },
  };
}
