import { atMostEvery, type Logger } from '../ops/log.ts';
import { describeError, type ServerName } from './named-errors.ts';

/** The waits under way, by name. A service that waits for a named thing is not stalled. */
export type Waits = Map<string, string>;

/** The servers that fail at the moment, as those see it who try again. */
export interface Outages {
  /** An action has begun to fail for a server. */
  begin(server: ServerName): void;
  /** It has failed, and is tried again. */
  failed(server: ServerName, error: Error): void;
  /** It does not fail any more, or was given up. */
  end(server: ServerName, isBack: boolean): void;
}

const REPEATED_FAILURE_LOG_MS = 60_000;
/** Whatever is longer is logged, however often that happens. */
const SHORT_OUTAGE_MS = 2_000;

interface Outage {
  readonly sinceMs: number;
  /** How many actions fail. */
  actions: number;
  isLogged: boolean;
}

/** Shows in the waits which servers fail, and logs when one does, and when all that has failed succeeds again. */
export function createOutages(
  log: Logger,
  waits: Waits,
  now: () => number = () => performance.now(),
): Outages {
  const occasionally = new Map<ServerName, ReturnType<typeof atMostEvery>>();
  const outages = new Map<ServerName, Outage>();
  return {
    begin(server) {
      const outage = outages.get(server) ?? { sinceMs: now(), actions: 0, isLogged: false };
      outage.actions++;
      outages.set(server, outage);
    },
    failed(server, error) {
      const text = describeError(error);
      waits.set(server, text);
      const outage = outages.get(server);
      const say = (): void => {
        if (outage) outage.isLogged = true;
        log.warn({ server, error: text }, `${server} failed; retrying`);
      };
      const limited = occasionally.get(server) ?? atMostEvery(REPEATED_FAILURE_LOG_MS, now);
      occasionally.set(server, limited);
      if (outage && !outage.isLogged && now() - outage.sinceMs >= SHORT_OUTAGE_MS) say();
      else limited(say);
    },
    end(server, isBack) {
      const outage = outages.get(server);
      if (!outage || --outage.actions > 0) return;
      outages.delete(server);
      waits.delete(server);
      const awaySeconds = Math.round((now() - outage.sinceMs) / 100) / 10;
      if (isBack && outage.isLogged) log.info({ server, awaySeconds }, `${server} answers again`);
    },
  };
}
