import { setTimeout as delay } from 'node:timers/promises';
import type { Settings } from '../config/settings.ts';
import { createIndexAdmin } from '../loader/indexes.ts';
import { atMostEvery, type Logger } from '../ops/log.ts';
import { readSlot } from '../replication/slot.ts';
import { isReplica } from '../servers/redis.ts';
import { formatLsn, type Lsn } from '../shared/lsn.ts';
import { attend } from './attendance.ts';
import { BeginAgainError } from './begin-again.ts';
import { openConnections } from './connections.ts';
import { compareCounts } from './counts.ts';
import { followHeartbeats } from './heartbeat.ts';
import { createHolderWork, createPausedWork } from './holder-work.ts';
import { createGivingUp } from './giving-up.ts';
import { takeHold, type Hold, type StartOver } from './hold.ts';
import { watchIndexes } from './index-watch.ts';
import type { Overview } from './overview.ts';
import { COMMAND_PATIENCE_MS } from './patience.ts';
import { createPipeline } from './pipeline.ts';
import { createPauseStore, paused, untilPaused, untilResumed } from './pauses.ts';
import { watchRefused, type Refusals } from './refused-indexes.ts';
import { createReindexStore } from './reindexes.ts';
import { createSnapshots, type Snapshots } from './snapshots.ts';
import { createSchemaWatch } from './schema-watch.ts';
import { describeSession } from './session-status.ts';
import { BETWEEN_SESSIONS_TTL_MS, publishStatus, withdrawStatus, type ServiceStatus } from './status.ts';
import { coverageOf, ensureTargets, findTarget, type BuildTarget } from './targets.ts';
import { watchMovement } from './watchdog.ts';
import type { HolderWork, Task } from './work.ts';

export interface SessionOptions {
  readonly settings: Settings;
  readonly log: Logger;
  /** Build everything anew first (unless such a rebuild is under way already). */
  readonly startOver: StartOver | null;
  /** Wait for as long as another process holds the slot. */
  readonly isStandby: boolean;
  /** Told once the slot is held, and what `startOver` asks for has begun; by what plan, and for what schema. */
  readonly onHold: (hold: Pick<Hold, 'bases'>) => void;
  /** Do this, and end, in place of streaming on. A server that is away is not waited for as long as it takes then. */
  readonly task?: Task;
  /** Whether everything may be made on an empty system; it may, unless told otherwise. */
  readonly mayCreate?: boolean;
  /** Ends the session in order: what is under way is finished, stored and acknowledged. */
  readonly stop: AbortSignal;
  /** Carried from session to session. */
  readonly overview: Overview;
  readonly sender: { pid: number | null };
  readonly refusals: Refusals;
  /** The incarnation of the slot that this start has made on an empty system; null where it has made none. */
  readonly made: { slotOf: string | null };
}

/** How a session has ended in order: for good, or to be followed by another. */
export type SessionEnd = 'ended' | 'to begin again';

const COVERED_POLL_MS = 50;
/** The log is told of a paused slot's WAL so often. */
const RETAINED_NOTICE_MS = 60_000;

/**
 * One session: takes hold of the slot, streams and snapshots until it is stopped or fails. It begins where the last
 * one's resume point stands, so a failure that may pass is answered by another session.
 */
