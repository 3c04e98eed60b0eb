import { accessSync, constants, mkdirSync } from 'node:fs';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';

/** The checkout's root. */
export const checkout = resolve(import.meta.dirname, '../..');

/**
 * Where what was fetched and built once is kept: the user's cache, which all checkouts share, or the checkout's own
 * where the user has no home that can be written to.
 */
export function cacheFolder(env: NodeJS.ProcessEnv = process.env): string {
  const shared = join(env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'projector');
  if (ensureWritable(shared)) return shared;
  const own = join(checkout, '.cache');
  mkdirSync(own, { recursive: true });
  return own;
}

function ensureWritable(folder: string): boolean {
  try {
    mkdirSync(folder, { recursive: true });
    accessSync(folder, constants.W_OK | constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
