import { setTimeout as delay } from 'node:timers/promises';
import type { Settings } from '../config/settings.ts';
import { createIndexAdmin } from '../loader/indexes.ts';
import type { Logger } from '../ops/log.ts';
import { formatLsn } from '../shared/lsn.ts';
import { attend } from './attendance.ts';
import { openConnections } from './connections.ts';
import { followHeartbeats } from './heartbeat.ts';
import { takeHold, type StartOver } from './hold.ts';
import { watchIndexes } from './index-watch.ts';
import { createPipeline } from './pipeline.ts';
import type { Overview } from './overview.ts';
import { createSnapshots, type Snapshots } from './snapshots.ts';
import { createSchemaWatch } from './schema-watch.ts';
import { describeSession } from './session-status.ts';
import { withdrawStatus, type ServiceStatus } from './status.ts';
import { ensureTargets, findTarget, type BuildTarget } from './targets.ts';
import { watchMovement } from './watchdog.ts';
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
  /** Carried from session to session. */
  readonly overview: Overview;
  readonly sender: { pid: number | null };
}

const COVERED_POLL_MS = 50;

/**
 * One session: takes hold of the slot, streams and snapshots until it is stopped or fails. It begins where the last
 * one's resume point stands, so a failure that may pass is answered by another session.
 */
export async function runSession(options: SessionOptions): Promise<void> {
  const { settings, log, stop, overview } = options;
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

  // Until the stream is followed there is nothing to finish: a stop does not wait for a server that is away.
  const stopEarly = (): void => failure.abort(stop.reason);
  stop.addEventListener('abort', stopEarly);
  resources.defer(() => stop.removeEventListener('abort', stopEarly));

  // The slot, and the indexes to write to.
  const connections = resources.use(
    openConnections(settings, log, failure.signal, (server) => overview.retried(server)),
  );
  const { retry, redis, waits } = connections;
  overview.begin(waits);
  await redis.connect().catch(() => undefined);
  await retry.redis(() => redis.ping());
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
    log,
    signal: ending,
  });
  options.onHold();
  resources.use(hold.stream);
  const indexNames = hold.plan.indexes.map(({ name }) => name);
  const targets: BuildTarget[] = [];
  let snapshots: Snapshots | null = null;
  const pipeline = createPipeline({
    settings,
    connections,
    indexes,
    hold,
    targetOf: (name) => findTarget(targets, name),
    isServing: (name) => snapshots !== null && !snapshots.isBuilding(findTarget(targets, name)),
    counts: overview.counts,
    telemetry: overview.telemetry,
    onFailure: fail,
    log,
    now,
    signal: ending,
  });
  const { checkpointer, deadLetters, dispatcher, project, newest } = pipeline;
  const workWith = ({ run }: Snapshots): HolderWork => ({
    snapshot: run,
    reread: async (name, ids) => {
      const target = findTarget(targets, name);
      await newest();
      await project(target, ids);
    },
    covered: async (lsn) => {
      while (checkpointer.stored < lsn) await delay(COVERED_POLL_MS, undefined, { signal: ending });
    },
    dropDeadLetters: (physical, ids) => deadLetters.drop(physical, ids),
  });
  const status = (): ServiceStatus => overview.status();
  overview.hold(hold.origin.incarnation, () =>
    describeSession({
      pipeline,
      waits,
      targets,
      snapshots,
      isStopping: stop.aborted,
      queuedBytes: hold.stream.queuedBytes,
    }),
  );
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
    project,
    rebuild: hold.rebuild,
    onServed: () => deadLetters.sweep(),
    documentIds: pipeline.documentIds,
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
      const { physical, isOutdated } = findTarget(targets, name);
      if (!isOutdated) await retry.elasticsearch(() => indexes.rebase(physical, parts));
    },
    signal: ending,
  });

  stop.removeEventListener('abort', stopEarly);
  // Before the indexes that are missing are filled, so that a snapshot that it asks for fills them.
  const task = options.task?.(workWith(snapshots), ending).then(() => finishing.abort());
  const snapshotting = snapshots.run([]);
  const checkpointing = checkpointer.run(ending);
  const streaming = pipeline.stream(() => schemaWatch.look());
  const watching = watchMovement(status, settings.stallTimeoutMs, now, ending);
  const watchingIndexes = watchIndexes({
    targets,
    isBuilding: snapshots.isBuilding,
    indexes,
    retry: retry.elasticsearch,
    signal: ending,
  });
  const watches = [schemaWatch.run(), watching, watchingIndexes];
  const beating = followHeartbeats({ overview, pipeline, signal: ending });
  for (const part of [streaming, snapshotting, checkpointing, ...watches, beating, task]) part?.catch(fail);
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
