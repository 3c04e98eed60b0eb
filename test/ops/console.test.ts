import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe as suite, it } from 'node:test';
import { checkout } from '../../dev/stack/paths.ts';
import { consoleFiles } from '../../src/ops/console-files.ts';
import { describe, describeState } from '../../src/ops/console/describe.js';
import { createFillings, createPast, ratesOf, seriesOf } from '../../src/ops/console/rates.js';
import { ceiling, minutesOf, nearest, shapeOf, within } from '../../src/ops/console/shape.js';
import type { HttpAnswer } from '../../src/ops/http.ts';
import { notReadyReasons } from '../../src/ops/readiness.ts';
import { createOverview } from '../../src/service/overview.ts';
import { createRecent } from '../../src/service/recent.ts';
import type { ServiceStatus } from '../../src/service/status.ts';

const base = createOverview({
  name: 'films',
  heartbeatIntervalMs: 1_000,
  queueBytes: 1_000,
  maxPending: 10,
  maxInFlight: 4,
}).status();

function at(seconds: number, status: Partial<ServiceStatus> = {}): ServiceStatus {
  return { ...base, ...status, at: new Date(Date.UTC(2026, 10, 27) + seconds * 1_000).toISOString() };
}

const read = (times: number, seconds: number): Pick<ServiceStatus, 'stages'> => ({
  stages: { ...base.stages, read: { times, seconds } },
});

