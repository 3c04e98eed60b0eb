import { createHash } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { Settings } from '../config/settings.ts';
import { failsForRow, type Part } from '../definition/part.ts';
import type { IndexAdmin } from '../loader/indexes.ts';
import type { Logger } from '../ops/log.ts';
import { passBarrier } from '../replication/gate.ts';
import { countRows, rootPages, type RootQueries } from '../resolver/root-pages.ts';
import { pages, type QueryRows } from '../router/pages.ts';
import { refusalInWords } from '../servers/sql-states.ts';
import { formatLsn, type Lsn } from '../shared/lsn.ts';
import { createProgressStore, type ProgressStore, type SnapshotProgress } from '../snapshot/progress.ts';
import { runSnapshot, type SnapshotOptions, type SnapshotRows } from '../snapshot/snapshot.ts';
import type { Connections } from './connections.ts';
import type { Counts } from './counts.ts';
import { createGivingWay } from './giving-way.ts';
import type { Project } from './projection.ts';
import type { RebuildMarker } from './rebuild.ts';
import { endReindex, type Reindex, type ReindexStore } from './reindexes.ts';
import { hasBefore, type BuildTarget } from './targets.ts';

export interface SnapshotsOptions {
  readonly settings: Settings;
  readonly connections: Connections;
  readonly indexes: IndexAdmin;
  readonly targets: readonly BuildTarget[];
  /** Claims, reads and writes documents. */
  readonly project: Project;
  readonly rebuild: RebuildMarker;
  /** Whether every definition has its index among the targets; a rebuild has not ended before. */
  readonly isWhole: boolean;
  readonly reindexes: ReindexStore;
  /** Counts the rows of an index and the documents of a new one. */
  readonly compareCounts: (target: BuildTarget) => Promise<Counts & { readonly agree: boolean }>;
  /** Gives up a new index, and says why. Rejects, since the session is not to go on. */
  readonly giveUp: (target: BuildTarget, reason: string) => Promise<never>;
  /** Told that rows of an index could not be read. May throw another error in place of this one. */
  readonly explain: (index: string, error: unknown) => Promise<void>;
  /** Told, before it is so, that nothing is written any more to an index that another has replaced. */
  readonly onLeave: (left: BuildTarget) => Promise<void>;
  /** Resolves once nothing that has begun before writes documents. */
  readonly untilWritten: () => Promise<void>;
  /** Told when those that an index replaces are gone. */
  readonly onServed: () => Promise<void>;
  /** Pages the ids of the documents that an index has or refuses, or that are on their way into it, of versions before this. */
  readonly documentIds: (index: string, olderThan: Lsn) => AsyncIterable<readonly string[]>;
  /** A version newer than that of any document, once all that is older is visible. */
  readonly newest: () => Promise<Lsn>;
  /** How long the oldest unfinished work of the stream has been there, in ms. */
  readonly oldestPendingMs: () => number;
  readonly log: Logger;
  readonly now: () => number;
  /** Ends snapshots between two chunks; what is done is kept. */
  readonly ending: AbortSignal;
}

export interface Snapshots {
  /**
   * Fills the indexes that are being built, those whose documents rest on what has changed, those whose snapshot was
   * interrupted, and those that are named, one after the other. Settles when that is done or the session ends.
   */
  readonly run: (requested: readonly string[]) => Promise<void>;
  /** Reads the documents of some rows again. Settles when that is done or the session ends. */
  readonly runPart: (name: string, part: Part) => Promise<void>;
  /** Gives up building an index; false where it has come to serve, or is about to. */
  readonly cancel: (target: BuildTarget) => boolean;
  /** Whether this index has still to be filled before its alias leads to it. */
  readonly isBuilding: (target: BuildTarget) => boolean;
  /** Whether the alias leads to another in this one's place, or is about to. */
  readonly isLeaving: (target: BuildTarget) => boolean;
  /** Whether documents are still written to it. */
  readonly isFollowed: (target: BuildTarget) => boolean;
  /** Whether it has been filled with what its documents rest on now. */
  readonly isComplete: (target: BuildTarget) => boolean;
  /** How far the snapshots of this session are, by the index's name. */
  readonly progress: ReadonlyMap<string, SnapshotProgress>;
  /** Whether an index has still to be filled, or filled again. */
  readonly isRunning: boolean;
}

/** A search that has begun before the alias was moved may go on for so long in the index that it found. */
const SEARCHES_END_MS = 2_000;

/**
 * Where searches have an index's documents already, its chunks give way to edits, and are small, so that what comes
 * meanwhile need not wait long behind one.
 */
const SMALL_CHUNK = 250;

