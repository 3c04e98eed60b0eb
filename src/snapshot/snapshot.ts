import { setTimeout as delay } from 'node:timers/promises';
import { failpoint } from '../ops/failpoint.ts';
import { keyToId } from '../shared/document-key.ts';
import type { ProgressStore, SnapshotProgress } from './progress.ts';

/** The rows that a snapshot reads, by their keys. */
export interface SnapshotRows {
  /** How many there are. */
  count(): Promise<number>;
  /** In pages, in key order, behind a key. */
  pages(options: {
    readonly pageSize: number;
    readonly after: readonly string[] | undefined;
  }): AsyncIterable<readonly (readonly string[])[]>;
}

export interface SnapshotOptions {
  /** Under which the progress is kept. */
  readonly name: string;
  /** The physical index to fill. */
  readonly physical: string;
  /** A digest of what the documents rest on beside the rows. */
  readonly basis: string;
  readonly rows: SnapshotRows;
  /** Claims, reads and writes documents; settles when all of them are durable. */
  readonly project: (ids: readonly string[]) => Promise<void>;
  readonly progress: ProgressStore;
  readonly chunkSize: number;
  /** Chunks read and written at once. */
  readonly parallelism: number;
  /** Documents a second at most; 0 for no throttle. */
  readonly maxRate: number;
  /** Waited for before each chunk, while so many others are under way. */
  readonly giveWay?: (running: number) => Promise<void>;
  /** Does what is left when every row is written, before the snapshot counts as done; false when it was ended. */
  readonly finish: () => Promise<boolean>;
  /** Ends the snapshot between two chunks; what is done is kept. */
  readonly signal: AbortSignal;
  readonly now: () => number;
}

/**
 * Projects every root row, in chunks of the key's order, several at once, from where it was left. It needs no
 * watermark and no exported snapshot (invariant 3): the ids are paged first, then claimed, then read, each chunk at the
 * version of what had passed the gate before; a change that a chunk missed has an event of its own still to come.
 *
 * The caller has passed the barrier. Resolves with the final progress, or null when it was ended by the signal.
 */
export async function runSnapshot(options: SnapshotOptions): Promise<SnapshotProgress | null> {
  const { name, physical, basis, rows, project, progress, signal, now } = options;
  const { chunkSize, parallelism, maxRate } = options;
  const stored = await progress.read(name);
  let state: SnapshotProgress =
    stored?.state === 'running' && stored.physical === physical && stored.basis === basis
      ? stored
      : await emptyProgress(rows, physical, basis);
  const report = async (next: SnapshotProgress): Promise<void> => {
    state = next;
    await progress.write(name, state);
  };
  await report(state);

  const startedMs = now();
  const startedAt = state.done;
  const throttle = async (): Promise<void> => {
    if (maxRate === 0) return;
    const dueMs = startedMs + ((state.done - startedAt) / maxRate) * 1000;
    if (dueMs > now()) await delay(dueMs - now(), undefined, { signal }).catch(() => undefined);
  };

  // Chunks end in any order; the resume point is the end of the last one before which all have ended.
  const chunks: { readonly size: number; readonly last: readonly string[]; isDone: boolean }[] = [];
  const running = new Set<Promise<void>>();
  const failure = new AbortController();
  for await (const keys of rows.pages({ pageSize: chunkSize, after: state.after ?? undefined })) {
    await options.giveWay?.(running.size);
    if (signal.aborted || failure.signal.aborted) break;
    const chunk = { size: keys.length, last: keys.at(-1) ?? [], isDone: false };
    chunks.push(chunk);
    const work = (async () => {
      await project(keys.map(keyToId));
      failpoint('in-chunk');
      chunk.isDone = true;
      let { done, after } = state;
      while (chunks[0]?.isDone) {
        const [ended] = chunks.splice(0, 1);
        done += ended?.size ?? 0;
        after = ended?.last ?? after;
      }
      if (done > state.done) await report({ ...state, done, after });
    })();
    running.add(work);
    work.then(
      () => running.delete(work),
      (error: unknown) => failure.abort(error),
    );
    if (running.size >= parallelism) await Promise.race(running);
    await throttle();
  }
  await Promise.all(running);
  if (chunks.length > 0 || signal.aborted) return null;
  if (!(await options.finish())) return null;
  await report({ ...state, state: 'done' });
  return state;
}

/** The progress of a snapshot that has not begun. */
async function emptyProgress(rows: SnapshotRows, physical: string, basis: string): Promise<SnapshotProgress> {
  return { physical, basis, state: 'running', done: 0, total: await rows.count(), after: null };
}
