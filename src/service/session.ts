import { setTimeout as delay } from 'node:timers/promises';
import type { Settings } from '../config/settings.ts';
import { createDebouncer } from '../debouncer/debouncer.ts';
import { createDeadLetters } from '../loader/dead-letters.ts';
import { indexIds } from '../loader/index-ids.ts';
import { createIndexAdmin } from '../loader/indexes.ts';
import { createLoader } from '../loader/loader.ts';
import { ProjectorError } from '../ops/errors.ts';
import type { Logger } from '../ops/log.ts';
import { createGate, passBarrier } from '../replication/gate.ts';
import { pages } from '../router/pages.ts';
import { keyToId } from '../shared/document-key.ts';
import { formatLsn, maxLsn } from '../shared/lsn.ts';
import { createProgressStore, type SnapshotProgress } from '../snapshot/progress.ts';
import { runSnapshot } from '../snapshot/snapshot.ts';
import { createCheckpointer } from './checkpointer.ts';
import { openConnections } from './connections.ts';
import { createDispatcher } from './dispatcher.ts';
import { takeHold } from './hold.ts';
import { createProjection, type ProjectionCounts } from './projection.ts';
import { pump } from './pump.ts';
import { takeRequest } from './requests.ts';
import { publishStatus, withdrawStatus, type ServiceStatus } from './status.ts';
import { ensureTargets, type BuildTarget } from './targets.ts';

export interface SessionOptions {
  readonly settings: Settings;
  readonly log: Logger;
  /** Build everything anew first (unless such a rebuild is under way already). */
  readonly dropFirst: boolean;
  /** Snapshot these indexes and end, in place of streaming on. */
  readonly onlySnapshot?: readonly string[];
  readonly onSnapshotProgress?: (index: string, progress: SnapshotProgress) => void;
  /** Ends the session in order: what is under way is finished, stored and acknowledged. */
  readonly stop: AbortSignal;
  readonly startedAt: Date;
  /** Told once the slot is held, and all that `dropFirst` asks for is dropped. */
  readonly onHold: () => void;
  /** Carried from session to session. */
  readonly counts: ProjectionCounts & { changes: number };
}

const TICK_MS = 500;
const TRUNCATE_PAGE = 1_000;

