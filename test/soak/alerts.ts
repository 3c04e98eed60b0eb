import assert from 'node:assert/strict';
import { it, type TestContext } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { randomOf } from '../../dev/load/random.ts';
import { findPrometheus } from '../../dev/stack/prometheus-program.ts';
import { startPostgres } from '../../dev/stack/stack.ts';
import type { ServiceStatus } from '../../src/service/status.ts';
import { bad, insert, items } from '../dead-letters/items.ts';
import { readAlerts, squeezedAlerts } from '../deploy/prometheus-files.ts';
import { openFaultyElasticsearch } from '../faults/support/faulty-elasticsearch.ts';
import { blockWrites } from '../service/support/by-hand.ts';
import { startPrometheus, type ActiveAlert, type Prometheus } from '../service/support/prometheus.ts';
import { watchReadiness } from '../service/support/readiness.ts';
import { PATIENCE_MS } from '../service/support/service.ts';
import type { ServiceProcess } from '../service/support/service-process.ts';
import { openSetting, type Setting } from '../service/support/setting.ts';
import { sharedServers } from '../support/shared-servers.ts';
import { openTcpProxy } from '../support/tcp-proxy.ts';
import { eventually, waitFor } from '../support/wait.ts';

/**
 * `make alerts`: a Prometheus with the deployed rules (their times squeezed, see `squeezedAlerts`) scrapes a service while
 * one fault follows another. Each alert must fire in its fault, no other one with it, and none before or after.
 */
