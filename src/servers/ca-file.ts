import { readFileSync } from 'node:fs';
import { ProjectorError } from '../ops/errors.ts';

/**
 * The certificates in a PEM file; undefined where none is named.
 *
 * @throws ProjectorError `PROJ_SETTINGS_INVALID` when it cannot be read.
 */
export function readCaFile(variable: string, path: string | undefined): string | undefined {
  if (!path) return undefined;
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw unreadableFile(variable, error);
  }
}

/** The error for a file that a setting names and that cannot be read. */
export function unreadableFile(variable: string, cause: unknown): ProjectorError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new ProjectorError(
    'PROJ_SETTINGS_INVALID',
    `a file that ${variable} names cannot be read: ${reason}`,
    'Name a file that is there, and that the user of this process may read.',
    { cause },
  );
}
