import { minLsn, type Lsn } from '../shared/lsn.ts';

/** What one read and one write cover. */
export interface Batch {
  readonly index: string;
  readonly ids: readonly string[];
}

export interface DebouncerOptions {
  readonly indexes: readonly string[];
  /** The most ids in a batch. */
  readonly batchSize: number;
  /** How long nothing must have been added before an idle loader is given what there is. */
  readonly quietMs: number;
  /** How long an id waits at most for that quiet. */
  readonly maxWaitMs: number;
  /** Where the stream starts: all before it is durable. */
  readonly from: Lsn;
}

export interface Debouncer {
  /** Marks a document as affected. Its batch reads it after this call. */
  add(index: string, id: string, nowMs: number): void;
  /** Tells that everything up to a commit's end LSN has been added. */
  cover(lsn: Lsn): void;
  /**
   * The next batch to read and write, or null when there is none yet. An idle loader (nothing in flight) gets what
   * there is once it has been quiet; a busy one gets full batches only, and the rest gathers meanwhile.
   */
  next(nowMs: number): Batch | null;
  /** When `next` may give a batch although nothing happens until then; null when only an event can bring one. */
  nextDueMs(): number | null;
  /** Tells that every id of a batch is accepted by Elasticsearch (or dead-lettered). */
  done(batch: Batch): void;
  /**
   * Claims those of the ids that no batch and no other claim has under way (invariant 4, single flight), until
   * `release`. An id added meanwhile waits in its queue.
   */
  claim(index: string, ids: readonly string[]): string[];
  release(index: string, ids: readonly string[]): void;
  /** A condition that holds once every batch and every claim that is under way at this moment has ended. */
  underWay(): () => boolean;
  /** Every commit that ends at or before this LSN is durable. */
  floor(): Lsn;
  /** Ids added and not in a batch yet. */
  readonly pending: number;
  /** Whether neither a batch nor a pending id is left. */
  readonly idle: boolean;
}

/**
 * Gathers affected ids into batches and keeps the ack floor.
 *
 * Each pending id remembers the LSN that was covered when it was first added, its `since`: while it is unfinished,
 * only that much is durable. Pending ids stand in the order of their first addition, so the first has the lowest
 * `since`; the floor is the lowest of all queues' first and all batches under way, or all that is covered when there
 * is neither.
 */
export function createDebouncer(options: DebouncerOptions): Debouncer {
  const { batchSize, quietMs, maxWaitMs } = options;
  const queues = new Map(
    options.indexes.map((index) => [index, { since: new Map<string, Lsn>(), claimed: new Set<string>() }]),
  );
  const inFlight = new Map<Batch, Lsn>();
  let covered = options.from;
  let pending = 0;
  let lastAddedMs = -Infinity;
  let oldestAddedMs: number | null = null;
  let turn = 0;

  const queueOf = (index: string): { since: Map<string, Lsn>; claimed: Set<string> } => {
    const queue = queues.get(index);
    if (!queue) throw new RangeError(`no such index: ${index}`);
    return queue;
  };

  /** Takes up to `batchSize` ids that nobody has under way; null when there are fewer than `atLeast`. */
  const take = (index: string, atLeast: number): Batch | null => {
    const queue = queueOf(index);
    if (queue.since.size < atLeast) return null;
    const ids: string[] = [];
    let since: Lsn | undefined;
    for (const [id, covers] of queue.since) {
      if (queue.claimed.has(id)) continue;
      since ??= covers;
      ids.push(id);
      if (ids.length === batchSize) break;
    }
    if (since === undefined || ids.length < atLeast) return null;
    for (const id of ids) {
      queue.since.delete(id);
      queue.claimed.add(id);
    }
    pending -= ids.length;
    const batch = { index, ids };
    inFlight.set(batch, since);
    return batch;
  };

  const isDue = (nowMs: number): boolean =>
    nowMs - lastAddedMs >= quietMs || (oldestAddedMs !== null && nowMs - oldestAddedMs >= maxWaitMs);

  return {
    add(index, id, nowMs) {
      const { since } = queueOf(index);
      lastAddedMs = nowMs;
      if (since.has(id)) return;
      since.set(id, covered);
      oldestAddedMs ??= nowMs;
      pending++;
    },
    cover(lsn) {
      if (lsn > covered) covered = lsn;
    },
    next(nowMs) {
      if (pending === 0) return null;
      const atLeast = inFlight.size === 0 && isDue(nowMs) ? 1 : batchSize;
      const names = [...queues.keys()];
      for (let i = 0; i < names.length; i++) {
        const position = (turn + i) % names.length;
        const batch = take(names[position] ?? '', atLeast);
        if (!batch) continue;
        turn = position + 1;
        oldestAddedMs = pending === 0 ? null : nowMs;
        return batch;
      }
      return null;
    },
    nextDueMs() {
      if (pending === 0 || inFlight.size > 0) return null;
      return Math.min(lastAddedMs + quietMs, (oldestAddedMs ?? Infinity) + maxWaitMs);
    },
    done(batch) {
      inFlight.delete(batch);
      this.release(batch.index, batch.ids);
    },
    claim(index, ids) {
      const { claimed } = queueOf(index);
      const free = ids.filter((id) => !claimed.has(id));
      for (const id of free) claimed.add(id);
      return free;
    },
    release(index, ids) {
      const { claimed } = queueOf(index);
      for (const id of ids) claimed.delete(id);
    },
    underWay() {
      let left = [...queues.values()].flatMap(({ claimed }) => [...claimed].map((id) => ({ claimed, id })));
      return () => {
        left = left.filter(({ claimed, id }) => claimed.has(id));
        return left.length === 0;
      };
    },
    floor() {
      let floor = covered;
      for (const { since } of queues.values()) {
        const [first] = since.values();
        if (first !== undefined) floor = minLsn(floor, first);
      }
      for (const since of inFlight.values()) floor = minLsn(floor, since);
      return floor;
    },
    get pending() {
      return pending;
    },
    get idle() {
      return pending === 0 && inFlight.size === 0;
    },
  };
}
