import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { stripVTControlCharacters } from 'node:util';
import type { StatusReport } from '../../src/cli/status-report.ts';
import { renderStatus } from '../../src/cli/status-screen.ts';
import { formatBytes, formatSeconds } from '../../src/ops/console/format.js';
import { newReindex } from '../../src/service/reindexes.ts';
import type { ServiceStatus } from '../../src/service/status.ts';

const startedMs = Date.parse('2026-11-27T08:00:00Z');
const plainly = { hasColours: false, nowMs: startedMs + 7_380_000 };

const service: ServiceStatus = {
  state: 'streaming',
  pausedSince: null,
  waits: {},
  resumePoint: '0/30',
  covered: '0/30',
  pendingIds: 0,
  fanOuts: 0,
  batchesInFlight: 0,
  queuedBytes: 0,
  oldestPendingSeconds: 0,
  deadLetters: {},
  refusedIndexes: {},
  indexes: {},
  name: 'films',
  pid: 12,
  startedAt: new Date(startedMs).toISOString(),
  at: new Date(plainly.nowMs).toISOString(),
  ready: true,
  reasons: [],
  changes: 4_211,
  written: 3_000,
  superseded: 2,
  refused: 0,
  limits: { queuedBytes: 2 ** 24, pendingIds: 50_000, batchesInFlight: 4 },
  stages: {
    gate: { times: 0, seconds: 0 },
    lookup: { times: 0, seconds: 0 },
    read: { times: 0, seconds: 0 },
    write: { times: 0, seconds: 0 },
    store: { times: 0, seconds: 0 },
  },
  latency: null,
  lag: { bytes: 2_048, seconds: 0.012 },
  servers: {
    postgres: { error: null, retries: 0 },
    redis: { error: null, retries: 3 },
    elasticsearch: { error: null, retries: 0 },
  },
  slot: { walStatus: 'reserved', retainedBytes: 3 * 2 ** 20, bytesLeft: 10 * 2 ** 30, secondsLeft: null },
  residentBytes: 90 * 2 ** 20,
};

const report: StatusReport = {
  name: 'films',
  service,
  pausedSince: null,
  checkpoint: '0/30',
  slot: { confirmedFlush: '0/30', active: true, lost: false, loss: null, retainedBytes: 3 * 2 ** 20 },
  indexes: {
    movies: { documents: 3_844, deadLetters: 0, snapshot: null, reindex: null },
  },
  unreachable: {},
  notKnown: [],
};

describe('the screen of projector status', () => {
  it('says in one look that all is well', () => {
    assert.equal(
      renderStatus(report, plainly),
      `service    streaming, ready (pid 12, for 2 h 3 min)
behind     12 ms, 2.0 KiB of WAL
stream     4,211 changes, 0 documents to do
documents  3,000 written, 2 superseded, 0 refused
servers    postgres up, redis up (3 retries), elasticsearch up
WAL        reserved, 3.0 MiB kept, 10.0 GiB left
memory     90.0 MiB
resume     0/30
slot       films: in use, confirmed 0/30, keeps 3.0 MiB of WAL
index      movies: 3,844 documents`,
    );
  });

  it('says what is wrong, and how long until the slot is given up', () => {
    const ill: ServiceStatus = {
      ...service,
      ready: false,
      reasons: [{ reason: 'elasticsearch', detail: 'connect ECONNREFUSED' }],
      waits: { elasticsearch: 'connect ECONNREFUSED' },
      lag: { bytes: null, seconds: 75 },
      servers: { elasticsearch: { error: 'connect ECONNREFUSED', retries: 1 } },
      slot: { walStatus: 'extended', retainedBytes: 2 ** 30, bytesLeft: 2 ** 30, secondsLeft: 1_200 },
    };
    const lines = renderStatus({ ...report, service: ill }, plainly).split('\n');
    for (const line of [
      'not ready  elasticsearch: connect ECONNREFUSED',
      'waiting    elasticsearch: connect ECONNREFUSED',
      'behind     1 min 15 s',
      'servers    elasticsearch away (1 retries)',
      'WAL        extended, 1.0 GiB kept, 1.0 GiB left, full in 20 min 0 s at this rate',
    ]) {
      assert.ok(lines.includes(line), `${line}\nis not in\n${lines.join('\n')}`);
    }
  });

  it('tells what is not there from what is not known', () => {
    const bare = { ...report, service: null, slot: null, checkpoint: null };
    const none = renderStatus({ ...bare, indexes: {} }, plainly).split('\n');
    assert.deepEqual(none, [
      'service    none holds the slot: not running, or still starting',
      'resume     nowhere yet',
      'slot       films: none',
    ]);
    const nothing = { documents: null, deadLetters: null, snapshot: null, reindex: null };
    const unreachable = { redis: 'redis at r:1: timed out', postgres: 'postgres at p:2: timed out' };
    const indexes = { movies: nothing };
    const lines = (away: StatusReport['unreachable']): string[] =>
      renderStatus({ ...bare, indexes, unreachable: away }, plainly).split('\n');
    assert.deepEqual(lines(unreachable), [
      'service    not known',
      'problem    redis at r:1: timed out',
      'problem    postgres at p:2: timed out',
      'resume     not known',
      'slot       films: not known',
      'index      movies: not there, snapshot and reindex not known',
    ]);
    assert.equal(lines({ elasticsearch: 'away' }).at(-1), 'index      movies: documents not known');
  });

  it('shows a snapshot as a bar, and dead letters', () => {
    const snapshot = {
      physical: 'm-1',
      basis: '',
      state: 'running',
      done: 500,
      total: 1_000,
      after: null,
    } as const;
    const indexes = { movies: { documents: null, deadLetters: 8, snapshot, reindex: null } };
    assert.match(
      renderStatus({ ...report, indexes }, plainly),
      /movies: not there, 8 refused \(dead-letters list\), snapshot █{10}░{10} 500 of 1,000$/,
    );
  });

  it('says since when it is paused, and what is being built anew', () => {
    const startedAt = '2026-11-27T09:00:00.000Z';
    const reindex = {
      ...newReindex({ id: 'r', isAskedFor: true, hash: 'h', keeps: false }, new Date(startedAt)),
      before: 'm-1',
    };
    const indexes = { movies: { documents: 7, deadLetters: 0, snapshot: null, reindex } };
    const lines = renderStatus({ ...report, service: null, pausedSince: startedAt, indexes }, plainly).split(
      '\n',
    );
    assert.equal(lines[1], `paused     since ${startedAt} (projector resume)`);
    assert.equal(lines.at(-1), `index      movies: 7 documents, being built anew since ${startedAt}`);
  });

  it('has colours where asked for, which change nothing else', () => {
    const coloured = renderStatus(report, { ...plainly, hasColours: true });
    assert.notEqual(coloured, renderStatus(report, plainly));
    assert.equal(stripVTControlCharacters(coloured), renderStatus(report, plainly));
  });
});

describe('figures for people', () => {
  it('have a unit in which they are short', () => {
    assert.deepEqual([0, 1_023, 1_024, 5 * 2 ** 40].map(formatBytes), [
      '0 B',
      '1023 B',
      '1.0 KiB',
      '5.0 TiB',
    ]);
    assert.deepEqual([0, 0.9994, 1, 59.94, 60, 3_599, 3_600, 86_399, 360_000].map(formatSeconds), [
      '0 ms',
      '999 ms',
      '1.0 s',
      '59.9 s',
      '1 min 0 s',
      '59 min 59 s',
      '1 h 0 min',
      '23 h 59 min',
      '4 d 4 h',
    ]);
  });
});
