import { createHash, timingSafeEqual } from 'node:crypto';
import { ProjectorError } from './errors.ts';

/** What whoever asks may do: *read-only*, where nobody may do more; *locked*, without the token; *open*, with it. */
export type Access = 'read-only' | 'locked' | 'open';

/**
 * Tells by a request's `Authorization` what it may do, given the token, which is empty where nobody may change anything.
 *
 * @throws ProjectorError `PROJ_CONSOLE_TOKEN` for another token.
 */
export function createAccess(token: string): (authorization: string | undefined) => Access {
  const wanted = digest(`Bearer ${token}`);
  return (authorization) => {
    if (token === '') return 'read-only';
    if (authorization === undefined) return 'locked';
    // In a time that does not tell how much of it was right.
    if (timingSafeEqual(digest(authorization), wanted)) return 'open';
    throw tokenWanted('this is not the token');
  };
}

/** @throws ProjectorError `PROJ_CONSOLE_READ_ONLY` or `PROJ_CONSOLE_TOKEN` where nothing may be changed. */
export function assertOpen(access: Access): void {
  if (access === 'read-only') {
    throw new ProjectorError(
      'PROJ_CONSOLE_READ_ONLY',
      'nothing can be changed here, since there is no CONSOLE_TOKEN',
      'Set CONSOLE_TOKEN (or CONSOLE_TOKEN_FILE) and start the service again, or use the command line.',
    );
  }
  if (access === 'locked') throw tokenWanted('this needs the token');
}

function tokenWanted(message: string): ProjectorError {
  return new ProjectorError(
    'PROJ_CONSOLE_TOKEN',
    message,
    'Give the value of CONSOLE_TOKEN, as `Authorization: Bearer …`.',
  );
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
