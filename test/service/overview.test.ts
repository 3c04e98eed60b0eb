import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createOverview, type OverviewSettings } from '../../src/service/overview.ts';
import { showMetrics } from '../../src/service/show-metrics.ts';
import type { SessionStatus } from '../../src/service/status.ts';

const idle: SessionStatus = {
  state: 'streaming',
  pausedSince: null,
  waits: {},
  resumePoint: '0/100',
  covered: '0/100',
  pendingIds: 0,
  fanOuts: 0,
  batchesInFlight: 0,
  queuedBytes: 0,
  oldestPendingSeconds: 0,
  refusedIndexes: {},
  deadLetters: { movies: 2 },
  indexes: { movies: { physical: 'movies-1', replaces: null, isComplete: true, snapshot: null } },
};

const settings: OverviewSettings = {
  name: 'films',
  heartbeatIntervalMs: 1_000,
  queueBytes: 1_024,
  maxPending: 10,
  maxInFlight: 4,
};

/** The overview of a service whose session says what the test says, on a clock that is set by hand. */
function openOverview(started: Partial<SessionStatus> = {}) {
  const clock = { ms: 0 };
  const session = { ...idle, ...started };
  const overview = createOverview(settings, () => clock.ms);
  overview.begin(new Map());
  overview.hold('one', () => session);
  return { clock, session, overview, reasons: () => overview.status().reasons.map(({ reason }) => reason) };
}