it('each alert fires in its fault, and is silent otherwise', async (t) => {
  const { prometheus: program } = await findPrometheus();
  await using servers = new AsyncDisposableStack();
  const postgres = servers.use(await startPostgres());
  await using setting = await openSetting(t, { own: items, postgres });
  const { admin, database } = setting;
  await insert(setting, rows(300));
  const faulty = servers.use(await openFaultyElasticsearch(sharedServers().elasticsearchUrl, randomOf(1, 0)));
  const links = {
    postgres: servers.use(await openTcpProxy(database.url)),
    redis: servers.use(await openTcpProxy(database.redisUrl)),
    elasticsearch: servers.use(await openTcpProxy(faulty.url)),
  };
  await using ready = await watchReadiness(t);
  const { HTTP_PORT } = ready.settings;
  const start = (): ServiceProcess =>
    servers.use(
      setting.spawn({
        HTTP_PORT,
        DATABASE_URL: links.postgres.url,
        REDIS_URL: links.redis.url,
        ELASTICSEARCH_URL: links.elasticsearch.url,
        HEARTBEAT_INTERVAL_MS: '200',
        REQUEST_TIMEOUT_MS: '2000',
        SNAPSHOT_CHUNK_SIZE: '20',
        SNAPSHOT_MAX_RATE: '60',
      }),
    );
  const state = { service: start() };
  await state.service.untilStreaming();
  await ready.isReady();
  const prometheus = servers.use(await startPrometheus(program, squeezedAlerts(), HTTP_PORT));
  const seenReady = (): Promise<true> =>
    waitFor(async () => (await prometheus.value('projector_ready')) === 1, { timeoutMs: PATIENCE_MS });
  await seenReady();
  const fired = new Set<string>();
  const fault = (name: string, happens: (fires: Fires) => Promise<void>): Promise<void> =>
    t.test(name, async (own) => {
      for (const alert of await observe(own, prometheus, happens)) fired.add(alert);
    });

  await fault('nothing: all is well for longer than any of them takes', async () => {
    await waitFor(async () => ((await prometheus.value('count_over_time(up[20s])')) ?? 0) >= 75, {
      timeoutMs: PATIENCE_MS,
    });
  });

  await fault('the service is gone, and then ends again and again', async (fires) => {
    await state.service.kill();
    await fires('ProjectorDown');
    const startedAt = (): Promise<number | null> => prometheus.value('process_start_time_seconds');
    for (let round = 1; round <= 3; round++) {
      const before = await startedAt();
      await state.service.kill();
      state.service = start();
      await state.service.untilStreaming();
      await waitFor(async () => ![null, before].includes(await startedAt()), { timeoutMs: PATIENCE_MS });
    }
    await fires('ProjectorRestarts');
  });

  for (const [server, link] of Object.entries(links))
    await fault(`the link to ${server} is cut`, async (fires) => {
      link.set({ kind: 'cut' });
      await fires('ProjectorServerUnreachable', 'ProjectorNotReady');
      link.set({ kind: 'open' });
    });

  await fault('its sessions fail again and again', async (fires) => {
    const sender = async (): Promise<number | null> => (await setting.slot())?.activePid ?? null;
    for (let round = 1; round <= 5; round++) {
      // Each of them comes soon to an end: what lasts is another alert's.
      await seenReady();
      const pid = await waitFor(sender, { timeoutMs: PATIENCE_MS });
      await admin.query('select pg_terminate_backend($1)', [pid]);
      await waitFor(async () => (await sender()) !== pid, { timeoutMs: PATIENCE_MS });
    }
    await fires('ProjectorSessionsFail');
  });

  await fault('Elasticsearch answers 429 now and then', async (fires) => {
    faulty.set([{ kind: 'answered', status: 429, body: '' }], 0.2);
    await whileEditing(setting, () => fires('ProjectorServerRetries'));
    faulty.set([]);
  });

  await fault('an index is read-only', async (fires) => {
    await blockWrites(setting, 'items', true);
    await fires('ProjectorIndexBlocked');
    await blockWrites(setting, 'items', false);
  });

  await fault('a commit does not become visible', async (fires) => {
    await alterSystem(setting, 'synchronous_standby_names', 'nobody');
    await using other = await database.connect();
    const commit = other.query(`update shop.item set price = 1 where id = 'row 1'`);
    await fires('ProjectorWaitsForTransaction');
    await alterSystem(setting, 'synchronous_standby_names', '');
    await commit;
  });

  await fault('a table is locked that documents are read from', async (fires) => {
    await using first = await database.connect();
    await using next = await database.connect();
    const lock = 'begin; lock table shop.item in access exclusive mode';
    await first.query(lock);
    await first.query(`update shop.item set price = 2 where id = 'row 1'`);
    // Who waits for a lock already gets it before the service does, which reads what is committed here.
    const locked = next.query(lock);
    await waitFor(async () => (await admin.query('select from pg_locks where not granted')).rowCount);
    await first.query('commit');
    await locked;
    await fires('ProjectorLagging', 'ProjectorStalled');
    await next.query('rollback');
  });

  await fault('a document is refused', async (fires) => {
    await insert(setting, [bad('refused')]);
    await fires('ProjectorDeadLetters');
    await admin.query(`delete from shop.item where id = 'refused'`);
  });

  await fault('a snapshot does not go on', async (fires) => {
    const snapshot = setting.command(['snapshot']);
    await state.service.until(({ indexes }) => indexes['items']?.snapshot?.state === 'running');
    await using other = await database.connect();
    await other.query('begin; lock table shop.item in access exclusive mode');
    await fires('ProjectorSnapshotStuck');
    await other.query('rollback');
    const { code, stderr } = await snapshot;
    assert.equal(code, 0, stderr);
  });

  await fault('it is paused, and the slot keeps more and more WAL', async (fires) => {
    const keepAtMost = (limit: string): Promise<void> =>
      alterSystem(setting, 'max_slot_wal_keep_size', limit);
    assert.equal((await setting.command(['pause'])).code, 0);
    await fires('ProjectorPaused');
    await keepAtMost('-1');
    await admin.query(
      `select pg_logical_emit_message(false, 'test', repeat('x', 1000000)) from generate_series(1, 24)`,
    );
    await fires('ProjectorPaused', 'ProjectorWalKept');
    await keepAtMost('4GB');
    const growth = await waitFor(() => readGrowth(HTTP_PORT), { timeoutMs: 90_000 });
    await keepAtMost(growth.limitFor(2 * 3_600));
    await fires('ProjectorPaused', 'ProjectorWalLimitNear');
    await keepAtMost(growth.limitFor(900));
    await fires('ProjectorPaused', 'ProjectorWalLimitNear', 'ProjectorWalLimitImminent');
    await keepAtMost('1MB');
    await fires(
      'ProjectorPaused',
      'ProjectorWalLimitNear',
      'ProjectorWalLimitImminent',
      'ProjectorSlotAtRisk',
    );
    await keepAtMost('4GB');
    assert.equal((await setting.command(['resume'])).code, 0);
  });

  assert.deepEqual(
    [...fired].sort(),
    readAlerts()
      .map(({ alert }) => alert)
      .sort(),
  );
  await setting.assertConverged();
  await state.service.stop();
});

