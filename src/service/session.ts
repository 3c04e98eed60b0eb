import { setTimeout as delay } from 'node:timers/promises';
import type { Settings } from '../config/settings.ts';
import { createDebouncer } from '../debouncer/debouncer.ts';
import { createFloor } from '../debouncer/floor.ts';
import { createDeadLetterIndex } from '../loader/dead-letter-index.ts';
import { createDeadLetters } from '../loader/dead-letters.ts';
import { createDelivery } from '../loader/delivery.ts';
import { indexIds } from '../loader/index-ids.ts';
import { createIndexAdmin } from '../loader/indexes.ts';
import { createLoader } from '../loader/loader.ts';
import { ProjectorError } from '../ops/errors.ts';
import type { Logger } from '../ops/log.ts';
import { createGate } from '../replication/gate.ts';
import { idPages } from '../router/pages.ts';
import { formatLsn, maxLsn, type Lsn } from '../shared/lsn.ts';
import { attend } from './attendance.ts';
import { createCheckpointer } from './checkpointer.ts';
import { createClaimedProjection } from './claimed.ts';
import { openConnections } from './connections.ts';
import { createDispatcher } from './dispatcher.ts';
import { createFanOut } from './fan-out.ts';
import { takeHold, type StartOver } from './hold.ts';
import { createProjection, type ProjectionCounts } from './projection.ts';
import { pump } from './pump.ts';
import { createSchemaWatch } from './schema-watch.ts';
import { createSnapshots, type Snapshots } from './snapshots.ts';
import { withdrawStatus, type ServiceStatus } from './status.ts';
import { ensureTargets, type BuildTarget } from './targets.ts';
import { createWatchdog } from './watchdog.ts';
import type { HolderWork, Task } from './work.ts';

export interface SessionOptions {
  readonly settings: Settings;
  readonly log: Logger;
  /** Build everything anew first (unless such a rebuild is under way already). */
  readonly startOver: StartOver | null;
  /** Wait for as long as another process holds the slot. */
  readonly isStandby: boolean;
  /** Told once the slot is held, and what `startOver` asks for has begun. */
  readonly onHold: () => void;
  /** Do this, and end, in place of streaming on. */
  readonly task?: Task;
  /** Ends the session in order: what is under way is finished, stored and acknowledged. */
  readonly stop: AbortSignal;
  readonly startedAt: Date;
  /** Carried from session to session. */
  readonly counts: ProjectionCounts & { changes: number };
  readonly sender: { pid: number | null };
}

const WATCH_MS = 500;
const COVERED_POLL_MS = 50;
const ID_PAGE = 1_000;

/**
 * One session: takes hold of the slot, streams and snapshots until it is stopped or fails. It begins where the last
 * one's resume point stands, so a failure that may pass is answered by another session.
 */
