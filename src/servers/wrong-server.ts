import { ProjectorError } from '../ops/errors.ts';
import { formatServer, type ServerAddress } from './named-errors.ts';

/** The error for an address where something else answers, or a server that cannot be used: trying again does not help. */
export function wrongServer(where: ServerAddress, what: string, fix: string, cause?: Error): ProjectorError {
  return new ProjectorError('PROJ_WRONG_SERVER', `${formatServer(where)}: ${what}`, fix, { cause });
}
