import { join } from 'node:path';
import { fetched, type Say } from '../../dev/stack/fetched.ts';
import { run } from '../../dev/stack/run.ts';

export const pgsyncVersion = '7.3.0';

/** PGSync, installed in a folder of its own. */
export interface Installed {
  readonly python: string;
  /** Makes its triggers and its slot, or with `--teardown` removes them. */
  readonly bootstrap: string;
  readonly pgsync: string;
}

/** Installs PGSync from PyPI into the cache, once. Throws with what is missing when there is no Python for it. */
export async function installPgsync(say: Say): Promise<Installed> {
  const pythonVersion = await run('python3', [
    '-c',
    'import sys; print("%d.%d" % sys.version_info[:2])',
  ]).catch((cause: unknown) => {
    throw new Error(
      '--peer pgsync needs Python, and there is no python3: install it, with its venv module.',
      {
        cause,
      },
    );
  });
  const name = `pgsync-${pgsyncVersion}-python${pythonVersion.trim()}`;
  const folder = await fetched(name, fillFolder, { say, line: `installing PGSync ${pgsyncVersion}, once` });
  const bin = join(folder, 'bin');
  // As scripts of that Python: their own first lines name the folder that they were installed in.
  return {
    python: join(bin, 'python'),
    bootstrap: join(bin, 'bootstrap'),
    pgsync: join(bin, 'pgsync'),
  };
}

async function fillFolder(folder: string): Promise<void> {
  await run('python3', ['-m', 'venv', folder]).catch((cause: unknown) => {
    throw new Error(
      '--peer pgsync needs the venv module of Python: install it (Debian: python3-venv), or a python3 that has it.',
      { cause },
    );
  });
  const quietly = ['--quiet', '--disable-pip-version-check', '--no-input'];
  await run(join(folder, 'bin/python'), ['-m', 'pip', 'install', ...quietly, `pgsync==${pgsyncVersion}`]);
}
