import { readdir } from 'node:fs/promises';
import { fetched, type Say } from './fetched.ts';
import { run } from './run.ts';

/** The folder with what a package of Debian's holds, which is unpacked and not installed. */
export function unpackDebian(name: string, say?: Say): Promise<string> {
  const unpack = async (folder: string): Promise<void> => {
    await withPackageLists(() => run('apt-get', ['download', name], { cwd: folder }));
    const [archive = ''] = await readdir(folder);
    await run('dpkg-deb', ['--extract', archive, '.'], { cwd: folder });
  };
  return fetched(`${name}-${process.arch}`, unpack, {
    ...(say && { say }),
    line: `Fetching ${name} with apt-get, once …`,
  });
}

/** Does something with apt-get; again with new lists of packages where the machine has none yet, or old ones. */
export async function withPackageLists(work: () => Promise<unknown>): Promise<void> {
  await work().catch(async () => {
    await run('apt-get', ['update']);
    await work();
  });
}
