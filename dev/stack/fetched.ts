import { existsSync } from 'node:fs';
import { mkdtemp, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { cacheFolder } from './paths.ts';

/** Takes a line for a person who waits. */
export type Say = (line: string) => void;

/**
 * The folder `name` in the cache, which `build` fills when it is not there yet; before that, `line` is said. The
 * folder appears whole or not at all, and who comes second of two at a time takes the first one's.
 */
export async function fetched(
  name: string,
  build: (folder: string) => Promise<void>,
  { line, say }: { readonly line: string; readonly say?: Say },
): Promise<string> {
  const cache = cacheFolder();
  const folder = join(cache, name);
  if (existsSync(folder)) return folder;
  say?.(line);
  const workshop = await mkdtemp(join(cache, `.${name}-`));
  try {
    await build(workshop);
    await rename(workshop, folder).catch((error: unknown) => {
      if (!existsSync(folder)) throw error;
    });
  } finally {
    await rm(workshop, { recursive: true, force: true });
  }
  return folder;
}
