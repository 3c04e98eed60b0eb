import { readdir } from 'node:fs/promises';
import { fetched, type Say } from './fetched.ts';
import { run } from './run.ts';

/** The folder with what a package of Debian's holds, which is unpacked and not installed. */
export function unpackDebian(name: string, say?: Say): Promise<string> {
  const unpack = async (folder: string): Promise<void> => {
    const download = (): Promise<string> => run('apt-get', ['download', name], { cwd: folder });
    await download().catch(async () => {
      // The machine has no list of packages yet, or an old one.
      await run('apt-get', ['update']);
      await download();
    });
    const [archive = ''] = await readdir(folder);
    await run('dpkg-deb', ['--extract', archive, '.'], { cwd: folder });
  };
  return fetched(`${name}-${process.arch}`, unpack, {
    ...(say && { say }),
    line: `Fetching ${name} with apt-get, once …`,
  });
}
