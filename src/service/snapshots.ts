import { createHash } from 'node:crypto';
import type { Settings } from '../config/settings.ts';
import type { IndexAdmin } from '../loader/indexes.ts';
import type { Logger } from '../ops/log.ts';
import { passBarrier } from '../replication/gate.ts';
import type { Lsn } from '../shared/lsn.ts';
import { createProgressStore, type ProgressStore, type SnapshotProgress } from '../snapshot/progress.ts';
import { runSnapshot } from '../snapshot/snapshot.ts';
import type { Connections } from './connections.ts';
import type { Project } from './projection.ts';
import type { RebuildMarker } from './rebuild.ts';
import type { BuildTarget } from './targets.ts';

export interface SnapshotsOptions {
  readonly settings: Settings;
  readonly connections: Connections;
  readonly indexes: IndexAdmin;
  readonly targets: readonly BuildTarget[];
  /** Claims, reads and writes documents. */
  readonly project: Project;
  readonly rebuild: RebuildMarker;
  /** Told when an index has come to serve, and those that it replaces are gone. */
  readonly onServed: () => Promise<void>;
  /** Pages the ids of the documents that an index has or refuses, or that are on their way into it, of versions before this. */
  readonly documentIds: (index: string, olderThan: Lsn) => AsyncIterable<readonly string[]>;
  /** A version newer than that of any document, once all that is older is visible. */
  readonly newest: () => Promise<Lsn>;
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
  /** Whether this index has still to be filled before its alias leads to it. */
  readonly isBuilding: (target: BuildTarget) => boolean;
  /** Whether it has been filled with what its documents rest on now. */
  readonly isComplete: (target: BuildTarget) => boolean;
  /** How far the snapshots of this session are, by the index's name. */
  readonly progress: ReadonlyMap<string, SnapshotProgress>;
  /** Whether an index has still to be filled, or filled again. */
  readonly isRunning: boolean;
}

/** The session's snapshots: the second producer of ids, beside the stream. */
export function createSnapshots(options: SnapshotsOptions): Snapshots {
  const { settings, connections, indexes, project, log, now, ending } = options;
  const { retry, waits } = connections;
  const shown = new Map<string, SnapshotProgress>();
  const progress = retrying(createProgressStore(connections.redis, settings.name), retry.redis, shown);
  const building = new Set(options.targets.filter(({ isBuilding }) => isBuilding));
  const outdated = new Set(options.targets.filter(({ isOutdated }) => isOutdated));
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

  const fill = async (target: BuildTarget): Promise<void> => {
    const { index, physical, basis } = target;
    log.info({ index: index.name, physical }, 'snapshot begins');
    const isNew = building.has(target) && !outdated.has(target);
    const since = isNew ? null : await options.newest();
    const result = await runSnapshot({
      index,
      physical,
      basis: fingerprint(target),
      query: connections.query,
      project: (ids) => project(target, ids),
      progress,
      chunkSize: settings.snapshotChunkSize,
      parallelism: settings.snapshotParallelism,
      maxRate: settings.snapshotMaxRate,
      finish: () => (since === null ? Promise.resolve(true) : sweep(target, since)),
      signal: ending,
      now,
    });
    if (!result) return;
    if (building.has(target) || outdated.has(target)) {
      // What replaced an index for a while goes, too.
      await retry.elasticsearch(() => indexes.serve(index, target.state));
      await options.onServed();
    }
    if (outdated.has(target)) await retry.elasticsearch(() => indexes.rebase(physical, basis.parts));
    outdated.delete(target);
    building.delete(target);
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
    for (const target of options.targets) {
      const { name } = target.index;
      const isInterrupted = async (): Promise<boolean> => (await progress.read(name))?.state === 'running';
      const isDue = building.has(target) || outdated.has(target) || requested.includes(name);
      if (!isDue && !(await isInterrupted())) continue;
      state.isRunning = true;
      await fill(target);
      if (ending.aborted) return;
    }
    if (building.size === 0) await retry.redis(() => options.rebuild.end());
    state.isRunning = false;
  };

  return {
    run(requested) {
      state.previous = state.previous.then(() => run(requested));
      return state.previous;
    },
    isBuilding: (target) => building.has(target),
    isComplete: (target) => !building.has(target) && !outdated.has(target),
    progress: shown,
    get isRunning() {
      return state.isRunning || building.size + outdated.size > 0;
    },
  };
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
