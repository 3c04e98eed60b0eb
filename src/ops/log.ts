import { pino, type DestinationStream, type Logger } from 'pino';

export type { Logger };

/**
 * The service's logger: JSON lines, on stderr unless told otherwise, so that a command's answer on stdout stays clean.
 * Components take `log.child({ component })`. Never logged: document contents, column values, credentials.
 */
export function createLogger(level: string, to: DestinationStream = pino.destination(2)): Logger {
  return pino({ level, base: null, timestamp: pino.stdTimeFunctions.isoTime }, to);
}

/** Calls through at most once per `intervalMs`, so that a failure that repeats does not fill the log. */
export function atMostEvery(
  intervalMs: number,
  now: () => number = () => performance.now(),
): (action: () => void) => void {
  let last = -Infinity;
  return (action) => {
    if (now() - last < intervalMs) return;
    last = now();
    action();
  };
}