/** Waits until these alerts fire, and no others. */
type Fires = (...alerts: readonly string[]) => Promise<void>;

const POLL_MS = 100;
const FIRING_MS = 60_000;
const SILENT_MS = 60_000;

/**
 * Has a fault happen where no alert is active, and waits until none is any more. Gives the alerts that have fired
 * meanwhile, which must be those that `fires` was called with.
 */
async function observe(
  t: TestContext,
  prometheus: Prometheus,
  happens: (fires: Fires) => Promise<void>,
): Promise<ReadonlySet<string>> {
  const state: { isEnding: boolean; active: readonly ActiveAlert[] } = {
    isEnding: false,
    active: await prometheus.alerts(),
  };
  assert.deepEqual(state.active, []);
  const fired = new Set<string>();
  const expected = new Set<string>();
  const firing = (): string[] => state.active.filter(({ isFiring }) => isFiring).map(({ name }) => name);
  const watching = (async () => {
    while (!state.isEnding) {
      state.active = await prometheus.alerts();
      for (const name of firing()) fired.add(name);
      await delay(POLL_MS);
    }
  })();
  const startedMs = performance.now();
  try {
    await happens(async (...names) => {
      for (const name of names) expected.add(name);
      await eventually(() => assert.deepEqual(firing().sort(), [...names].sort()), { timeoutMs: FIRING_MS });
      t.diagnostic(`after ${secondsSince(startedMs)} s: ${state.active.map(describe).join(' · ')}`);
    });
    const overMs = performance.now();
    await eventually(() => assert.deepEqual(state.active, []), { timeoutMs: SILENT_MS });
    t.diagnostic(`silent ${secondsSince(overMs)} s after it was over`);
  } finally {
    state.isEnding = true;
    await watching;
  }
  assert.deepEqual([...fired].sort(), [...expected].sort());
  return fired;
}

const secondsSince = (ms: number): string => ((performance.now() - ms) / 1_000).toFixed(1);

function describe({ name, isFiring, labels }: ActiveAlert): string {
  const shown = ['severity', 'server', 'index', 'reason', 'for', 'status'].flatMap(
    (label) => labels[label] ?? [],
  );
  return `${name}${isFiring ? '' : ' (pending)'} ${shown.join(', ')}`;
}

/** Changes a row twenty times a second while something happens. */
async function whileEditing({ admin }: Setting, happens: () => Promise<void>): Promise<void> {
  const ending = new AbortController();
  const editing = (async () => {
    while (!ending.signal.aborted) {
      await admin.query(`update shop.item set price = price + 1 where id = 'row 1'`);
      await delay(50, undefined, { signal: ending.signal }).catch(() => undefined);
    }
  })();
  try {
    await happens();
  } finally {
    ending.abort();
    await editing;
  }
}

/** Sets a setting of the server, and waits until it holds. */
async function alterSystem({ admin, database }: Setting, name: string, value: string): Promise<void> {
  await admin.query(`alter system set ${name} = '${value}'`);
  await admin.query('select pg_reload_conf()');
  await waitFor(async () => {
    await using fresh = await database.connect();
    const { rows: shown } = await fresh.query<{ value: string }>('select current_setting($1) as value', [
      name,
    ]);
    return shown[0]?.value === value;
  });
}

interface Growth {
  /** The max_slot_wal_keep_size that is reached in so many seconds, at the rate of the last minutes. */
  limitFor(seconds: number): string;
}

/** What the service says of the slot's WAL; null before it knows how fast that grows. */
async function readGrowth(port: string): Promise<Growth | null> {
  const { slot } = (await (await fetch(`http://127.0.0.1:${port}/status`)).json()) as ServiceStatus;
  if (!slot || slot.bytesLeft === null || slot.secondsLeft === null) return null;
  const { retainedBytes } = slot;
  const bytesPerSecond = slot.bytesLeft / slot.secondsLeft;
  return {
    limitFor: (seconds) => `${Math.ceil((retainedBytes + bytesPerSecond * seconds) / 2 ** 20)}MB`,
  };
}

function rows(count: number): readonly Readonly<Record<string, unknown>>[] {
  return Array.from({ length: count }, (_, at) => ({ id: `row ${at}`, made: '2020-02-02', price: at }));
}
