import { setTimeout as delay } from 'node:timers/promises';
import { createPauseStore } from '../service/pauses.ts';
import { whereverItRuns } from '../service/holder.ts';
import { createServicePatience } from '../service/patience.ts';
import { readStatus, STATUS_TTL_MS } from '../service/status.ts';
import type { Redis } from '../servers/redis.ts';
import type { Retry } from '../servers/retry.ts';
import type { CommandContext } from './command-line.ts';

const POLL_MS = 100;

/** Has the service finish what is under way, and then hold the slot and do nothing, until `projector resume`. */
export function pause(context: CommandContext): Promise<number> {
  return set(context, true);
}

/** Lets a paused service go on. */
export function resume(context: CommandContext): Promise<number> {
  return set(context, false);
}

async function set({ settings, log, stop, print }: CommandContext, isToPause: boolean): Promise<number> {
  const change = (redis: Redis, retry: Retry): Promise<void> => {
    const store = createPauseStore(redis, settings.name);
    return retry(() => (isToPause ? store.pause(new Date()) : store.resume()));
  };
  await whereverItRuns(
    { settings, log, stop },
    {
      async running(redis, retry) {
        await change(redis, retry);
        const seeServers = createServicePatience();
        let heard = { at: '', ms: performance.now() };
        for (;;) {
          const status = await retry(() => readStatus(redis, settings.name));
          if (status && status.at !== heard.at) heard = { at: status.at, ms: performance.now() };
          if (!status || performance.now() - heard.ms > STATUS_TTL_MS) return print(notHolding(isToPause));
          if ((status.state === 'paused') === isToPause) break;
          seeServers(status);
          await delay(POLL_MS, undefined, { signal: stop });
        }
        print(
          isToPause
            ? 'paused: the slot is held and keeps its WAL (projector status); projector resume goes on'
            : 'it goes on',
        );
      },
      async alone(redis, retry) {
        await change(redis, retry);
        print(noService(isToPause));
      },
    },
  );
  return 0;
}

/** Of a service that has begun another session, which it cannot go on with just now. */
function notHolding(isToPause: boolean): string {
  const then = isToPause ? 'is paused' : 'goes on';
  return `the service does not hold the slot at the moment; it ${then} as soon as it does (projector status)`;
}

function noService(isToPause: boolean): string {
  return isToPause
    ? 'no service runs; one that is started holds the slot and waits for projector resume'
    : 'no service runs; one that is started goes on';
}