suite('the files of the console', () => {
  const body = (path: string): string => {
    const answer = consoleFiles()[path]?.({ headers: {}, json: () => Promise.reject(new Error()) });
    return (answer as HttpAnswer).body;
  };
  const page = body('/');

  it('are all there', () => {
    const files = readdirSync(join(checkout, 'src/ops/console')).filter((name) => name !== 'tsconfig.json');
    const served = Object.keys(consoleFiles()).map((path) => (path === '/' ? 'index.html' : path.slice(9)));
    assert.deepEqual(served.sort(), files.sort());
  });

  it('load nothing from elsewhere, wherever a proxy has the page, and have no script or style within it', () => {
    assert.doesNotMatch(
      page,
      /<style|\sstyle=|\son\w+=|<script(?! type="module" src="\.\/console\/console\.js"><)/,
    );
    for (const [, address] of page.matchAll(/(?:src|href)="([^"]+)"/g))
      assert.match(address ?? '', /^(\.\/|#)/);
    for (const path of Object.keys(consoleFiles()))
      assert.doesNotMatch(body(path).replace('http://www.w3.org/2000/svg', ''), /https?:/);
  });

  it('say of every reason why it is not ready what it means', () => {
    const meanings = [...page.matchAll(/<div id="means-([a-z-]+)">\s*<dt>([a-z-]+)<\/dt>\s*<dd>\S/g)];
    assert.deepEqual(
      meanings.map(([, id]) => id),
      [...notReadyReasons],
    );
    for (const [, id, name] of meanings) assert.equal(id, name);
  });

  it('have a place for all that is described, and describe all that has a place', () => {
    const described = describe(base, ratesOf([base]));
    for (const [attribute, values] of [
      ['data-text', described.texts],
      ['data-meter', described.meters],
      ['data-tone-of', described.tones],
    ] as const) {
      const places = [...page.matchAll(new RegExp(`${attribute}="(\\w+)"`, 'g'))].map(([, name]) => name);
      assert.deepEqual([...new Set(places)].sort(), Object.keys(values).sort());
    }
  });
});

suite('how fast it goes', () => {
  it('is told by what has happened in the last seconds', () => {
    const heard = [
      at(0),
      at(2, { changes: 10 }),
      at(4, { changes: 30 }),
      at(7, { changes: 80, written: 40, refused: 10 }),
    ];
    const { changes, documents } = ratesOf(heard);
    assert.deepEqual({ changes, documents }, { changes: 14, documents: 10 });
    assert.equal(ratesOf([at(0)]).changes, null);
    assert.equal(ratesOf([]).changes, null);
  });

  it('is told of each stage, where it was at work', () => {
    const { secondsEach } = ratesOf([at(0, read(10, 1)), at(1, read(14, 3))]);
    assert.deepEqual([secondsEach.read, secondsEach.write], [0.5, null]);
  });

  it('is not known of a service that has begun anew', () => {
    assert.equal(ratesOf([at(0, { changes: 9 }), at(1, { startedAt: at(1).at, changes: 12 })]).changes, null);
    const { values } = seriesOf([at(0, { changes: 9 }), at(1, { changes: 2 }), at(2, { changes: 4 })]);
    assert.deepEqual(values.changes, [null, null, 2]);
  });

  it('is not known of a time in which nothing was heard', () => {
    const { times, values } = seriesOf([at(0), at(60, { changes: 600 }), at(62, { changes: 610 })]);
    assert.equal((times[1] ?? 0) - (times[0] ?? 0), 60_000);
    assert.deepEqual(values.changes, [null, null, 5]);
  });

  it('says how long the filling of an index still takes, once it has gone on for a moment', () => {
    const fillings = createFillings();
    assert.equal(fillings.rate('movies-1', 100, 0), null);
    assert.equal(fillings.rate('movies-1', 200, 1_000), null);
    assert.equal(fillings.rate('movies-1', 400, 2_000), 150);
    assert.equal(fillings.rate('movies-2', 400, 2_000), null);
    // Begun anew.
    assert.equal(fillings.rate('movies-1', 0, 10_000), null);
  });
});

suite('what was', () => {
  it('is kept for a quarter of an hour, by the page and by the service', () => {
    const past = createPast();
    const recent = createRecent();
    for (let second = 0; second < 1_200; second += 2) {
      past.add(at(second));
      recent.add(at(second));
    }
    assert.deepEqual(
      past.all.map((one) => one.at),
      recent.past.map((one) => one.at),
    );
    assert.equal(recent.past.length, 450);
    assert.equal(past.add(at(1_198.5)), false);
  });

  it('is what the service has kept, where the page was not heard meanwhile', () => {
    const past = createPast();
    for (const second of [0, 1, 100]) past.add(at(second));
    past.learn([at(1), at(50), at(99)]);
    assert.deepEqual(
      past.all.map((one) => one.at),
      [0, 1, 50, 99, 100].map((second) => at(second).at),
    );
    past.learn([]);
    assert.equal(past.all.length, 5);
  });
});

suite('a plot', () => {
  const windowMs = 900_000;
  const times = [0, 450, 900].map((second) => second * 1_000);

  it('joins what is known without a gap, and shows a moment by itself as a dot', () => {
    const close = [896, 897, 898, 899, 900].map((second) => second * 1_000);
    const { line, area } = shapeOf(close, [1, 2, null, null, 0], { max: 2, windowMs });
    assert.equal(line, 'M896.0 75.0L897.0 2.0M900.0 148.0h0.1');
    assert.equal(area, 'M896.0 150L896.0 75.0L897.0 2.0L897.0 150Z');
    const { line: dots } = shapeOf(times, [0, 0, 0], { max: 1, windowMs });
    assert.equal(dots, 'M0.0 148.0h0.1M450.0 148.0h0.1M900.0 148.0h0.1');
  });

  it('shows the time that is asked for, up to the last moment', () => {
    const series = seriesOf([at(0), at(100, { changes: 1 }), at(101, { changes: 3 })]);
    const cut = within(series, 1_000);
    assert.deepEqual([cut.times, cut.values.changes], [series.times.slice(1), [null, 2]]);
    assert.deepEqual(within(series, windowMs), series);
    assert.deepEqual(within(seriesOf([]), windowMs).times, []);
  });

  it('reaches to a round height', () => {
    const scale = { steps: [1, 2, 5], fold: 10 };
    assert.deepEqual(
      [1, 1.1, 5, 5.1, 99, 101].map((value) => ceiling(value, scale)),
      [1, 2, 5, 10, 100, 200],
    );
  });

  it('tells what was at the moment that somebody points at', () => {
    assert.deepEqual(
      [0, 0.24, 0.26, 0.6, 1].map((place) => nearest(times, place, windowMs)),
      [0, 0, 1, 1, 2],
    );
    assert.equal(nearest([], 0.5, windowMs), null);
  });

  it('tells the most of each minute, the last one first', () => {
    const past = [
      at(0, { changes: 0 }),
      at(2, { changes: 2 }),
      at(4, { changes: 10 }),
      at(61, { changes: 10 }),
    ];
    const minutes = minutesOf(seriesOf(past), ['changes', 'p50']);
    assert.deepEqual(
      minutes.map(({ most }) => most),
      [
        [null, null],
        [4, null],
      ],
    );
  });
});

suite('the console says', () => {
  const status: ServiceStatus = { ...base, state: 'streaming', ready: true, reasons: [] };

  it('above all whether it is heard of, and whether it is ready', () => {
    assert.deepEqual(describeState('live', status), { text: 'Streaming, ready', tone: 'good' });
    assert.deepEqual(describeState('stopped', status), { text: 'The service has stopped', tone: 'bad' });
    assert.deepEqual(describeState('silent', null), { text: 'The service does not answer', tone: 'bad' });
    const because = (reason: ServiceStatus['reasons'][number]['reason']): ServiceStatus => ({
      ...status,
      ready: false,
      reasons: [{ reason, detail: '' }],
    });
    assert.deepEqual(describeState('live', because('redis')), { text: 'Not ready: redis', tone: 'bad' });
    assert.equal(describeState('live', because('paused')).tone, 'warn');
  });

  it('how much WAL may still be kept, and how bad that is', () => {
    const wal = (slot: ServiceStatus['slot']): unknown => {
      const { texts, tones, meters } = describe({ ...status, slot }, ratesOf([]));
      return [texts['walDetail'], tones['wal'], meters['wal']?.max];
    };
    const slot = { walStatus: 'reserved', retainedBytes: 2 ** 20, bytesLeft: 2 ** 30, secondsLeft: null };
    assert.deepEqual(wal(slot), ['reserved; 1.0 GiB left', 'good', 2 ** 20 + 2 ** 30]);
    assert.deepEqual(wal({ ...slot, bytesLeft: null }), ['reserved; no limit is set', 'good', 0]);
    assert.deepEqual(wal({ ...slot, secondsLeft: 7_200 }), [
      'reserved; 1.0 GiB left, full in 2 h 0 min',
      'warn',
      2 ** 20 + 2 ** 30,
    ]);
    assert.deepEqual(wal({ ...slot, walStatus: 'unreserved', bytesLeft: -5 }), [
      'unreserved; 0 B left',
      'bad',
      2 ** 20,
    ]);
  });

  it('which stage waits for what, and which queue fills up', () => {
    const { texts, tones } = describe(
      { ...status, waits: { gate: 'transaction 7 to become visible' }, pendingIds: 9 },
      ratesOf([]),
    );
    assert.equal(texts['replicationDetail'], 'transaction 7 to become visible');
    assert.deepEqual([tones['replication'], tones['debouncer'], tones['router']], ['warn', 'warn', 'idle']);
  });
});
