import { ProjectorError } from '../ops/errors.ts';
import { serverNames, type ServerName } from '../servers/named-errors.ts';
import type { ServiceStatus } from './status.ts';

/** How long a command waits for a server, where the service waits for as long as it takes. */
export const COMMAND_PATIENCE_MS = 15_000;

/**
 * For a command that the running service does something for. To be shown the service's status again and again: throws
 * `PROJ_SERVER_UNAVAILABLE` once the service has waited for the same server all the time for too long.
 */
export function createServicePatience(
  patienceMs = COMMAND_PATIENCE_MS,
  now: () => number = () => performance.now(),
): (status: Pick<ServiceStatus, 'servers' | 'waits'>) => void {
  const since = new Map<ServerName, number>();
  return ({ servers, waits }) => {
    for (const name of serverNames) {
      const error = waits[name] ?? servers[name]?.error ?? null;
      if (error === null) {
        since.delete(name);
        continue;
      }
      const sinceMs = since.get(name) ?? now();
      since.set(name, sinceMs);
      if (now() - sinceMs < patienceMs) continue;
      throw new ProjectorError(
        'PROJ_SERVER_UNAVAILABLE',
        `the service waits for ${name}: ${error}`,
        'The service goes on as soon as that server is back (projector status); give the command again then.',
      );
    }
  };
}
