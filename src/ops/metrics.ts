import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import { createChangeTally, type ChangeTally } from './change-tally.ts';

/** What a batch goes through, and the checkpoint behind it. */
export const stages = ['gate', 'lookup', 'read', 'write', 'store'] as const;
export type Stage = (typeof stages)[number];

/** What the stages tell as they go. Called once a statement, a request or a batch; only `changes` is counted by the row. */
export interface Telemetry {
  /** Row changes that the stream has brought, by table and kind. */
  readonly changes: ChangeTally;
  /** A stage was at work for so long. */
  stage(stage: Stage, ms: number): void;
  /** A batch of so many documents is durable; its oldest change was routed `ageMs` ago. */
  batch(documents: number, ageMs: number): void;
  /** An attempt at a server failed, and is made again. */
  retried(server: string): void;
  /** A session has begun: the first, or one after a failure. */
  session(): void;
}

/** The metrics of the service, for Prometheus. */
export interface Metrics {
  readonly registry: Registry;
  readonly telemetry: Telemetry;
  readonly gauges: Gauges;
}

const SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];
const DOCUMENTS = [1, 2, 5, 10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000];

/**
 * All metrics, each with its meaning. Those that the stages tell as they go are kept up to date; the others are given
 * their values when they are asked for.
 * https://prometheus.io/docs/practices/naming/
 */
export function createMetrics(): Metrics {
  const registry = new Registry();
  const registers = [registry];
  const changes = createChangeTally();
  new Counter({
    name: 'projector_changes_total',
    help: 'Row changes that the stream has brought, by table and kind',
    labelNames: ['table', 'kind'],
    registers,
    collect() {
      this.reset();
      for (const { table, kind, count } of changes.counts()) this.inc({ table, kind }, count);
    },
  });
  const stageSeconds = new Histogram({
    name: 'projector_stage_seconds',
    help: 'Time per stage: gate (a commit to become visible), lookup, read and write of documents, store of the resume point',
    labelNames: ['stage'],
    buckets: SECONDS,
    registers,
  });
  const batchDocuments = new Histogram({
    name: 'projector_batch_documents',
    help: 'Documents in a batch',
    buckets: DOCUMENTS,
    registers,
  });
  const batchAgeSeconds = new Histogram({
    name: 'projector_batch_age_seconds',
    help: "From the routing of a batch's oldest change until the batch is durable",
    buckets: SECONDS,
    registers,
  });
  const retries = new Counter({
    name: 'projector_server_retries_total',
    help: 'Attempts at a server that failed and were made again',
    labelNames: ['server'],
    registers,
  });
  const sessions = new Counter({
    name: 'projector_sessions_total',
    help: 'Sessions begun: the first, and one after each failure that may pass',
    registers,
  });
  const inSeconds = Object.fromEntries(
    stages.map((stage) => [stage, stageSeconds.labels({ stage })]),
  ) as Record<Stage, Histogram.Internal<'stage'>>;
  return {
    registry,
    gauges: createGauges(registers),
    telemetry: {
      changes,
      stage: (stage, ms) => inSeconds[stage].observe(ms / 1_000),
      batch(documents, ageMs) {
        batchDocuments.observe(documents);
        batchAgeSeconds.observe(ageMs / 1_000);
      },
      retried: (server) => retries.inc({ server }),
      session: () => sessions.inc(),
    },
  };
}

type Gauges = ReturnType<typeof createGauges>;

/** What is read off the status when Prometheus asks. */
function createGauges(registers: Registry[]) {
  const gauge = <Label extends string = never>(
    name: string,
    help: string,
    labelNames: readonly Label[] = [],
  ): Gauge<Label> => new Gauge({ name, help, labelNames: [...labelNames], registers });
  return {
    ready: gauge('projector_ready', '1 when the service streams, reaches every server and is not stalled'),
    notReady: gauge('projector_not_ready', '1 for each reason why it is not ready', ['reason']),
    serverUp: gauge('projector_server_up', '1 when the server answers', ['server']),
    waiting: gauge('projector_waiting', '1 for each thing that is waited for', ['for']),
    lagBytes: gauge('projector_lag_bytes', 'WAL that is written and not durable in Elasticsearch yet'),
    lagSeconds: gauge(
      'projector_lag_seconds',
      'How long ago that was committed which becomes durable now, by heartbeats through the stream',
    ),
    documents: new Counter({
      name: 'projector_documents_total',
      help: 'Documents by what became of them: written, superseded by one at least as fresh, or refused',
      labelNames: ['outcome'],
      registers,
    }),
    queueBytes: gauge('projector_queue_bytes', 'Decoded changes that wait to be routed'),
    pendingIds: gauge('projector_pending_ids', 'Documents that wait to be batched'),
    fanOuts: gauge('projector_fan_outs', 'Lookups and truncates whose documents are not all found yet'),
    batchesInFlight: gauge('projector_batches_in_flight', 'Batches being read and written'),
    oldestSeconds: gauge(
      'projector_oldest_pending_seconds',
      'Since when the oldest unfinished work is there',
    ),
    deadLetters: gauge(
      'projector_dead_letters',
      'Documents that are refused for their content, or cannot be made of their rows',
      ['index'],
    ),
    snapshotRunning: gauge('projector_snapshot_running', '1 while the index is filled, or filled again', [
      'index',
    ]),
    snapshotDone: gauge('projector_snapshot_documents_done', 'Documents that the last snapshot has done', [
      'index',
    ]),
    snapshotExpected: gauge(
      'projector_snapshot_documents_expected',
      'Documents that there were to do when the last snapshot began',
      ['index'],
    ),
    walStatus: gauge('projector_slot_wal_status', "1 for the slot's wal_status", ['status']),
    retainedBytes: gauge('projector_slot_retained_bytes', 'WAL that Postgres keeps for the slot'),
    walLimitBytes: gauge(
      'projector_slot_wal_limit_bytes',
      'WAL that may still be written before Postgres gives the slot up; +Inf without max_slot_wal_keep_size',
    ),
    walLimitSeconds: gauge(
      'projector_slot_wal_limit_seconds',
      'Time until then at the rate of the last minutes; +Inf where the kept WAL does not grow',
    ),
  };
}
