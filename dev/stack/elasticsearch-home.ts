import { createHash } from 'node:crypto';
import { cp, mkdir, readFile, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fetched, type Say } from './fetched.ts';
import { runMaven } from './maven.ts';
import { checkout } from './paths.ts';
import { run } from './run.ts';
import type { Version } from './versions.ts';

const sources = join(checkout, 'dev/elasticsearch');

/**
 * A folder with Elasticsearch laid out as its own distribution is: `lib`, `modules` and `config`; fetched by Maven and
 * compiled when it is not there yet.
 */
export async function buildElasticsearchHome(
  jdk: string,
  { major, exact }: Version,
  say?: Say,
): Promise<string> {
  const hash = createHash('sha256').update(String(exact));
  for (const file of (await readdir(sources, { recursive: true })).sort()) {
    if (file.includes('.')) hash.update(file).update(await readFile(join(sources, file)));
  }
  const name = `elasticsearch-${hash.digest('hex').slice(0, 12)}`;
  return fetched(name, (home) => build(home, jdk, exact), {
    ...(say && { say }),
    line: `Fetching Elasticsearch ${major} from Maven Central, once …`,
  });
}

async function build(home: string, jdk: string, exact: string | null): Promise<void> {
  const lib = join(home, 'lib');
  await runMaven(jdk, join(sources, 'pom.xml'), 'copy-dependencies', {
    outputDirectory: lib,
    ...(exact !== null && { 'elasticsearch.version': exact }),
  });
  const version = await readVersion(lib);

  // The transport is a module, with a class loader of its own, as in the distribution.
  const transport = join(home, 'modules/transport-netty4');
  await mkdir(transport, { recursive: true });
  for (const jar of await readdir(lib)) {
    if (/^(netty-|transport-netty4-)/.test(jar)) await rename(join(lib, jar), join(transport, jar));
  }
  await describeModule(transport, 'org.elasticsearch.transport.netty4.Netty4Plugin', version);

  const parts = join(home, 'modules/stock-parts');
  await mkdir(parts, { recursive: true });
  await compile(jdk, join(sources, 'plugin'), lib, join(parts, 'stock-parts.jar'));
  await describeModule(parts, 'projector.dev.plugin.StockPartsPlugin', version);

  await compile(jdk, join(sources, 'node'), lib, join(lib, 'node-main.jar'));
  await mkdir(join(home, 'config'));
  await cp(join(sources, 'log4j2.properties'), join(home, 'config/log4j2.properties'));
}

async function readVersion(lib: string): Promise<string> {
  const versions = (await readdir(lib)).map((jar) => /^elasticsearch-(\d.*)\.jar$/.exec(jar)?.[1]);
  const version = versions.find((found) => found !== undefined);
  if (version === undefined) throw new Error('Maven has not fetched Elasticsearch.');
  return version;
}

/** @see https://www.elastic.co/docs/extend/elasticsearch/plugin-descriptor-file-classic */
async function describeModule(module: string, classname: string, version: string): Promise<void> {
  const properties = {
    name: classname.split('.').at(-1) ?? classname,
    description: classname,
    classname,
    version,
    'elasticsearch.version': version,
    'java.version': 21,
  };
  const lines = Object.entries(properties).map(([name, value]) => `${name}=${value}\n`);
  await writeFile(join(module, 'plugin-descriptor.properties'), lines.join(''));
}

async function compile(jdk: string, folder: string, lib: string, jar: string): Promise<void> {
  const paths = (await readdir(folder)).map((file) => join(folder, file));
  const classes = `${jar}.classes`;
  await run(join(jdk, 'bin/javac'), ['--release', '21', '-d', classes, '-cp', join(lib, '*'), ...paths]);
  await run(join(jdk, 'bin/jar'), ['--create', '--file', jar, '-C', classes, '.']);
  await rm(classes, { recursive: true });
}