/** The session's snapshots: the second producer of ids, beside the stream. */
export function createSnapshots(options: SnapshotsOptions): Snapshots {
  const { settings, connections, indexes, project, log, now, ending } = options;
  const giveWay = createGivingWay({ oldestPendingMs: options.oldestPendingMs, now, signal: ending });
  const { retry, waits } = connections;
  const shown = new Map<string, SnapshotProgress>();
  const progress = retrying(createProgressStore(connections.redis, settings.name), retry.redis, shown);
  const building = new Set(options.targets.filter(({ isBuilding }) => isBuilding));
  const outdated = new Set(options.targets.filter(({ isOutdated, isBefore }) => isOutdated && !isBefore));
  const cancelled = new Set<BuildTarget>();
  const swapping = new Set<BuildTarget>();
  const leaving = new Set<BuildTarget>();
  const left = new Set<BuildTarget>();
  /** The removals of what has been replaced. */
  const removals: Promise<void>[] = [];
  const state = { isRunning: false, previous: Promise.resolve() };

  /**
   * What a snapshot cannot know from the rows: documents without one, of an index that has been followed before. All
   * that the snapshot has written is at the version `since` or newer.
   */
  const sweep = async (target: BuildTarget, since: Lsn): Promise<boolean> => {
    for await (const ids of options.documentIds(target.index.name, since)) {
      if (ending.aborted) return false;
      await project(target, ids);
    }
    return true;
  };

  const readReindex = async ({ index }: BuildTarget): Promise<Reindex | null> => {
    const reindex = await retry.redis(() => options.reindexes.read(index.alias));
    return reindex?.state === 'running' ? reindex : null;
  };
  const writeReindex = ({ index }: BuildTarget, reindex: Reindex): Promise<void> =>
    retry.redis(() => options.reindexes.write(index.alias, reindex));

  /** Whether a new index has what it is to have, before searches see it. */
  const agreesWithRows = async (target: BuildTarget): Promise<boolean> => {
    const reindex = await readReindex(target);
    if (!reindex?.before) return true;
    const { agree, ...counts } = await options.compareCounts(target);
    log.info({ index: target.index.alias, ...counts }, 'compared the new index with the rows');
    if (cancelled.has(target)) return false;
    if (agree) await writeReindex(target, { ...reindex, counts });
    else {
      const { documents, rows, refused } = counts;
      const reason = `it has ${documents} documents (${refused} refused) of ${rows} rows`;
      await options.giveUp(target, reason);
    }
    return agree && !ending.aborted;
  };

  /** Has the alias lead to a new index in one step; what it replaces goes a little later. */
  const serve = async (target: BuildTarget): Promise<void> => {
    const { index, physical } = target;
    const reindex = await readReindex(target);
    const before = options.targets.find(
      ({ index: other, isBefore }) => isBefore && other.alias === index.alias,
    );
    const isReplacing = (await retry.elasticsearch(() => indexes.aliasLeadsTo(index))).some(
      (one) => one !== physical,
    );
    if (cancelled.has(target)) return;
    swapping.add(target);
    if (before) leaving.add(before);
    await retry.elasticsearch(() => indexes.serve(index, target.state));
    // From here on nobody looks at it.
    if (before) {
      await options.onLeave(before);
      left.add(before);
    }
    building.delete(target);
    log.info({ index: index.alias, physical }, 'the alias leads to it');
    const remove = async (): Promise<void> => {
      // Where the session ends meanwhile, the next one does it.
      if (isReplacing) await delay(SEARCHES_END_MS, undefined, { signal: ending });
      await options.untilWritten();
      const keep = reindex?.keeps ? reindex.before : null;
      await retry.elasticsearch(() => indexes.dropOthers(index, physical, { keep, copies: true }));
      await options.onServed();
      if (reindex)
        await writeReindex(target, endReindex((await readReindex(target)) ?? reindex, 'done', new Date()));
    };
    const removal = remove().catch((error: unknown) => {
      if (!ending.aborted) throw error;
    });
    removal.catch(() => undefined);
    removals.push(removal);
  };

  /** Whether searches have its documents, or those of the index that it is to replace. */
  const isSearched = ({ index, isBuilding }: BuildTarget): boolean =>
    !isBuilding || hasBefore(options.targets, index);

  /** Reads the rows that the index pages, and writes their documents into the target. */
  const readAll = (
    target: BuildTarget,
    what: Pick<SnapshotOptions, 'name' | 'rows' | 'basis' | 'finish'>,
  ): Promise<SnapshotProgress | null> => {
    const givesWay = isSearched(target);
    return runSnapshot({
      ...what,
      physical: target.physical,
      project: (ids) => project(target, ids),
      progress,
      chunkSize: givesWay ? Math.min(SMALL_CHUNK, settings.snapshotChunkSize) : settings.snapshotChunkSize,
      parallelism: settings.snapshotParallelism,
      maxRate: settings.snapshotMaxRate,
      ...(givesWay && { giveWay }),
      signal: ending,
      now,
    });
  };

  const fill = async (target: BuildTarget): Promise<void> => {
    const { index, physical, basis } = target;
    log.info({ index: index.name, physical }, 'snapshot begins');
    const isNew = building.has(target) && !outdated.has(target);
    const since = isNew ? null : await options.newest();
    const result = await readAll(target, {
      name: index.name,
      rows: rowsOfIndex({ ...connections, index }),
      basis: fingerprint(target),
      finish: async () => {
        if (since !== null && !(await sweep(target, since))) return false;
        return !building.has(target) || (await agreesWithRows(target));
      },
    }).catch(async (error: unknown) => {
      await options.explain(index.name, error);
      throw error;
    });
    if (!result) return;
    // What replaced an index for a while goes, too.
    if (building.has(target) || outdated.has(target)) await serve(target);
    if (building.has(target)) return;
    if (outdated.has(target)) await retry.elasticsearch(() => indexes.rebase(physical, basis.parts));
    outdated.delete(target);
    log.info({ index: index.name, documents: result.done }, 'snapshot done');
  };

  const run = async (requested: readonly string[]): Promise<void> => {
    // Invariant 3: all that was open before the slot, the publication or the plan became what they are has ended.
    await passBarrier({
      assignXid: connections.assignXid,
      takeSnapshot: connections.takeSnapshot,
      onWait: (xid) => {
        if (xid === null) waits.delete('barrier');
        else waits.set('barrier', `all transactions up to ${xid} to end`);
      },
      signal: ending,
    });
    for (const target of options.targets.filter(({ isBefore }) => !isBefore)) {
      const { name } = target.index;
      const isInterrupted = async (): Promise<boolean> => {
        const interrupted = await progress.read(name);
        return interrupted?.state === 'running' && interrupted.physical === target.physical;
      };
      const isDue = building.has(target) || outdated.has(target) || requested.includes(name);
      if (!isDue && !(await isInterrupted())) continue;
      state.isRunning = true;
      await fill(target);
      if (ending.aborted) return;
    }
    await Promise.all(removals);
    if (building.size === 0 && options.isWhole) await retry.redis(() => options.rebuild.end());
    state.isRunning = false;
  };

  return {
    run(requested) {
      state.previous = state.previous.then(() => run(requested));
      return state.previous;
    },
    async runPart(name, part) {
      const since = await options.newest();
      for (const target of options.targets.filter(({ index }) => index.alias === name)) {
        const { index, physical } = target;
        log.info({ index: index.name, physical, since: formatLsn(since) }, 'reading a part again');
        const progressName = partProgressName(index.name);
        // It is asked for anew each time.
        await progress.clear(progressName);
        const result = await readAll(target, {
          name: progressName,
          rows: rowsOfPart(connections.query, part),
          basis: '',
          finish: () => Promise.resolve(true),
        });
        if (!result) return;
        log.info({ index: index.name, documents: result.done }, 'part done');
      }
    },
    cancel(target) {
      if (!building.has(target) || swapping.has(target)) return false;
      cancelled.add(target);
      return true;
    },
    isBuilding: (target) => building.has(target),
    isLeaving: (target) => leaving.has(target),
    isFollowed: (target) => !left.has(target),
    isComplete: (target) => !building.has(target) && !outdated.has(target),
    progress: shown,
    get isRunning() {
      return state.isRunning || building.size + outdated.size > 0;
    },
  };
}