describe('the overview of a service', () => {
  it('is not ready before it holds the slot, and is then', () => {
    const overview = createOverview(settings);
    overview.begin(new Map([['slot', 'another process to let go of it']]));
    assert.deepEqual(
      overview.status().reasons.map(({ reason }) => reason),
      ['standby', 'starting'],
    );
    overview.hold('one', () => idle);
    assert.equal(overview.status().ready, true);
  });

  it('takes a server for away after two failures in a row, and for back after one answer', () => {
    const { overview, reasons } = openOverview();
    overview.probed('redis', 'timed out');
    overview.probed('redis', null);
    overview.probed('redis', 'timed out');
    assert.deepEqual(reasons(), []);
    overview.probed('redis', 'timed out again');
    assert.deepEqual(reasons(), ['redis']);
    assert.equal(overview.status().servers['redis']?.error, 'timed out again');
    overview.probed('redis', null);
    assert.deepEqual(reasons(), []);
  });

  it('counts what is waited for once it has been for two seconds without a pause', () => {
    const { clock, session, overview, reasons } = openOverview();
    const lookAt = (ms: number, waits: SessionStatus['waits']): void => {
      clock.ms = ms;
      Object.assign(session, { waits });
      overview.look();
    };
    lookAt(0, { elasticsearch: '429' });
    lookAt(1_500, {});
    lookAt(2_000, { elasticsearch: '429' });
    lookAt(3_900, { elasticsearch: '429' });
    assert.deepEqual(reasons(), []);
    lookAt(4_000, { elasticsearch: '429' });
    assert.deepEqual(reasons(), ['elasticsearch']);
  });

  it('is stalled when nothing moves for ten seconds, be it that a batch or that a heartbeat does not end', () => {
    for (const isBatch of [true, false]) {
      const { clock, overview, reasons } = openOverview({ batchesInFlight: Number(isBatch) });
      if (!isBatch) overview.heartbeats.sent({ lsn: 0x200n, sentMs: 0 });
      overview.look();
      clock.ms = 9_900;
      overview.look();
      assert.deepEqual(reasons(), []);
      clock.ms = 10_000;
      overview.look();
      assert.deepEqual(reasons(), ['stalled']);
      overview.counts.written++;
      overview.look();
      assert.deepEqual(reasons(), []);
    }
  });

  it('is not stalled by a snapshot that takes its time', () => {
    const { clock, overview, reasons } = openOverview({ state: 'snapshotting' });
    overview.look();
    clock.ms = 60_000;
    overview.look();
    assert.deepEqual(reasons(), []);
  });

  it('knows after a failure what the session knew, and says why it failed until another holds the slot', () => {
    const { overview, reasons } = openOverview({ pendingIds: 7 });
    overview.failed(new Error('connection terminated'));
    const { state, resumePoint, deadLetters, pendingIds } = overview.status();
    assert.deepEqual(
      { state, resumePoint, deadLetters, pendingIds },
      { state: 'starting', resumePoint: '0/100', deadLetters: { movies: 2 }, pendingIds: 0 },
    );
    assert.deepEqual(reasons(), ['failed', 'starting']);
    overview.begin(new Map());
    overview.hold('one', () => idle);
    assert.deepEqual(reasons(), []);
  });

  it('knows what a session knew that has ended in order, and is followed by another', async () => {
    const { overview, reasons } = openOverview({ state: 'paused', pausedSince: '2026-11-27T09:00:00.000Z' });
    assert.deepEqual(reasons(), ['paused']);
    overview.begin(new Map());
    const { state, pausedSince, resumePoint, deadLetters } = overview.status();
    assert.deepEqual(
      { state, pausedSince, resumePoint, deadLetters },
      { state: 'starting', pausedSince: null, resumePoint: '0/100', deadLetters: { movies: 2 } },
    );
    assert.deepEqual(reasons(), ['starting']);
    assert.match(await overview.metrics.registry.metrics(), /^projector_sessions_total 1$/m);
    overview.failed(new Error('connection terminated'));
    overview.begin(new Map());
    assert.match(await overview.metrics.registry.metrics(), /^projector_sessions_total 2$/m);
  });

  it('tells how long batches and stages took, and how much there may be of what waits', () => {
    const { overview } = openOverview();
    assert.equal(overview.status().latency, null);
    overview.telemetry.batch(3, 250);
    overview.telemetry.stage('read', 50);
    const { latency, stages, limits, name } = overview.status();
    assert.deepEqual(latency, { p50: 0.25, p99: 0.25 });
    assert.deepEqual(stages.read, { times: 1, seconds: 0.05 });
    assert.deepEqual(limits, { queuedBytes: 1_024, pendingIds: 10, batchesInFlight: 4 });
    assert.equal(name, 'films');
  });

  it('keeps heartbeats from session to session of the same slot', () => {
    const { overview } = openOverview();
    overview.heartbeats.sent({ lsn: 0x200n, sentMs: 0 });
    overview.hold('one', () => idle);
    assert.equal(overview.heartbeats.areWaiting, true);
    overview.hold('another', () => idle);
    assert.equal(overview.heartbeats.areWaiting, false);
  });

  it('gives no number to what is not known', async () => {
    const { overview } = openOverview();
    const shown = async (): Promise<string> => {
      showMetrics(overview.metrics, overview.status());
      return overview.metrics.registry.metrics();
    };
    const unknown = [/^projector_lag_bytes /m, /^projector_lag_seconds /m, /^projector_slot_\w+[ {]/m];
    for (const pattern of unknown) assert.doesNotMatch(await shown(), pattern);
    const slot = { walStatus: 'reserved', retainedBytes: 512, bytesLeft: null, currentLsn: 0x180n };
    overview.sawSlot(slot);
    overview.heartbeats.sent({ lsn: 0x100n, sentMs: 0 });
    assert.match(await shown(), /^projector_lag_bytes 128$/m);
    assert.match(await shown(), /^projector_slot_wal_limit_bytes \+Inf$/m);
    assert.match(await shown(), /^projector_slot_wal_status\{status="reserved"\} 1$/m);
    for (let failures = 0; failures < 2; failures++) overview.probed('postgres', 'refused');
    assert.match(await shown(), /^projector_server_up\{server="postgres"\} 0$/m);
    for (const pattern of [/^projector_lag_bytes /m, /^projector_slot_\w+[ {]/m])
      assert.doesNotMatch(await shown(), pattern);
  });
});
