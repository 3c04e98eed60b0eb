import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { describe, it } from 'node:test';
import { Ajv2020, type AnySchemaObject } from 'ajv/dist/2020.js';
import { findPrometheus } from '../../dev/stack/prometheus-program.ts';
import { randomOf } from '../../dev/load/random.ts';
import { readStatus, type ServiceStatus } from '../../src/service/status.ts';
import { readDockerfile } from '../deploy/dockerfile.ts';
import { squeezedAlerts } from '../deploy/prometheus-files.ts';
import { openFaultyElasticsearch } from '../faults/support/faulty-elasticsearch.ts';
import { eventually, waitFor } from '../support/wait.ts';
import { blockWrites } from './support/by-hand.ts';
import { startProjector } from './support/child.ts';
import { startPrometheus } from './support/prometheus.ts';
import { watchReadiness } from './support/readiness.ts';
import { PATIENCE_MS } from './support/service.ts';
import { openSetting } from './support/setting.ts';

describe('who watches a service by HTTP', () => {
  it('sees what it does in numbers, and when it is ready', async (t) => {
    await using setting = await openSetting(t);
    await using ready = await watchReadiness(t);
    const { HTTP_PORT } = ready.settings;
    const get = (path: string): Promise<Response> => fetch(`http://127.0.0.1:${HTTP_PORT}${path}`);
    await using service = setting.run({ HTTP_PORT, HEARTBEAT_INTERVAL_MS: '100', STALL_TIMEOUT_MS: '0' });
    await service.untilStreaming();
    await ready.isReady();

    const programs = await findPrometheus().catch((error: unknown) => String(error));
    const skip = typeof programs === 'string' && `Prometheus cannot be had here: ${programs}`;
    await t.test('by Prometheus, with no alert where all is well, and one in a fault', { skip }, async () => {
      assert.ok(typeof programs !== 'string');
      await using prometheus = await startPrometheus(programs.prometheus, squeezedAlerts(), HTTP_PORT);
      await waitFor(async () => (await prometheus.value('projector_ready')) === 1);
      assert.equal(await prometheus.value('up'), 1);
      // Other tests write WAL, too, which is kept for this slot.
      const firing = async (): Promise<string[]> =>
        (await prometheus.alerts())
          .filter(({ name, isFiring }) => isFiring && !name.startsWith('ProjectorWal'))
          .map(({ name }) => name);
      assert.deepEqual(await firing(), []);
      await blockWrites(setting, 'movies', true);
      assert.deepEqual(await waitFor(async () => ((await firing()).length > 0 ? firing() : null)), [
        'ProjectorIndexBlocked',
      ]);
      await blockWrites(setting, 'movies', false);
      await waitFor(async () => (await firing()).length === 0);
    });

    await t.test('numbers', async () => {
      await setting.admin.query(`
        insert into content.film_work (title) values ('Stalker'), ('Solaris');
        update content.film_work set title = 'Stalker (1979)' where title = 'Stalker';
        delete from content.film_work where title = 'Solaris'`);
      await setting.covered();
      const metrics = await eventually(async () => {
        const values = parseMetrics(await (await get('/metrics')).text());
        assert.ok(values.has('projector_lag_seconds'));
        return values;
      });
      const at = (name: string): number => metrics.get(name) ?? NaN;
      assert.equal(at('projector_changes_total{table="content.film_work",kind="insert"}'), 2);
      assert.equal(at('projector_changes_total{table="content.film_work",kind="update"}'), 1);
      assert.equal(at('projector_changes_total{table="content.film_work",kind="delete"}'), 1);
      assert.ok(at('projector_documents_total{outcome="written"}') >= 2);
      assert.ok(at('projector_batch_documents_sum') >= 2);
      for (const stage of ['gate', 'read', 'write', 'store'])
        assert.ok(at(`projector_stage_seconds_count{stage="${stage}"}`) >= 1, stage);
      assert.equal(at('projector_ready'), 1);
      assert.equal(at('projector_server_up{server="elasticsearch"}'), 1);
      assert.equal(at('projector_slot_wal_status{status="reserved"}'), 1);
      assert.equal(at('projector_pending_ids'), 0);
      assert.ok(at('projector_slot_retained_bytes') > 0);
      assert.ok(at('process_resident_memory_bytes') > 0);
    });

    await t.test('the status, as its schema says', async () => {
      const status = (await (await get('/status')).json()) as ServiceStatus;
      const schema = (await (await get('/status/schema')).json()) as AnySchemaObject;
      const validate = new Ajv2020().compile(schema);
      void validate(status);
      assert.deepEqual(validate.errors, null);
      assert.equal(validate({ ...status, state: 'asleep' }), false);
      assert.equal(status.state, 'streaming');
      assert.equal(status.changes, 4);
      assert.equal((await get('/nothing')).status, 404);
    });

    const lag = async (): Promise<number | null> =>
      ((await (await get('/status')).json()) as ServiceStatus).lag.seconds;

    await t.test('a screen or a line of JSON every second, until it is ended', async () => {
      const watch = startProjector(['status', '--watch', '--json'], setting.database.env);
      await waitFor(() => watch.output.stdout.split('\n').length > 2, { timeoutMs: PATIENCE_MS });
      watch.kill('SIGINT');
      assert.deepEqual(await watch.ended, { code: 0, signal: null });
      const [first = ''] = watch.output.stdout.split('\n');
      const { service: shown } = JSON.parse(first) as { service: ServiceStatus };
      assert.equal(shown.ready, true);
      const screen = await setting.command(['status']);
      assert.match(screen.stdout, /^service {4}streaming, ready \(pid \d+, for /);
      assert.equal(screen.code, 0);
      const blind = await setting.command(['status'], { REDIS_URL: 'redis://127.0.0.1:1' });
      assert.match(blind.stdout, /^service {4}not known\nproblem {4}redis at 127\.0\.0\.1:1: /);
      assert.equal(blind.code, 1);
    });

    await t.test('no lag while nothing happens, and one that grows while nothing gets through', async () => {
      await waitFor(async () => ((await lag()) ?? Infinity) < 1);
      await ready.turns('a table is locked that it has to read', async (turned) => {
        await using other = await setting.database.connect();
        await other.query('begin; lock table content.film_work in access exclusive mode');
        await setting.admin.query(`insert into content.person (full_name) values ('Kris Kelvin')`);
        await waitFor(async () => ((await lag()) ?? 0) > 3);
        // The heartbeats that still come by are no movement.
        await turned();
        assert.equal((await get('/livez')).status, 200);
        await other.query('rollback');
      });
      await waitFor(async () => ((await lag()) ?? Infinity) < 1);
    });

    await t.test('an index that takes no writes, although nothing is to be written', () =>
      ready.turns('an index is closed, or read-only', async (turned) => {
        await blockWrites(setting, 'movies', true);
        await turned();
        await blockWrites(setting, 'movies', false);
      }),
    );

    await setting.assertConverged();
    assert.equal(await checkHealth(HTTP_PORT), 0);
    await service.stop();
    assert.equal(await checkHealth(HTTP_PORT), 1);
  });

  it('is told by a command that holds the slot itself what it waits for', async (t) => {
    await using setting = await openSetting(t);
    await using elasticsearch = await openFaultyElasticsearch(
      setting.database.elasticsearchUrl,
      randomOf(1, 0),
    );
    await setting.admin.query(
      `insert into content.film_work (title) select 'Film ' || i from generate_series(1, 100) i`,
    );
    const command = startProjector(['snapshot'], {
      ...setting.database.env,
      ELASTICSEARCH_URL: elasticsearch.url,
      // Several chunks at once, the first of them slow, are no throttle to speak of.
      SNAPSHOT_PARALLELISM: '1',
      SNAPSHOT_MAX_RATE: '25',
      SNAPSHOT_CHUNK_SIZE: '20',
    });
    const status = (): Promise<ServiceStatus | null> => readStatus(setting.redis, setting.database.name);
    await waitFor(async () => command.hasEnded || (await status())?.state === 'snapshotting', {
      timeoutMs: PATIENCE_MS,
    });
    assert.ok(!command.hasEnded, command.output.stderr);
    elasticsearch.set([{ kind: 'answered', status: 429, body: '' }]);
    await waitFor(async () => (await status())?.reasons.some(({ reason }) => reason === 'elasticsearch'));
    elasticsearch.set([]);
    assert.deepEqual(await command.ended, { code: 0, signal: null }, command.output.stderr);
  });
});

/** The exit code of the image's healthcheck. */
async function checkHealth(port: string): Promise<number | null> {
  const step = readDockerfile().find((one) => one.kind === 'HEALTHCHECK');
  const [program, ...args] = step?.command ?? [];
  assert.equal(program, 'node');
  const child = spawn(process.execPath, args, { env: { HTTP_PORT: port }, stdio: 'ignore' });
  const [code] = (await once(child, 'close')) as [number | null];
  return code;
}

/** The values by name and labels, as the text has them. */
function parseMetrics(text: string): Map<string, number> {
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return new Map(
    lines.map((line) => {
      const at = line.lastIndexOf(' ');
      return [line.slice(0, at), Number(line.slice(at + 1))];
    }),
  );
}