/**
 * One session: takes hold of the slot, streams and snapshots until it is stopped or fails. It begins where the last
 * one's resume point stands, so a failure that is transient is answered by another session.
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
  /** Ends the work that only goes on while the service is to go on. */
  const finishing = new AbortController();
  const ending = AbortSignal.any([stop, finishing.signal, failure.signal]);

  const connections = resources.use(openConnections(settings, log, failure.signal));
  const { retry, redis, elasticsearch, waits, query } = connections;
  await redis.connect().catch(() => undefined);
  await retry.redis(() => redis.ping());
  const indexes = createIndexAdmin(elasticsearch, { name: settings.name, prefix: settings.indexPrefix });
  const hold = await takeHold({
    settings,
    connections,
    indexes,
    dropFirst: options.dropFirst,
    log,
    signal: ending,
  });
  options.onHold();
  const { plan, stream, checkpoints } = hold;
  resources.use(stream);
  const targets = await ensureTargets(plan, indexes, hold.origin, retry.elasticsearch, log);
  const targetOf = (index: string): BuildTarget => {
    const target = targets.find((candidate) => candidate.index.name === index);
    if (target) return target;
    throw new ProjectorError(
      'PROJ_USAGE',
      `there is no index ${index}`,
      `Choose from: ${indexNames.join(', ')}.`,
    );
  };
  const indexNames = plan.indexes.map(({ name }) => name);

  // What every later read sees: all that has passed the gate.
  let settled = hold.durable;
  const onSettled = (lsn: bigint): void => {
    settled = maxLsn(settled, lsn);
  };
  let covered = hold.durable;

  const deadLetters = createDeadLetters(redis, settings.name, indexNames);
  await retry.redis(() => deadLetters.open());
  const loader = createLoader({
    client: elasticsearch,
    bulkBytes: settings.bulkBytes,
    assertHolder: () => checkpoints.assertHolder(),
    retry: retry.elasticsearch,
    now,
  });
  const project = createProjection({
    query: connections.preparedQuery,
    loader,
    deadLetters: {
      ...deadLetters,
      record: (...refusal) => retry.redis(() => deadLetters.record(...refusal)),
      forget: (...accepted) => retry.redis(() => deadLetters.forget(...accepted)),
    },
    settled: () => settled,
    counts,
    now,
  });
  const debouncer = createDebouncer({
    indexes: indexNames,
    batchSize: settings.batchSize,
    quietMs: settings.debounceQuietMs,
    maxWaitMs: settings.debounceMaxWaitMs,
    from: hold.durable,
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
    floor: () => debouncer.floor(),
    acknowledge: (lsn) => stream.acknowledge(lsn),
    retry: retry.redis,
    intervalMs: settings.checkpointIntervalMs,
    now,
  });
  redis.on('ready', () => checkpointer.storeAgain());

  /** Reads and writes a snapshot's chunk, each document once nobody else has it under way (invariant 4). */
  const projectChunk = async (target: BuildTarget, ids: readonly string[]): Promise<void> => {
    const left = new Set(ids);
    while (left.size > 0) {
      let claimed: string[] = [];
      await dispatcher.until(() => {
        claimed = debouncer.claim(target.index.name, [...left]);
        return claimed.length > 0;
      }, failure.signal);
      await project(target, claimed);
      debouncer.release(target.index.name, claimed);
      for (const id of claimed) left.delete(id);
      dispatcher.dispatch();
    }
  };

  const progress = createProgressStore(redis, settings.name);
  const snapshot = async (target: BuildTarget): Promise<boolean> => {
    const { index, physical } = target;
    log.info({ index: index.name, physical }, 'snapshot begins');
    const result = await runSnapshot({
      index,
      physical,
      query,
      project: (ids) => projectChunk(target, ids),
      progress: {
        read: (name) => retry.redis(() => progress.read(name)),
        write: (name, state) => retry.redis(() => progress.write(name, state)),
        clear: (name) => retry.redis(() => progress.clear(name)),
      },
      onProgress: (state) => options.onSnapshotProgress?.(index.name, state),
      chunkSize: settings.snapshotChunkSize,
      parallelism: settings.snapshotParallelism,
      maxRate: settings.snapshotMaxRate,
      signal: ending,
      now,
    });
    if (!result) return false;
    if (target.isBuilding) await retry.elasticsearch(() => indexes.serve(index, target.state));
    log.info({ index: index.name, documents: result.done }, 'snapshot done');
    return true;
  };

  let state: ServiceStatus['state'] = 'starting';
  const requested = new Set<string>();
  const snapshotAll = async (): Promise<void> => {
    // Invariant 3: nothing that was open before the slot, the publication or the plan became what they are.
    await passBarrier({
      assignXid: connections.assignXid,
      takeSnapshot: connections.takeSnapshot,
      onWait: (xid) => wait('barrier', xid === null ? null : `a transaction older than ${xid} to end`),
      signal: ending,
    });
    const isUnfinished = async (name: string): Promise<boolean> =>
      (await retry.redis(() => progress.read(name)))?.state === 'running';
    for (const target of targets) {
      const { name } = target.index;
      const isNeeded = target.isBuilding || requested.has(name) || (await isUnfinished(name));
      if (!isNeeded) continue;
      requested.delete(name);
      state = 'snapshotting';
      if (!(await snapshot(target))) return;
      targets[targets.indexOf(target)] = { ...target, isBuilding: false };
    }
    if (targets.every(({ isBuilding }) => !isBuilding)) await retry.redis(() => hold.rebuild.end());
    state = 'streaming';
  };

  const wait = (name: string, what: string | null): void => {
    if (what === null) waits.delete(name);
    else waits.set(name, what);
  };
  const status = (): ServiceStatus => ({
    state: stop.aborted ? 'stopping' : state,
    pid: process.pid,
    startedAt: options.startedAt.toISOString(),
    at: new Date().toISOString(),
    waits: Object.fromEntries(waits),
    resumePoint: formatLsn(checkpointer.stored),
    covered: formatLsn(covered),
    ...counts,
    pendingIds: debouncer.pending,
    batchesInFlight: dispatcher.inFlight,
    queuedBytes: stream.queuedBytes,
    residentBytes: process.memoryUsage.rss(),
    deadLetters: Object.fromEntries(indexNames.map((name) => [name, deadLetters.count(name)])),
  });
  /** Says how it is, and takes what commands ask for. */
  const attend = async (): Promise<void> => {
    let snapshots = Promise.resolve();
    while (!ending.aborted) {
      await publishStatus(redis, settings.name, status()).catch(() => undefined);
      const request = await takeRequest(redis, settings.name).catch(() => null);
      if (request) {
        for (const name of request.indexes) requested.add(name);
        snapshots = snapshots.then(snapshotAll);
        snapshots.catch(fail);
      }
      await delay(TICK_MS, undefined, { signal: ending }).catch(() => undefined);
    }
    await snapshots;
  };

  const allIds = async function* (index: string, isRoot: boolean): AsyncGenerator<readonly string[]> {
    const target = targetOf(index);
    if (isRoot) {
      await retry.elasticsearch(() => indexes.refresh(target.physical));
      yield* indexIds(elasticsearch, target.physical, TRUNCATE_PAGE);
    } else {
      for await (const keys of pages(query, target.index.keyPages, { pageSize: TRUNCATE_PAGE }))
        yield keys.map(keyToId);
    }
  };
  const gate = createGate({
    takeSnapshot: connections.takeSnapshot,
    onWait: (xid) => wait('gate', xid === null ? null : `transaction ${xid} to become visible`),
    signal: ending,
  });

  log.info({ from: formatLsn(hold.durable), indexes: indexNames }, 'holding the slot');
  const pumping = pump({
    stream,
    gate,
    router: hold.router,
    debouncer,
    dispatcher,
    query,
    allIds,
    durable: hold.durable,
    expectXid: hold.expectXid,
    onSettled,
    onCovered: (commit) => {
      covered = commit.lsn;
      checkpointer.covered(commit);
    },
    onChanges: (count) => {
      counts.changes += count;
    },
    maxPending: settings.maxPending,
    now,
    signal: ending,
  });
  const checkpointing = checkpointer.run(ending);
  for (const name of options.onlySnapshot ?? []) requested.add(targetOf(name).index.name);
  const snapshotting = snapshotAll();
  const attending = attend();
  for (const work of [pumping, checkpointing, snapshotting, attending]) work.catch(fail);

  if (options.onlySnapshot) await Promise.race([snapshotting, aborted(ending)]);
  else await aborted(ending);
  if (!stop.aborted && failure.signal.aborted) throw failure.signal.reason;

  // In order: nothing new begins, what is under way ends, what is durable is stored, then acknowledged.
  finishing.abort();
  await dispatcher.drain();
  await snapshotting.catch(() => undefined);
  await checkpointing.catch(() => undefined);
  if (failure.signal.aborted) throw failure.signal.reason;
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
