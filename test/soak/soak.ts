import assert from 'node:assert/strict';
import { randomInt } from 'node:crypto';
import { it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { below, randomOf } from '../../dev/load/random.ts';
import { startElasticsearch, startPostgres, startRedis } from '../../dev/stack/stack.ts';
import { cascadeKeyChanges, seedRows } from '../service/support/edits.ts';
import { openSetting } from '../service/support/setting.ts';
import type { ServiceProcess } from '../service/support/service-process.ts';
import { startWriters } from '../service/support/writers.ts';
import { openTcpProxy } from '../support/tcp-proxy.ts';
import { waitFor } from '../support/wait.ts';
import { faults, pickFault, type World } from './faults.ts';

/**
 * `make soak MINUTES=30`: random edits by several writers, random faults meanwhile, and after each round a comparison of
 * every document with its rows. Gives up at the first document that differs, and when nothing moves for long.
 */
const MINUTES = Number(process.env['MINUTES'] ?? 30);
const SEED = Number(process.env['SEED'] ?? randomInt(2 ** 31));
const indexes = ['movies', 'genres', 'persons'];
const WRITERS = 4;
const EDITS_A_ROUND = 300;
const MOST_FAULTS_A_ROUND = 3;
/** An outage lasts a minute at most, and the service and the servers need their time to come back. */
const PATIENCE_MS = 240_000;
const STEP_PATIENCE_MS = 300_000;

const SETTINGS = { REQUEST_TIMEOUT_MS: '2000', STALL_TIMEOUT_MS: '120000', SHUTDOWN_TIMEOUT_MS: '120000' };

it(`soak for ${MINUTES} minutes (SEED=${SEED})`, async (t) => {
  await using servers = new AsyncDisposableStack();
  const postgres = servers.use(await startPostgres({ wal_sender_timeout: '5s' }));
  const redis = servers.use(await startRedis());
  const elasticsearch = servers.use(await startElasticsearch());
  await using setting = await openSetting(t, { postgres, redis, elasticsearch });
  const { database } = setting;
  await cascadeKeyChanges(setting.admin);
  await seedRows(setting.admin, randomOf(SEED, 0));
  const links = {
    postgres: servers.use(await openTcpProxy(database.url)),
    redis: servers.use(await openTcpProxy(database.redisUrl)),
    elasticsearch: servers.use(await openTcpProxy(database.elasticsearchUrl)),
  };
  const services = new AsyncDisposableStack();
  servers.use(services);
  const start = (): ServiceProcess =>
    services.use(
      setting.spawn({
        ...SETTINGS,
        DATABASE_URL: links.postgres.url,
        REDIS_URL: links.redis.url,
        ELASTICSEARCH_URL: links.elasticsearch.url,
      }),
    );
  const state = { service: start() };
  const world = (round: number): World => ({
    setting,
    postgres,
    redis,
    elasticsearch,
    links,
    random: randomOf(SEED, round),
    get service() {
      return state.service;
    },
    restart() {
      state.service = start();
    },
  });
  await state.service.untilStreaming();

  await using writers = startWriters(database, WRITERS, SEED);
  const injected = new Map<string, number>();
  const totals = { edits: 0, comparisons: 0, documents: 0 };
  const startedMs = performance.now();
  const elapsedMinutes = (): number => (performance.now() - startedMs) / 60_000;
  const say = (text: string): void => console.log(`${elapsedMinutes().toFixed(1)} min: ${text}`);
  say(`seed ${SEED}`);
  for (let round = 1; elapsedMinutes() < MINUTES; round++) {
    const now = world(round);
    const edits = writers.goOn(EDITS_A_ROUND);
    for (let fault = 0; fault <= below(now.random, MOST_FAULTS_A_ROUND); fault++) {
      const name = pickFault(now.random);
      injected.set(name, (injected.get(name) ?? 0) + 1);
      say(`round ${round}, ${name}`);
      await inTime(name, faults[name]?.(now));
      await inTime('a new session', setting.reconnect());
    }
    await inTime('the edits', edits);
    totals.edits += EDITS_A_ROUND;
    await inTime(
      'the comparison',
      Promise.race([
        setting.assertConverged(PATIENCE_MS),
        state.service.ended.then((ended) =>
          assert.fail(`the service has ended (${JSON.stringify(ended)}): ${state.service.log.slice(-2_000)}`),
        ),
      ]),
    );
    const documents = await Promise.all(indexes.map((index) => setting.documents(index)));
    totals.comparisons++;
    totals.documents += documents.reduce((sum, { length }) => sum + length, 0);
    say(`round ${round} is over: ${totals.edits} edits, ${totals.documents} documents compared`);
  }
  await waitFor(async () => (await setting.command(['verify'])).code === 0, { timeoutMs: 60_000 });
  await inTime("the service's end", state.service.stop());
  console.log(
    [
      `soaked for ${elapsedMinutes().toFixed(1)} minutes (SEED=${SEED}):`,
      `  edits made          ${totals.edits}`,
      `  faults injected     ${[...injected.values()].reduce((sum, count) => sum + count, 0)}`,
      ...[...injected].sort().map(([name, count]) => `    ${name.padEnd(46)} ${count}`),
      `  documents compared  ${totals.documents}, in ${totals.comparisons} comparisons of all of them`,
      `  drift               0`,
    ].join('\n'),
  );
});

/** Gives up what has not ended long after it should have. */
async function inTime<T>(what: string, step: Promise<T> | undefined): Promise<T | undefined> {
  const over = new AbortController();
  const late = delay(STEP_PATIENCE_MS, undefined, { signal: over.signal }).then(
    () => assert.fail(`${what}: not over after ${STEP_PATIENCE_MS / 60_000} minutes`),
    () => undefined,
  );
  try {
    return await Promise.race([step, late]);
  } finally {
    over.abort();
  }
}
