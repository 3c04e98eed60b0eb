import type { Settings } from '../config/settings.ts';
import { createHeartbeats, type Heartbeats } from '../ops/heartbeats.ts';
import { createMetrics, type Metrics, type Telemetry } from '../ops/metrics.ts';
import { reasonsNotReady } from '../ops/readiness.ts';
import { createTimings } from '../ops/timings.ts';
import { createWalBudget } from '../ops/wal-budget.ts';
import type { SlotWal } from '../replication/slot.ts';
import { describeError, serverNames, type ServerName } from '../servers/named-errors.ts';
import type { Waits } from '../servers/outages.ts';
import { parseLsn } from '../shared/lsn.ts';
import type { ProjectionCounts } from './projection.ts';
import type { ServiceStatus, SessionStatus } from './status.ts';
import { movementOf } from './watchdog.ts';

/** What is known of the service from outside its session, and through all of its sessions. */
export interface Overview {
  readonly metrics: Metrics;
  readonly telemetry: Telemetry;
  readonly counts: ProjectionCounts & { changes: number };
  readonly heartbeats: Heartbeats;
  /** A session begins: until it holds the slot, all that is known of it is what it waits for. */
  begin(waits: Waits): void;
  /** The session holds the slot; heartbeats of another `incarnation` of it count for nothing. */
  hold(incarnation: string, describe: () => SessionStatus): void;
  /** The session has ended, and why; another follows. */
  failed(error: unknown): void;
  /** An attempt at a server failed, and is made again. */
  retried(server: ServerName): void;
  /** What a server that was asked answers: null for well, or what is wrong. Gives whether it is taken for away. */
  probed(server: ServerName, error: string | null): boolean;
  /** The blocks of the indexes that take no writes. */
  blocked(blocks: Readonly<Record<string, string>>): void;
  /** What Postgres says of the slot and its WAL; null when there is no slot. */
  sawSlot(slot: SlotWal | null): void;
  /** Whether a session holds the slot. */
  readonly isHolding: boolean;
  /** Compares with what was before; to be called at intervals. */
  look(): void;
  status(): ServiceStatus;
}

/** There is nothing to do while no session holds the slot. */
const IDLE = {
  state: 'starting',
  pausedSince: null,
  pendingIds: 0,
  fanOuts: 0,
  batchesInFlight: 0,
  queuedBytes: 0,
  oldestPendingSeconds: 0,
} as const;

/** One failure may be a moment's; two in a row are not. */
const FAILURES_IN_A_ROW = 2;

/** The settings that a status tells of, or rests on. */
export type OverviewSettings = Pick<
  Settings,
  'name' | 'heartbeatIntervalMs' | 'queueBytes' | 'maxPending' | 'maxInFlight'
>;

