import type { Settings } from '../config/settings.ts';
import { createDebouncer, type Debouncer } from '../debouncer/debouncer.ts';
import { createFloor } from '../debouncer/floor.ts';
import { createDeadLetterIndex } from '../loader/dead-letter-index.ts';
import { createDeadLetters, type DeadLetters } from '../loader/dead-letters.ts';
import { createDelivery } from '../loader/delivery.ts';
import { indexIds } from '../loader/index-ids.ts';
import type { IndexAdmin } from '../loader/indexes.ts';
import { createLoader } from '../loader/loader.ts';
import { createRefresher } from '../loader/refresher.ts';
import type { Logger } from '../ops/log.ts';
import type { Stage, Telemetry } from '../ops/metrics.ts';
import { createGate, type Gate } from '../replication/gate.ts';
import { rootPages } from '../resolver/root-pages.ts';
import { keyToId } from '../shared/document-key.ts';
import { maxLsn, type Lsn } from '../shared/lsn.ts';
import { createCheckpointer, type Checkpointer } from './checkpointer.ts';
import { createClaimedProjection } from './claimed.ts';
import type { Connections } from './connections.ts';
import { createDispatcher, type Dispatcher } from './dispatcher.ts';
import { createFanOut, type FanOut } from './fan-out.ts';
import type { Hold } from './hold.ts';
import { createProjection, type Project, type ProjectionCounts, type Target } from './projection.ts';
import { pump } from './pump.ts';

export interface PipelineOptions {
  readonly settings: Settings;
  readonly connections: Connections;
  readonly indexes: IndexAdmin;
  readonly hold: Hold;
  /** Where an index's documents are written; asked from the first document on. */
  readonly targetOf: (index: string) => Target;
  /** Whether searches see an index, or it is still being built. */
  readonly isServing: (index: string) => boolean;
  /** Whether documents are still written to an index: not, once another has taken its place. */
  readonly isFollowed: (index: string) => boolean;
  /** Whether another physical index is being built in place of this one. */
  readonly isReplaced: (physical: string) => boolean;
  /** Told that documents of an index could not be read or written. May throw another error in place of this one. */
  readonly explain: (index: string, error: unknown) => Promise<void>;
  readonly counts: ProjectionCounts & { changes: number };
  readonly telemetry: Telemetry;
  readonly onFailure: (error: unknown) => void;
  readonly log: Logger;
  readonly now: () => number;
  readonly signal: AbortSignal;
}

/** The stages of a session, put together: from the stream to documents, and back along the LSN. */
export interface Pipeline {
  readonly debouncer: Debouncer;
  readonly dispatcher: Dispatcher;
  readonly fanOut: FanOut;
  readonly deadLetters: DeadLetters;
  readonly checkpointer: Checkpointer;
  /** How far the stream has passed the gate, and how far it has been routed. */
  readonly position: { readonly settled: Lsn; readonly covered: Lsn };
  /** All that ends at or before this is accepted by Elasticsearch. */
  readonly durable: Lsn;
  /** How long the oldest unfinished work has been there, in ms; 0 when there is none. */
  readonly oldestPendingMs: number;
  /** Reads and writes documents, each once nobody else has it under way. */
  readonly project: Project;
  /** A version newer than that of any document; resolves once all that is older is visible. */
  readonly newest: () => Promise<Lsn>;
  /** Pages the ids of the documents that an index has, or that are on their way into it, of versions before this. */
  readonly documentIds: (index: string, olderThan?: Lsn) => AsyncIterable<readonly string[]>;
  /**
   * Follows the stream until it fails or the signal is aborted. `onUntold` is told when the stream does not say enough
   * of a change to find the documents that it touches.
   */
  stream(onUntold: () => void): Promise<never>;
  /** Resolves once what is read or written now is written. */
  readonly untilWritten: () => Promise<void>;
}

const ID_PAGE = 1_000;

