import { chmod, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fetched, type Say } from './fetched.ts';
import { findJdk } from './jdk.ts';
import { runMaven } from './maven.ts';
import { checkout } from './paths.ts';
import { run } from './run.ts';

/** A jar that carries Redis built for several platforms. */
const artifact = 'com.github.codemonstur:embedded-redis:1.4.3';

/** The machine's own redis-server, or else the one out of the jar. */
export async function findRedis(say?: Say): Promise<string> {
  try {
    return (await run('sh', ['-c', 'command -v redis-server'])).trim();
  } catch {
    const folder = await fetched(`redis-${process.platform}-${process.arch}`, fetchRedis, {
      ...(say && { say }),
      line: 'Fetching Redis from Maven Central, once …',
    });
    return join(folder, 'redis-server');
  }
}

async function fetchRedis(folder: string): Promise<void> {
  const jdk = await findJdk();
  const pom = join(checkout, 'dev/elasticsearch/pom.xml');
  await runMaven(jdk, pom, 'copy', { artifact, outputDirectory: folder });
  const [jar = ''] = await readdir(folder);
  await run(join(jdk, 'bin/jar'), ['--extract', '--file', jar], { cwd: folder });
  const suffix = `-${process.platform}-${process.arch === 'x64' ? 'amd64' : process.arch}`;
  const entries = await readdir(folder);
  const program = entries.find((entry) => entry.startsWith('redis-server-') && entry.endsWith(suffix));
  if (program === undefined) {
    throw new Error(`There is no redis-server on PATH, and none for ${suffix.slice(1)} in ${artifact}.`);
  }
  await rename(join(folder, program), join(folder, 'redis-server'));
  await chmod(join(folder, 'redis-server'), 0o755);
  for (const entry of entries) await rm(join(folder, entry), { recursive: true, force: true });
}
