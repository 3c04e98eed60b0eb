import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { cacheFolder } from './paths.ts';

/**
 * The folder `name` in the cache, which `build` fills when it is not there yet. It appears whole or not at all, and
 * who comes second of two at a time takes the first one's.
 */
export async function fetched(name: string, build: (folder: string) => Promise<void>): Promise<string> {
  const folder = join(cacheFolder(), name);
  if (existsSync(folder)) return folder;
  await mkdir(cacheFolder(), { recursive: true });
  const workshop = await mkdtemp(join(cacheFolder(), `.${basename(name)}-`));
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