export async function runSession(options: SessionOptions): Promise<SessionEnd> {
  const { settings, log, stop, overview } = options;
  const now = (): number => performance.now();
  await using resources = new AsyncDisposableStack();
  const failure = new AbortController();
  resources.defer(() => failure.abort(new Error('the session has ended')));
  const fail = (error: unknown): void => {
    if (!(error instanceof Error && error.name === 'AbortError')) failure.abort(error);
  };
  const finishing = new AbortController();
  const state: { isToBeginAgain: boolean; pausedSince: string | null } = {
    isToBeginAgain: false,
    pausedSince: null,
  };
  /** Ends the session in order, and has another follow it. */
  const beginAgain = (why: string): void => {
    if (ending.aborted) return;
    log.info({ why }, 'beginning another session');
    state.isToBeginAgain = true;
    finishing.abort();
    // What a server that is away keeps from ending is left, and done by the next.
    const late = setTimeout(() => failure.abort(new BeginAgainError(why)), settings.shutdownTimeoutMs);
    resources.defer(() => clearTimeout(late));
  };
  /** Ends what goes on only while the session is to go on. */
  const ending = AbortSignal.any([stop, finishing.signal, failure.signal]);

  // Until the stream is followed there is nothing to finish: a stop does not wait for a server that is away.
  const stopEarly = (): void => failure.abort(stop.reason);
  stop.addEventListener('abort', stopEarly);
  resources.defer(() => stop.removeEventListener('abort', stopEarly));

  // The slot, and the indexes to write to.
  const connections = resources.use(
    openConnections(settings, log, failure.signal, {
      onRetry: (server) => overview.retried(server),
      ...(options.task && { patienceMs: COMMAND_PATIENCE_MS }),
    }),
  );
  const { retry, redis, waits } = connections;
  overview.begin(waits);
  await redis.connect().catch(() => undefined);
  // A replica is waited for once there is something to write: a failover may promote it.
  await retry.redis(() => isReplica(redis));
  const indexes = createIndexAdmin(connections.elasticsearch, {
    name: settings.name,
    prefix: settings.indexPrefix,
  });
  const hold = await takeHold({
    settings,
    connections,
    indexes,
    startOver: options.startOver,
    isStandby: options.isStandby,
    sender: options.sender,
    refusals: options.refusals,
    startedAt: overview.status().startedAt,
    isCommand: options.task !== undefined,
    mayCreate: options.mayCreate ?? true,
    hasMadeSlot: options.made.slotOf !== null,
    onSlotMade(incarnation) {
      options.made.slotOf = incarnation;
    },
    log,
    signal: ending,
  });
  options.onHold(hold);
  resources.use(hold.stream);
  const indexNames = hold.plan.indexes.map(({ name }) => name);
  const reindexes = createReindexStore(redis, settings.name);
  const targets: BuildTarget[] = [];
  let snapshots: Snapshots | null = null;
  let work: HolderWork | null = null;
  const { giveUp, explain } = createGivingUp({
    targets,
    isBuilding: (target) => snapshots?.isBuilding(target) === true,
    reindexes,
    retry: retry.redis,
    log,
  });
  const pipeline = createPipeline({
    settings,
    connections,
    indexes,
    hold,
    targetOf: (name) => findTarget(targets, name),
    isServing: (name) => snapshots !== null && !snapshots.isBuilding(findTarget(targets, name)),
    isFollowed: (name) => snapshots === null || snapshots.isFollowed(findTarget(targets, name)),
    isReplaced: (replaced) => targets.some(({ physical, isBefore }) => isBefore && physical === replaced),
    explain,
    counts: overview.counts,
    telemetry: overview.telemetry,
    onFailure: fail,
    log,
    now,
    signal: ending,
  });
  const { checkpointer, deadLetters, dispatcher, project, newest } = pipeline;
  const status = (): ServiceStatus => overview.status();
  overview.hold(hold.origin.incarnation, () =>
    describeSession({
      pipeline,
      waits,
      targets,
      courses: hold.courses,
      refused: hold.refused,
      snapshots,
      isStopping: stop.aborted,
      pausedSince: state.pausedSince,
      queuedBytes: hold.stream.queuedBytes,
    }),
  );
  const attending = attend({
    redis,
    name: settings.name,
    status,
    work: () => (state.pausedSince === null ? work : createPausedWork(paused(state.pausedSince))),
    onFailure: fail,
    signal: ending,
  });
  attending.catch(fail);
  log.info({ from: formatLsn(hold.durable.lsn), indexes: indexNames }, 'holding the slot');

  // The slot is held meanwhile, and nothing is taken from it.
  const pauses = createPauseStore(redis, settings.name);
  const occasionally = atMostEvery(RETAINED_NOTICE_MS, now);
  const pausedSince = async (): Promise<string | null> => {
    const since = await retry.redis(() => pauses.read());
    if (since !== null && options.task) throw paused(since);
    return since;
  };
  await untilResumed({
    pausedSince,
    retainedBytes: async () =>
      (await connections.inPostgres((client) => readSlot(client, settings.name)))?.retainedBytes ?? 0,
    assertStreaming: () => hold.stream.assertStreaming(),
    onPaused(since, retainedBytes) {
      state.pausedSince = since;
      waits.set(
        'pause',
        `\`projector resume\`; the slot keeps ${(retainedBytes / 2 ** 20).toFixed(1)} MiB of WAL`,
      );
      occasionally(() => log.warn({ since, retainedBytes }, 'paused; the slot keeps WAL'));
    },
    now,
    signal: ending,
  }).catch(async (error: unknown) => {
    if (stop.aborted) await withdrawStatus(redis, settings.name).catch(() => undefined);
    throw error;
  });
  state.pausedSince = null;
  waits.delete('pause');

  const cluster = await retry.elasticsearch(() => indexes.cluster());
  targets.push(
    ...(await ensureTargets({
      hold,
      indexes,
      reindexes,
      cluster,
      retry,
      refusals: options.refusals,
      log,
    })),
  );
  // Not before: what the resume point did not cover is marked by now as to be read again.
  await checkpointer.cover(coverageOf(cluster, targets));
  await deadLetters.open(targets.map(({ physical }) => physical));
  const covered = async (lsn: Lsn): Promise<void> => {
    while (checkpointer.stored < lsn) await delay(COVERED_POLL_MS, undefined, { signal: ending });
  };
  snapshots = createSnapshots({
    settings,
    connections,
    indexes,
    targets,
    project,
    rebuild: hold.rebuild,
    isWhole: hold.refused.length === 0,
    reindexes,
    compareCounts: ({ index, physical }) =>
      compareCounts({
        index,
        physical,
        query: connections.query,
        preparedQuery: connections.preparedQuery,
        elasticsearch: connections.elasticsearch,
        retry: retry.elasticsearch,
        refused: () => deadLetters.count(physical),
        changes: () => overview.counts.changes,
        newest,
        covered,
        signal: ending,
      }),
    giveUp,
    explain,
    onLeave(left) {
      const followed = targets.filter((target) => target !== left && snapshots?.isFollowed(target) === true);
      return checkpointer.cover(coverageOf(cluster, followed));
    },
    untilWritten: pipeline.untilWritten,
    onServed: () => deadLetters.sweep(),
    documentIds: pipeline.documentIds,
    oldestPendingMs: () => pipeline.oldestPendingMs,
    newest,
    log,
    now,
    ending,
  });
  work = createHolderWork({
    settings,
    connections,
    plan: hold.plan,
    indexes,
    origin: hold.origin,
    targets,
    pipeline,
    snapshots,
    reindexes,
    covered,
    beginAgain,
  });
  const schemaWatch = createSchemaWatch({
    settings,
    inPostgres: connections.inPostgres,
    plan: hold.plan,
    bases: hold.bases,
    async onExtended(name, { parts }) {
      const { physical, isOutdated } = findTarget(targets, name);
      if (!isOutdated) await retry.elasticsearch(() => indexes.rebase(physical, parts));
    },
    signal: ending,
  });

  stop.removeEventListener('abort', stopEarly);
  // Before the indexes that are missing are filled, so that a snapshot that it asks for fills them.
  const task = options.task?.(work, ending).then(() => finishing.abort());
  const snapshotting = snapshots.run([]);
  const checkpointing = checkpointer.run(ending);
  const streaming = pipeline.stream(() => schemaWatch.look());
  const watching = watchMovement(status, settings.stallTimeoutMs, now, ending);
  const watchingIndexes = watchIndexes({
    targets,
    isBuilding: snapshots.isBuilding,
    isLeaving: snapshots.isLeaving,
    indexes,
    retry: retry.elasticsearch,
    signal: ending,
  });
  const watchingPause = untilPaused({ pausedSince, signal: ending }).then(() => beginAgain('it is paused'));
  const watchingRefused = watchRefused({
    refused: hold.refused,
    refusals: options.refusals,
    tryOut: (index) => retry.elasticsearch(() => indexes.tryOut(index)),
    create: ({ index, basis }) => retry.elasticsearch(() => indexes.create(index, hold.origin, basis.parts)),
    onTaken: (alias) => beginAgain(`Elasticsearch takes the definition of ${alias} by now`),
    signal: ending,
  });
  const watches = [schemaWatch.run(), watching, watchingIndexes, watchingPause, watchingRefused];
  const beating = followHeartbeats({ overview, pipeline, signal: ending });
  for (const part of [streaming, snapshotting, checkpointing, ...watches, beating, task]) part?.catch(fail);
  await aborted(ending);

  // In order: nothing new begins, what is under way ends, what is durable is stored, then acknowledged.
  failure.signal.throwIfAborted();
  finishing.abort();
  await Promise.all([dispatcher.drain(), Promise.allSettled([snapshotting, checkpointing])]);
  failure.signal.throwIfAborted();
  await checkpointer.finish();
  if (state.isToBeginAgain && !stop.aborted) {
    // Whoever waits for something that a command has asked for is not to take it for dead meanwhile.
    await publishStatus(redis, settings.name, status(), BETWEEN_SESSIONS_TTL_MS).catch(() => undefined);
    return 'to begin again';
  }
  await withdrawStatus(redis, settings.name).catch(() => undefined);
  return 'ended';
}

/** Resolves when the signal is aborted. */
async function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  const { promise, resolve } = Promise.withResolvers<undefined>();
  signal.addEventListener('abort', () => resolve(undefined), { once: true });
  await promise;
}