export function createPipeline(options: PipelineOptions): Pipeline {
  const { settings, connections, indexes, hold, targetOf, isServing, isFollowed, explain } = options;
  const { counts, telemetry, onFailure, log, now, signal } = options;
  const { retry, redis, elasticsearch, waits, query } = connections;
  const { stream, checkpoints, durable } = hold;
  const { maxInFlight, maxPending } = settings;

  const position = { settled: durable.lsn, covered: durable.lsn };
  const floor = createFloor(durable, now);
  const timed = async <T>(stage: Stage, work: () => Promise<T>): Promise<T> => {
    const startedMs = now();
    const result = await work();
    telemetry.stage(stage, now() - startedMs);
    return result;
  };
  const deliver = createDelivery({
    client: elasticsearch,
    bulkBytes: settings.bulkBytes,
    assertHolder: () => checkpoints.assertHolder(),
    retry: retry.elasticsearch,
    now,
  });
  const deadLetters = createDeadLetters({
    store: createDeadLetterIndex(elasticsearch, { name: settings.name, prefix: settings.indexPrefix }),
    deliver,
    retry: retry.elasticsearch,
    perMinute: settings.deadLettersPerMinute,
    isReplaced: options.isReplaced,
    log,
    clock: Date.now,
    now,
  });
  const projectAny = createProjection({
    query: connections.preparedQuery,
    maxBytes: settings.bulkBytes,
    loader: createLoader(deliver),
    deadLetters,
    settled: () => position.settled,
    counts,
    telemetry,
    now,
  });
  const projection: Project = async (target, ids) => {
    if (!isFollowed(target.index.name)) return;
    await projectAny(target, ids).catch(async (error: unknown) => {
      await explain(target.index.name, error);
      throw error;
    });
  };
  const debouncer = createDebouncer({
    indexes: hold.plan.indexes.map(({ name }) => name),
    batchSize: settings.batchSize,
    maxInFlight,
    quietMs: settings.debounceQuietMs,
    maxWaitMs: settings.debounceMaxWaitMs,
    floor,
  });
  const refresher =
    settings.refresh === 'adaptive'
      ? createRefresher({
          refresh: (physical) => indexes.refresh(physical),
          maxPerSecond: settings.refreshesPerSecond,
          now,
        })
      : null;
  signal.addEventListener('abort', () => refresher?.close(), { once: true });
  const dispatcher = createDispatcher({
    debouncer,
    maxInFlight,
    async project({ index, ids, sinceMs }) {
      const target = targetOf(index);
      await projection(target, ids);
      telemetry.batch(ids.length, now() - sinceMs);
      if (isServing(index)) refresher?.wrote(target.physical, ids.length + debouncer.allPending);
    },
    onFailure,
    now,
  });
  const checkpointer = createCheckpointer({
    checkpoints: {
      ...checkpoints,
      store: (checkpoint) => timed('store', () => checkpoints.store(checkpoint)),
    },
    origin: hold.origin,
    coverage: hold.coverage,
    durable,
    floor,
    acknowledge: (lsn) => stream.acknowledge(lsn),
    retry: retry.redis,
    intervalMs: settings.checkpointIntervalMs,
    now,
  });
  redis.on('ready', () => checkpointer.storeAgain());
  const fanOut = createFanOut({
    router: hold.router,
    debouncer,
    floor,
    dispatcher,
    query: (text, values) => timed('lookup', () => query(text, values)),
    maxPending,
    onFailure,
    now,
    signal,
  });
  const opening = createGate({
    takeSnapshot: connections.takeSnapshot,
    onWait: (xid) => {
      if (xid === null) waits.delete('gate');
      else waits.set('gate', `transaction ${xid} to become visible`);
    },
    signal,
  });
  const gate: Gate = { ...opening, settle: (xid) => timed('gate', () => opening.settle(xid)) };

  const rowIds = async function* (name: string): AsyncGenerator<readonly string[]> {
    const { index } = targetOf(name);
    for await (const keys of rootPages({ ...connections, index }, { pageSize: ID_PAGE }))
      yield keys.map(keyToId);
  };
  const untilWritten = (): Promise<void> => dispatcher.until(debouncer.underWay(), signal);
  const documentIds = async function* (name: string, olderThan?: Lsn): AsyncGenerator<readonly string[]> {
    const { physical } = targetOf(name);
    // What has read rows before they went may write them only now; what reads them later sees them gone.
    await untilWritten();
    try {
      await retry.elasticsearch(() => indexes.refresh(physical));
      yield* indexIds(elasticsearch, physical, ID_PAGE, { olderThan, retry: retry.elasticsearch });
    } catch (error) {
      // Another has taken its place meanwhile, and it is gone.
      if (isFollowed(name)) throw error;
    }
    yield* deadLetters.ids(physical, olderThan);
  };

  return {
    debouncer,
    dispatcher,
    fanOut,
    deadLetters,
    checkpointer,
    position,
    get durable() {
      return floor.lowest.lsn;
    },
    get oldestPendingMs() {
      return floor.heldSinceMs === null ? 0 : now() - floor.heldSinceMs;
    },
    documentIds,
    untilWritten,
    project: createClaimedProjection(debouncer, dispatcher, projection, signal),
    async newest() {
      const lsn = await connections.emitMessage();
      await dispatcher.until(() => position.settled >= lsn, signal);
      return lsn;
    },
    stream: (onUntold) =>
      pump({
        stream,
        gate,
        router: hold.router,
        debouncer,
        floor,
        dispatcher,
        fanOut,
        rowIds,
        documentIds,
        onUntold,
        durable,
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
        tally: telemetry.changes,
        maxPending,
        now,
        signal,
      }),
  };
}
