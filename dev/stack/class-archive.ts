import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { elasticsearchKind } from './elasticsearch-node.ts';
import { fetched, type Say } from './fetched.ts';
import { openServer } from './server.ts';

/**
 * The JVM's option to take Elasticsearch's classes from an archive, which halves the time that it takes to start. The
 * archive is made by a first start and is good for that JDK alone.
 *
 * @see https://docs.oracle.com/en/java/javase/21/vm/class-data-sharing.html
 */
export async function classArchiveOptions(jdk: string, home: string, say?: Say): Promise<string[]> {
  const release = createHash('sha256')
    .update(jdk)
    .update(await readFile(join(jdk, 'release')));
  const name = `${basename(home)}-classes-${release.digest('hex').slice(0, 12)}`;
  const folder = await fetched(name, (workshop) => record(workshop, jdk, home), {
    ...(say && { say }),
    line: 'Preparing Elasticsearch to start faster, once …',
  });
  // Some JVMs make none.
  const archive = join(folder, 'classes.jsa');
  return existsSync(archive)
    ? [`-XX:SharedArchiveFile=${archive}`, '-Xlog:cds=off', '-Xlog:cds+dynamic=off']
    : [];
}

async function record(workshop: string, jdk: string, home: string): Promise<void> {
  const jvmOptions = [`-XX:ArchiveClassesAtExit=${join(workshop, 'classes.jsa')}`];
  const kind = elasticsearchKind(() => Promise.resolve({ jdk, home, jvmOptions }));
  await using server = await openServer(kind, { folder: join(workshop, 'node'), temporary: true });
  await server.start();
  await exercise(server.url);
}

/** Uses what every test uses, so that its classes are in the archive too. */
async function exercise(url: string): Promise<void> {
  const body = '{"index":{}}\n{"title":"Solaris","persons":[{"name":"Natalya Bondarchuk"}]}\n';
  const headers = { 'content-type': 'application/x-ndjson' };
  for (const [path, init] of [
    ['/', {}],
    ['/films/_bulk?refresh=true', { method: 'POST', headers, body }],
    ['/films/_search?q=title:solaris', {}],
    ['/films', { method: 'DELETE' }],
  ] as const) {
    const response = await fetch(`${url}${path}`, init);
    if (!response.ok) throw new Error(`Elasticsearch answers ${path} with ${response.status}`);
    await response.arrayBuffer();
  }
}
