import { createHash } from 'node:crypto';
import { globSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fetched, type Say } from '../stack/fetched.ts';
import { checkout } from '../stack/paths.ts';
import { run } from '../stack/run.ts';

const sources = ['package-lock.json', 'admin/shared/**/*.ts', 'admin/web/{*,{admin,search,public}/**/*}'];

/** The folder with the films' site's front end, which is built when its sources are not those of the last time. */
export async function buildFrontEnd(say?: Say): Promise<string> {
  const build = async (folder: string): Promise<void> => {
    const vite = join(checkout, 'node_modules/vite/bin/vite.js');
    await run(process.execPath, [vite, 'build', '--outDir', folder, '--logLevel', 'warn'], {
      cwd: join(checkout, 'admin/web'),
    });
  };
  return fetched(`front-end-${await hashSources()}`, build, {
    ...(say && { say }),
    line: "Building the films' site …",
  });
}

async function hashSources(): Promise<string> {
  const hash = createHash('sha256');
  const files = globSync(sources, { cwd: checkout, withFileTypes: true }).filter((entry) => entry.isFile());
  for (const path of files.map((entry) => join(entry.parentPath, entry.name)).sort()) {
    hash.update(path.slice(checkout.length)).update('\0');
    hash.update(await readFile(path));
  }
  return hash.digest('hex').slice(0, 16);
}