export function createOverview(
  settings: OverviewSettings,
  now: () => number = () => performance.now(),
): Overview {
  const startedAt = new Date();
  const metrics = createMetrics();
  const timings = createTimings(now);
  const telemetry: Telemetry = {
    ...metrics.telemetry,
    stage(stage, ms) {
      metrics.telemetry.stage(stage, ms);
      timings.stage(stage, ms);
    },
    batch(documents, ageMs) {
      metrics.telemetry.batch(documents, ageMs);
      timings.batch(ageMs);
    },
  };
  const counts = { changes: 0, written: 0, superseded: 0, refused: 0 };
  const heartbeats = createHeartbeats(settings.heartbeatIntervalMs, now);
  const budget = createWalBudget();
  const servers = new Map(
    serverNames.map((name) => [name, { error: null as string | null, failures: 0, retries: 0 }]),
  );
  const state: {
    waits: Waits;
    describe: (() => SessionStatus) | null;
    /** What the last session knew in the end. */
    last: Pick<SessionStatus, 'resumePoint' | 'covered' | 'deadLetters' | 'refusedIndexes' | 'indexes'>;
    incarnation: string | null;
    failure: string | null;
    blocks: Readonly<Record<string, string>>;
    slot: SlotWal | null;
    mark: string;
    movedMs: number;
  } = {
    waits: new Map(),
    describe: null,
    last: { resumePoint: null, covered: null, deadLetters: {}, refusedIndexes: {}, indexes: {} },
    incarnation: null,
    failure: null,
    blocks: {},
    slot: null,
    mark: '',
    movedMs: now(),
  };
  const waitingSince = new Map<string, number>();

  const session = (): SessionStatus =>
    state.describe?.() ?? { ...state.last, ...IDLE, waits: Object.fromEntries(state.waits) };

  const look = (): void => {
    const described = session();
    for (const name of waitingSince.keys()) if (!(name in described.waits)) waitingSince.delete(name);
    for (const name of Object.keys(described.waits))
      if (!waitingSince.has(name)) waitingSince.set(name, now());
    // A snapshot that is throttled may take long from one chunk to the next.
    const streaming = { ...described, ...counts, state: 'streaming' } as const;
    const { isOutstanding, isWaiting, mark } = movementOf(streaming);
    const isFine = isWaiting || !(isOutstanding || heartbeats.areWaiting) || mark !== state.mark;
    state.mark = mark;
    if (isFine || !state.describe) state.movedMs = now();
  };

  const lagBytes = ({ resumePoint }: SessionStatus): number | null => {
    if (state.slot === null || resumePoint === null) return null;
    // The resume point may have moved on since the slot was looked at.
    return Math.max(0, Number(state.slot.currentLsn - parseLsn(resumePoint)));
  };

  return {
    metrics,
    telemetry,
    counts,
    heartbeats,
    begin(waits) {
      // One that has ended in order, for a reindex or a pause, is not counted.
      if (state.describe) state.last = session();
      else telemetry.session();
      state.waits = waits;
      state.describe = null;
    },
    hold(incarnation, describe) {
      if (state.incarnation !== null && state.incarnation !== incarnation) heartbeats.clear();
      state.incarnation = incarnation;
      state.describe = describe;
      state.failure = null;
      state.movedMs = now();
    },
    failed(error) {
      state.last = session();
      state.describe = null;
      state.waits = new Map();
      state.failure = describeError(error);
    },
    retried(name) {
      telemetry.retried(name);
      const server = servers.get(name);
      if (server) server.retries++;
    },
    probed(name, error) {
      const server = servers.get(name);
      if (!server) return false;
      server.failures = error === null ? 0 : server.failures + 1;
      if (error === null || server.failures >= FAILURES_IN_A_ROW) server.error = error;
      // What it was before is not what it is now.
      if (name === 'postgres' && server.error !== null) state.slot = null;
      return server.error !== null;
    },
    blocked(blocks) {
      state.blocks = blocks;
    },
    sawSlot(slot) {
      state.slot = slot;
      if (slot) budget.add({ atMs: now(), retainedBytes: slot.retainedBytes });
    },
    get isHolding() {
      return state.describe !== null;
    },
    look,
    status() {
      const described = session();
      const { slot } = state;
      const unreachable = Object.fromEntries(
        [...servers].flatMap(([name, { error }]) => (error === null ? [] : [[name, error]])),
      );
      const reasons = reasonsNotReady({
        state: described.state,
        failure: state.failure,
        incomplete: Object.entries(described.indexes).flatMap(([name, { isComplete }]) =>
          isComplete ? [] : [name],
        ),
        unreachable,
        refused: described.refusedIndexes,
        blocked: state.blocks,
        waits: Object.entries(described.waits).map(([name, detail]) => ({
          name,
          detail,
          ms: now() - (waitingSince.get(name) ?? now()),
        })),
        stuckMs: now() - state.movedMs,
      });
      const { lagMs } = heartbeats;
      return {
        ...described,
        name: settings.name,
        pid: process.pid,
        startedAt: startedAt.toISOString(),
        at: new Date().toISOString(),
        ready: reasons.length === 0,
        reasons,
        ...counts,
        limits: {
          queuedBytes: settings.queueBytes,
          pendingIds: settings.maxPending,
          batchesInFlight: settings.maxInFlight,
        },
        stages: timings.stages,
        latency: timings.latency,
        lag: { bytes: lagBytes(described), seconds: lagMs === null ? null : lagMs / 1_000 },
        servers: Object.fromEntries(
          [...servers].map(([name, { error, retries }]) => [name, { error, retries }]),
        ),
        slot: slot && {
          walStatus: slot.walStatus,
          retainedBytes: slot.retainedBytes,
          bytesLeft: slot.bytesLeft,
          secondsLeft: budget.secondsLeft(slot.bytesLeft),
        },
        residentBytes: process.memoryUsage.rss(),
      };
    },
  };
}