export async function runSession(options: SessionOptions): Promise<void> {
  const { settings, log, stop, counts } = options;
  const now = (): number => performance.now();
  await using resources = new AsyncDisposableStack();
  const failure = new AbortController();
  resources.defer(() => failure.abort(new Error('the session has ended')));
  const fail = (error: unknown): void => {
    if (!(error instanceof Error && error.name === 'AbortError')) failure.abort(error);
  };
  const finishing = new AbortController();
  /** Ends what goes on only while the session is to go on. */
  const ending = AbortSignal.any([stop, finishing.signal, failure.signal]);

  // The slot, and the indexes to write to.
  const connections = resources.use(openConnections(settings, log, failure.signal));
  const { retry, redis, elasticsearch, waits, query } = connections;
  await redis.connect().catch(() => undefined);
  await retry.redis(() => redis.ping());
  const names = { name: settings.name, prefix: settings.indexPrefix };
  const indexes = createIndexAdmin(elasticsearch, names);
  const hold = await takeHold({
    settings,
    connections,
    indexes,
    startOver: options.startOver,
    isStandby: options.isStandby,
    sender: options.sender,
    log,
    signal: ending,
  });
  options.onHold();
  const { stream, checkpoints } = hold;
  resources.use(stream);
  const indexNames = hold.plan.indexes.map(({ name }) => name);
  const targets: BuildTarget[] = [];
  const targetOf = (name: string): BuildTarget => {
    const target = targets.find(({ index }) => index.name === name);
    if (target) return target;
    throw new ProjectorError(
      'PROJ_USAGE',
      `there is no index ${name}`,
      `Choose from: ${indexNames.join(', ')}.`,
    );
  };

  // From ids to documents, and back along the LSN.
  const position = { settled: hold.durable.lsn, covered: hold.durable.lsn };
  const deliver = createDelivery({
    client: elasticsearch,
    bulkBytes: settings.bulkBytes,
    assertHolder: () => checkpoints.assertHolder(),
    retry: retry.elasticsearch,
    now,
  });
  const deadLetters = createDeadLetters({
    store: createDeadLetterIndex(elasticsearch, names),
    deliver,
    retry: retry.elasticsearch,
    perMinute: settings.deadLettersPerMinute,
    log,
    clock: Date.now,
    now,
  });
  const project = createProjection({
    query: connections.preparedQuery,
    loader: createLoader(deliver),
    deadLetters,
    settled: () => position.settled,
    counts,
    now,
  });
  const floor = createFloor(hold.durable);
  const debouncer = createDebouncer({
    indexes: indexNames,
    batchSize: settings.batchSize,
    maxInFlight: settings.maxInFlight,
    quietMs: settings.debounceQuietMs,
    maxWaitMs: settings.debounceMaxWaitMs,
    floor,
  });
  const dispatcher = createDispatcher({
    debouncer,
    maxInFlight: settings.maxInFlight,
    project: ({ index, ids }) => project(targetOf(index), ids),
    onFailure: fail,
    now,
  });
  const checkpointer = createCheckpointer({
    checkpoints,
    origin: hold.origin,
    durable: hold.durable,
    floor,
    acknowledge: (lsn) => stream.acknowledge(lsn),
    retry: retry.redis,
    intervalMs: settings.checkpointIntervalMs,
    now,
  });
  redis.on('ready', () => checkpointer.storeAgain());

  // The producers of ids: the stream, snapshots, and what commands ask for.
  const projectClaimed = createClaimedProjection(debouncer, dispatcher, project, ending);
  const rowIds = (name: string): AsyncIterable<readonly string[]> =>
    idPages(query, targetOf(name).index.keyPages, { pageSize: ID_PAGE });
  const documentIds = async function* (name: string, olderThan?: Lsn): AsyncGenerator<readonly string[]> {
    const { physical } = targetOf(name);
    // What has read rows before they went may write them only now; what reads them later sees them gone.
    await dispatcher.until(debouncer.underWay(), ending);
    await retry.elasticsearch(() => indexes.refresh(physical));
    yield* indexIds(elasticsearch, physical, ID_PAGE, olderThan);
    yield* deadLetters.ids(physical, olderThan);
  };
  const fanOut = createFanOut({
    router: hold.router,
    debouncer,
    floor,
    dispatcher,
    query,
    maxPending: settings.maxPending,
    onFailure: fail,
    now,
    signal: ending,
  });
  let snapshots: Snapshots | null = null;
  const newest = async (): Promise<Lsn> => {
    const lsn = await connections.emitMessage();
    await dispatcher.until(() => position.settled >= lsn, ending);
    return lsn;
  };
  const reread: HolderWork['reread'] = async (name, ids) => {
    const target = targetOf(name);
    await newest();
    await projectClaimed(target, ids);
  };
  const covered: HolderWork['covered'] = async (lsn) => {
    while (checkpointer.stored < lsn) await delay(COVERED_POLL_MS, undefined, { signal: ending });
  };
  const workWith = ({ run }: Snapshots): HolderWork => ({
    snapshot: run,
    reread,
    covered,
    dropDeadLetters: (physical, ids) => deadLetters.drop(physical, ids),
  });
  const status = (): ServiceStatus => ({
    state: stop.aborted
      ? 'stopping'
      : !snapshots
        ? 'starting'
        : snapshots.isRunning
          ? 'snapshotting'
          : 'streaming',
    pid: process.pid,
    startedAt: options.startedAt.toISOString(),
    at: new Date().toISOString(),
    waits: Object.fromEntries(waits),
    resumePoint: formatLsn(checkpointer.stored),
    covered: formatLsn(position.covered),
    ...counts,
    pendingIds: debouncer.pending.prompt + debouncer.pending.bulk,
    fanOuts: fanOut.outstanding,
    batchesInFlight: dispatcher.inFlight,
    queuedBytes: stream.queuedBytes,
    residentBytes: process.memoryUsage.rss(),
    deadLetters: Object.fromEntries(
      targets.map(({ index, physical }) => [index.name, deadLetters.count(physical)]),
    ),
  });
  const attending = attend({
    redis,
    name: settings.name,
    status,
    work: () => snapshots && workWith(snapshots),
    onFailure: fail,
    signal: ending,
  });
  attending.catch(fail);
  log.info({ from: formatLsn(hold.durable.lsn), indexes: indexNames }, 'holding the slot');

  targets.push(
    ...(await ensureTargets(hold.plan, hold.bases, indexes, hold.origin, retry.elasticsearch, log)),
  );
  await deadLetters.open(targets.map(({ physical }) => physical));
  snapshots = createSnapshots({
    settings,
    connections,
    indexes,
    targets,
    project: projectClaimed,
    rebuild: hold.rebuild,
    onServed: () => deadLetters.sweep(),
    documentIds,
    newest,
    log,
    now,
    ending,
  });
  const schemaWatch = createSchemaWatch({
    settings,
    retry: retry.postgres,
    plan: hold.plan,
    bases: hold.bases,
    async onExtended(name, { parts }) {
      const { physical, isOutdated } = targetOf(name);
      if (!isOutdated) await retry.elasticsearch(() => indexes.rebase(physical, parts));
    },
    signal: ending,
  });
  const streaming = pump({
    stream,
    gate: createGate({
      takeSnapshot: connections.takeSnapshot,
      onWait: (xid) => {
        if (xid === null) waits.delete('gate');
        else waits.set('gate', `transaction ${xid} to become visible`);
      },
      signal: ending,
    }),
    router: hold.router,
    debouncer,
    floor,
    dispatcher,
    fanOut,
    rowIds,
    documentIds,
    onUntold: () => schemaWatch.look(),
    durable: hold.durable,
    history: hold.history,
    onSettled: (lsn) => {
      position.settled = maxLsn(position.settled, lsn);
    },
    onCovered: (lsn) => {
      position.covered = lsn;
    },
    onChanges: (count) => {
      counts.changes += count;
    },
    maxPending: settings.maxPending,
    now,
    signal: ending,
  });

  // Before the indexes that are missing are filled, so that a snapshot that it asks for fills them.
  const task = options.task?.(workWith(snapshots), ending).then(() => finishing.abort());
  const snapshotting = snapshots.run([]);
  const checkpointing = checkpointer.run(ending);
  for (const part of [streaming, snapshotting, checkpointing, schemaWatch.run(), task]) part?.catch(fail);

  const watchdog = createWatchdog(settings.stallTimeoutMs, now);
  const watching = setInterval(() => {
    const { pendingIds, fanOuts, batchesInFlight, queuedBytes, covered, resumePoint, state } = status();
    const isOutstanding =
      pendingIds + fanOuts + batchesInFlight + queuedBytes > 0 ||
      state === 'snapshotting' ||
      covered !== resumePoint;
    const where = { pendingIds, fanOuts, batchesInFlight, queuedBytes, covered, resumePoint, ...counts };
    try {
      watchdog({ isOutstanding, isWaiting: waits.size > 0, mark: JSON.stringify(where) });
    } catch (error) {
      fail(error);
    }
  }, WATCH_MS);
  resources.defer(() => clearInterval(watching));
  await aborted(ending);

  // In order: nothing new begins, what is under way ends, what is durable is stored, then acknowledged.
  failure.signal.throwIfAborted();
  finishing.abort();
  await Promise.all([dispatcher.drain(), Promise.allSettled([snapshotting, checkpointing])]);
  failure.signal.throwIfAborted();
  await checkpointer.finish();
  await withdrawStatus(redis, settings.name).catch(() => undefined);
}

/** Resolves when the signal is aborted. */
async function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  const { promise, resolve } = Promise.withResolvers<undefined>();
  signal.addEventListener('abort', () => resolve(undefined), { once: true });
  await promise;
}