function rowsOfIndex(queries: RootQueries): SnapshotRows {
  return { count: () => countRows(queries), pages: (options) => rootPages(queries, options) };
}

/** Its condition is not the definition's: what it fails for is for whoever gave it to correct. */
function rowsOfPart(query: QueryRows, part: Part): SnapshotRows {
  const refused = (error: unknown): never => {
    const refusal = refusalInWords(error);
    throw refusal === null ? error : failsForRow(refusal);
  };
  return {
    async count() {
      const [row] = await query(part.countSql, []).catch(refused);
      return Number(row?.[0] ?? 0);
    },
    pages: (options) => pages((...page) => query(...page).catch(refused), part.keyPages, options),
  };
}

/** The name under which the progress of a part's reading is kept, which no index has. */
export function partProgressName(index: string): string {
  return `${index}@part`;
}

/** Of what a snapshot's documents rest on: the progress of one that rested on something else counts for nothing. */
function fingerprint({ basis, state, isOutdated }: BuildTarget): string {
  const text = JSON.stringify([basis.parts, isOutdated ? state.basis : null]);
  return createHash('sha256').update(text).digest('hex').slice(0, 16);
}

function retrying(
  store: ProgressStore,
  retry: Connections['retry']['redis'],
  shown: Map<string, SnapshotProgress>,
): ProgressStore {
  return {
    read: (index) => retry(() => store.read(index)),
    write(index, progress) {
      shown.set(index, progress);
      return retry(() => store.write(index, progress));
    },
    clear: (index) => retry(() => store.clear(index)),
  };
}
