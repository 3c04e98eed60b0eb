import assert from 'node:assert/strict';
import { mkdtempDisposableSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { collectDefaultMetrics } from 'prom-client';
import { stringify } from 'yaml';
import { findPrometheus } from '../../dev/stack/prometheus-program.ts';
import { run } from '../../dev/stack/run.ts';
import { createMetrics } from '../../src/ops/metrics.ts';
import { notReadyReasons } from '../../src/ops/readiness.ts';
import { checkout } from './compose-file.ts';
import { alertsFile, prometheusFile, readAlerts, readDashboard, type Alert } from './prometheus-files.ts';

/** What Prometheus has scraped: values a minute apart, in promtool's notation (`0+10x5`: 0, 10, … 50). */
type Scraped = Readonly<Record<string, string>>;

interface Case {
  /** In this it fires, at its end and not before `notYet` minutes. */
  readonly fault: Scraped;
  readonly minutes: number;
  readonly notYet: number;
  /** The labels of the alert beside its severity. */
  readonly labels: Readonly<Record<string, string>>;
  /** In this it never fires. */
  readonly well: Scraped;
}

const target = { job: 'projector', instance: 'a' };

/** A series of this target. */
function series(name: string, labels: Readonly<Record<string, string>> = {}): string {
  const pairs = Object.entries({ ...target, ...labels }).map(([label, value]) => `${label}="${value}"`);
  return `${name}{${pairs.join(',')}}`;
}

const infinite = (times: number): string => Array(times).fill('+Inf').join(' ');

const notReady = (reason: string): string => series('projector_not_ready', { reason });

function byReason(reason: string, minutes: number): Case {
  return {
    fault: { [notReady(reason)]: `1x${minutes}` },
    minutes,
    notYet: 0,
    labels: { reason },
    well: { [notReady(reason)]: `0x${minutes}`, [notReady('starting')]: `1x${minutes}` },
  };
}

const movies = { index: 'movies' };

const cases: Readonly<Record<string, Case>> = {
  ProjectorDown: {
    fault: { [series('up')]: '1x5 0x5' },
    minutes: 10,
    notYet: 5,
    labels: {},
    well: { [series('up')]: '1x10', 'up{job="other",instance="b"}': '0x10' },
  },
  ProjectorRestarts: {
    fault: { [series('process_start_time_seconds')]: '100 200 300 400 400' },
    minutes: 4,
    notYet: 2,
    labels: {},
    well: { [series('process_start_time_seconds')]: '100 200 300 300 300' },
  },
  ProjectorSessionsFail: {
    fault: { [series('projector_sessions_total')]: '1+1x15' },
    minutes: 15,
    notYet: 1,
    labels: {},
    well: { [series('projector_sessions_total')]: '1 2 2 2x12' },
  },
  ProjectorNotReady: {
    fault: {
      [series('projector_ready')]: '0x6',
      [notReady('starting')]: '1x6',
      [notReady('standby')]: '0x6',
    },
    minutes: 6,
    notYet: 4,
    labels: {},
    well: { [series('projector_ready')]: '0x6', [notReady('standby')]: '1x6' },
  },
  ProjectorStalled: byReason('stalled', 2),
  ProjectorPaused: byReason('paused', 61),
  ProjectorServerUnreachable: {
    fault: { [series('projector_server_up', { server: 'redis' })]: '1 0 0' },
    minutes: 2,
    notYet: 1,
    labels: { server: 'redis' },
    well: { [series('projector_server_up', { server: 'redis' })]: '1 0 1' },
  },
  ProjectorServerRetries: {
    fault: { [series('projector_server_retries_total', { server: 'postgres' })]: '0+60x20' },
    minutes: 20,
    notYet: 10,
    labels: { server: 'postgres' },
    well: {
      [series('projector_server_retries_total', { server: 'postgres' })]: '0+6x10 120+60x9',
      [series('projector_server_up', { server: 'postgres' })]: '1x10 0x9',
    },
  },
  ProjectorIndexBlocked: byReason('index-blocked', 2),
  ProjectorWaitsForTransaction: {
    fault: { [series('projector_waiting', { for: 'barrier' })]: '1x6' },
    minutes: 6,
    notYet: 4,
    labels: { for: 'barrier' },
    well: { [series('projector_waiting', { for: 'slot' })]: '1x6' },
  },
  ProjectorLagging: {
    fault: { [series('projector_lag_seconds')]: '0+60x10' },
    minutes: 10,
    notYet: 6,
    labels: {},
    well: {
      [series('projector_lag_seconds')]: '0 90 90 90 1 90 90 90 90 90 90',
      [notReady('paused')]: '0x4 1x5',
    },
  },
  ProjectorDeadLetters: {
    fault: { [series('projector_dead_letters', movies)]: '3x6' },
    minutes: 6,
    notYet: 4,
    labels: movies,
    well: { [series('projector_dead_letters', movies)]: '0x6' },
  },
  ProjectorSnapshotStuck: {
    fault: {
      [series('projector_snapshot_running', movies)]: '1x40',
      [series('projector_snapshot_documents_done', movies)]: '0+100x5 500x35',
    },
    minutes: 40,
    notYet: 20,
    labels: movies,
    well: {
      [series('projector_snapshot_running', movies)]: '1x10 0x30',
      [series('projector_snapshot_documents_done', movies)]: '0+100x10 1000x30',
    },
  },
  ProjectorWalLimitNear: {
    fault: { [series('projector_slot_wal_limit_seconds')]: '10000x6' },
    minutes: 6,
    notYet: 4,
    labels: {},
    well: { [series('projector_slot_wal_limit_seconds')]: `${infinite(4)} 10000 ${infinite(4)}` },
  },
  ProjectorWalLimitImminent: {
    fault: { [series('projector_slot_wal_limit_seconds')]: '10000 1700 1700 1700' },
    minutes: 3,
    notYet: 1,
    labels: {},
    well: { [series('projector_slot_wal_limit_seconds')]: '10000x3' },
  },
  ProjectorSlotAtRisk: {
    fault: {
      [series('projector_slot_wal_status', { status: 'extended' })]: '1 0 0',
      [series('projector_slot_wal_status', { status: 'unreserved' })]: '0 1 1',
    },
    minutes: 1,
    notYet: 0,
    labels: { status: 'unreserved' },
    well: {
      [series('projector_slot_wal_status', { status: 'extended' })]: '1x3',
      [series('projector_slot_wal_status', { status: 'lost' })]: '0x3',
    },
  },
  ProjectorWalKept: {
    fault: {
      [series('projector_slot_retained_bytes')]: '20000000000x20',
      [series('projector_slot_wal_limit_bytes')]: infinite(21),
    },
    minutes: 20,
    notYet: 10,
    labels: {},
    well: {
      [series('projector_slot_retained_bytes')]: '20000000000x20',
      [series('projector_slot_wal_limit_bytes')]: '1000x20',
    },
  },
};

/** Where the alert's text shows a label. */
function withLabels(text: string, labels: Readonly<Record<string, string>>): string {
  return text.replace(/\{\{ \$labels\.(\w+) \}\}/g, (_, name: string) => labels[name] ?? '');
}

/** The rules' unit tests as promtool reads them: each alert in its fault, before it, and where all is well. */
function ruleTests(alerts: readonly Alert[]): unknown {
  const input = (scraped: Scraped) =>
    Object.entries(scraped).map(([name, values]) => ({ series: name, values }));
  const tests = alerts.flatMap(({ alert: alertname, labels: { severity }, annotations }) => {
    const { fault, well, labels, minutes, notYet } = cases[alertname] ?? assert.fail(alertname);
    const expected = {
      exp_labels: { ...target, ...labels, severity },
      exp_annotations: Object.fromEntries(
        Object.entries(annotations).map(([name, text]) => [name, withLabels(text, labels)]),
      ),
    };
    const never = Array.from({ length: minutes + 1 }, (_, minute) => minute);
    return [
      {
        interval: '1m',
        input_series: input(fault),
        alert_rule_test: [
          { eval_time: `${notYet}m`, alertname, exp_alerts: [] },
          { eval_time: `${minutes}m`, alertname, exp_alerts: [expected] },
        ],
      },
      {
        interval: '1m',
        input_series: input(well),
        alert_rule_test: never.map((minute) => ({ eval_time: `${minute}m`, alertname, exp_alerts: [] })),
      },
    ];
  });
  return { rule_files: [alertsFile], evaluation_interval: '1m', tests };
}

const programs = await findPrometheus().catch((error: unknown) => String(error));
const skip = typeof programs === 'string' && `promtool cannot be had here: ${programs}`;
const promtool = (...args: string[]): Promise<string> =>
  run(typeof programs === 'string' ? '' : programs.promtool, args);

test('Prometheus takes the rules and the configuration', { skip }, async () => {
  await promtool('check', 'rules', alertsFile);
  await promtool('check', 'config', prometheusFile);
});

test(
  'each alert fires in its fault, not before its time, and never where all is well',
  { skip },
  async () => {
    using folder = mkdtempDisposableSync(join(tmpdir(), 'projector-alerts-'));
    const alerts = readAlerts();
    assert.deepEqual(alerts.map(({ alert }) => alert).sort(), Object.keys(cases).sort());
    const file = join(folder.path, 'alerts.test.yml');
    writeFileSync(file, stringify(ruleTests(alerts)));
    await promtool('test', 'rules', file);
  },
);

test('Prometheus takes every expression of the dashboard', { skip }, async () => {
  using folder = mkdtempDisposableSync(join(tmpdir(), 'projector-dashboard-'));
  const rules = readDashboard().map(({ expr }, position) => ({
    record: `panel:expression:${position}`,
    expr: expr.replaceAll('$__rate_interval', '5m').replaceAll('$job', 'projector'),
  }));
  const file = join(folder.path, 'dashboard.yml');
  writeFileSync(file, stringify({ groups: [{ name: 'dashboard', rules }] }));
  await promtool('check', 'rules', file);
});

/** The names of the series that the service has, and those that Prometheus itself adds. */
async function knownSeries(): Promise<Set<string>> {
  const { registry } = createMetrics();
  collectDefaultMetrics({ register: registry });
  const metrics = await registry.getMetricsAsJSON();
  return new Set([
    'up',
    ...metrics.flatMap(({ name, type }) =>
      String(type) === 'histogram' ? [`${name}_bucket`, `${name}_sum`, `${name}_count`] : [name],
    ),
  ]);
}

/** The names of the series that an expression reads. */
function seriesIn(expr: string): string[] {
  const bare = expr.replaceAll(/"[^"]*"/g, '').replaceAll(/\b(by|on|without|ignoring) ?\([^)]*\)/g, '');
  return [...bare.matchAll(/\b(up|(?:projector|process|nodejs)_\w+)\b/g)].map(([, name]) => name ?? '');
}

test('the alerts and the dashboard read what the service has, and nothing else', async () => {
  const known = await knownSeries();
  const expressions = [...readAlerts(), ...readDashboard()].map(({ expr }) => expr);
  assert.ok(expressions.length > 20);
  for (const expr of expressions) {
    const names = seriesIn(expr);
    assert.ok(names.length > 0, expr);
    for (const name of names) assert.ok(known.has(name), `${name} in ${expr}`);
  }
});

test('the dashboard shows every metric of the service', async () => {
  const shown = new Set(readDashboard().flatMap(({ expr }) => seriesIn(expr)));
  const metrics = await createMetrics().registry.getMetricsAsJSON();
  assert.deepEqual(
    metrics
      .map(({ name }) => name)
      .filter((name) => ![name, `${name}_bucket`, `${name}_count`].some((one) => shown.has(one))),
    [],
  );
});

test('docs/watching.md has every metric with its meaning', async () => {
  const docs = readFileSync(join(checkout, 'docs/watching.md'), 'utf8');
  const rows = [...docs.matchAll(/^\| `(projector_\w+)` +\| (\w+) +\| (.+?) +\|$/gm)].map((row) =>
    row.slice(1),
  );
  const metrics = await createMetrics().registry.getMetricsAsJSON();
  assert.deepEqual(
    rows,
    metrics.map(({ name, type, help }) => [name, String(type), help]),
  );
});

test('the alerts name reasons that there are', () => {
  for (const { expr } of readAlerts())
    for (const [, reasons = ''] of expr.matchAll(/reason=~?"([^"]+)"/g))
      for (const reason of reasons.split('|'))
        assert.ok((notReadyReasons as readonly string[]).includes(reason), reason);
});

test('metrics are named by convention', async () => {
  for (const { name, help, type } of await createMetrics().registry.getMetricsAsJSON()) {
    assert.match(name, /^projector_[a-z_]+$/);
    assert.equal(name.endsWith('_total'), String(type) === 'counter', name);
    assert.ok(help.length > 10, name);
  }
});
