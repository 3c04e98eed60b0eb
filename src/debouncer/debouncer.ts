import type { Floor, Hold } from './floor.ts';

/** What one read and one write cover. */
export interface Batch {
  readonly index: string;
  readonly ids: readonly string[];
  /** When the first of what holds the floor for them was taken on, on the floor's clock. */
  readonly sinceMs: number;
}

/**
 * Which way an id goes: `prompt` for what a change touches by itself, `bulk` for one of the many that a single change
 * or transaction touches, which others must not wait behind.
 */
export type Lane = 'prompt' | 'bulk';

export interface DebouncerOptions {
  readonly indexes: readonly string[];
  /** The most ids in a batch. */
  readonly batchSize: number;
  /** How many batches are under way at once at most. */
  readonly maxInFlight: number;
  /** How long nothing must have been added before an idle loader is given what there is. */
  readonly quietMs: number;
  /** How long an id waits at most for that quiet. */
  readonly maxWaitMs: number;
  /** Held by every id that waits or is under way. */
  readonly floor: Floor;
}

export interface Debouncer {
  /**
   * Marks a document as affected, by a commit that is not covered yet, or, with a `hold`, by one that has been since.
   * Its batch reads it after this call. The lane is `prompt` unless told otherwise.
   */
  add(index: string, id: string, nowMs: number, lane?: Lane, hold?: Hold): void;
  /** Marks a document as affected by a transaction of which more is to come. No batch reads it before `letOut`. */
  gather(index: string, id: string): void;
  /** Moves so many of what was gathered into the bulk lane at most; true when that was all. */
  letOut(most: number, nowMs: number): boolean;
  /** The next batch to read and write, or null when there is none yet. */
  next(nowMs: number): Batch | null;
  /** When `next` may give a batch although nothing happens until then; null when only an event can bring one. */
  nextDueMs(): number | null;
  /** Tells that every id of a batch is accepted by Elasticsearch (or dead-lettered). */
  done(batch: Batch, nowMs: number): void;
  /**
   * Claims those of the ids that no batch and no other claim has under way (invariant 4, single flight), until
   * `release`. An id added meanwhile waits in its lane.
   */
  claim(index: string, ids: readonly string[]): string[];
  release(index: string, ids: readonly string[]): void;
  /** A condition that holds once every batch and every claim that is under way at this moment has ended. */
  underWay(): () => boolean;
  /** Ids added and not in a batch yet. */
  readonly pending: Readonly<Record<Lane, number>>;
  /** Those of both lanes, and those gathered. */
  readonly allPending: number;
}

/** The ids of one index that wait in a lane, in the order of their first addition, each with what it holds. */
type Waiting = Map<string, Hold>;

interface Queue extends Readonly<Record<Lane, Waiting>> {
  readonly index: string;
  /** Ids of a transaction of which more is to come. */
  readonly gathered: Set<string>;
  /** Ids that a batch or a snapshot's chunk has under way. */
  readonly claimed: Set<string>;
  /** Batches under way. */
  readonly inFlight: Record<Lane, number>;
}

/** While others come, a batch of the bulk lane is to be over in so long: they wait behind those under way. */
const BULK_BATCH_MS = 150;
/** Others come, as long as the last of them came so recently. */
const OTHERS_MS = 1_000;
/** Smaller ones cost more than they spare. */
const SMALLEST_BULK_BATCH = 50;
/** Where a batch of the others takes longer, one batch fewer of the bulk lane is under way at once. */
const QUICK_BATCH_MS = 30;
/** One more is, once so many of the others' in a row took no longer. */
const QUICK_IN_A_ROW = 20;

/**
 * Gathers affected ids into batches.
 *
 * An index has two lanes. In the prompt one, a loader that has nothing of it under way gets what there is once it has
 * been quiet; a busy one gets full batches only, and the rest gathers meanwhile. The bulk one never takes the last place
 * among the batches under way, so that a change that comes meanwhile finds one free, and is never left without any, so
 * that it comes to its end whatever comes meanwhile. While others come, its batches are smaller, the more so the longer
 * they take, and one is under way at once, or more for as long as those of the others are quick all the same. An id of
 * the bulk lane that is touched again by itself overtakes the others.
 *
 * What a large transaction touches gathers until all of it has come by, so that a document is written once for it, in
 * whatever order its rows come. Nobody waits for that: none of it can be acknowledged before its commit comes.
 *
 * Each pending id holds the ack floor at what was covered when it was first added, and a batch at its ids' lowest.
 */
export function createDebouncer(options: DebouncerOptions): Debouncer {
  const { batchSize, maxInFlight, quietMs, maxWaitMs, floor } = options;
  const queues = options.indexes.map((index): Queue => ({
    index,
    prompt: new Map(),
    bulk: new Map(),
    gathered: new Set(),
    claimed: new Set(),
    inFlight: { prompt: 0, bulk: 0 },
  }));
  const byName = new Map(queues.map((queue) => [queue.index, queue]));
  const underWay = new Map<Batch, { readonly lane: Lane; readonly hold: Hold; readonly beganMs: number }>();
  const pending = { prompt: 0, bulk: 0 };
  let gatheredCount = 0;
  let bulkInFlight = 0;
  const mostBulkInFlight = Math.max(1, maxInFlight - 1);
  /** How many may be, while others come. */
  let bulkAtOnce = 1;
  let quickInARow = 0;
  /** As many as take `BULK_BATCH_MS`, by those of late. */
  let bulkBatchSize = batchSize;
  let lastLane: Lane = 'prompt';
  let lastAddedMs = -Infinity;
  let oldestAddedMs: number | null = null;
  let turn = 0;

  const queueOf = (index: string): Queue => {
    const queue = byName.get(index);
    if (!queue) throw new RangeError(`no such index: ${index}`);
    return queue;
  };

  const othersCome = (nowMs: number): boolean => nowMs - lastAddedMs < OTHERS_MS;
  const bulkPlaces = (nowMs: number): number => (othersCome(nowMs) ? bulkAtOnce : mostBulkInFlight);
  const sizeOf = (lane: Lane, nowMs: number): number =>
    lane === 'bulk' && othersCome(nowMs) ? bulkBatchSize : batchSize;

  const learnFrom: Readonly<Record<Lane, (documents: number, tookMs: number) => void>> = {
    prompt(_documents, tookMs) {
      if (bulkInFlight === 0) return;
      const isQuick = tookMs <= QUICK_BATCH_MS;
      quickInARow = isQuick ? quickInARow + 1 : 0;
      if (!isQuick) bulkAtOnce = Math.max(1, bulkAtOnce - 1);
      else if (quickInARow % QUICK_IN_A_ROW === 0) bulkAtOnce = Math.min(mostBulkInFlight, bulkAtOnce + 1);
    },
    bulk(documents, tookMs) {
      if (documents < Math.min(SMALLEST_BULK_BATCH, batchSize)) return;
      const fitting = (bulkBatchSize + (documents * BULK_BATCH_MS) / Math.max(1, tookMs)) / 2;
      bulkBatchSize = Math.round(Math.min(batchSize, Math.max(SMALLEST_BULK_BATCH, fitting)));
    },
  };

  /** Takes a batch of ids that nobody has under way, a full one unless `isDue`; null when there are too few. */
  const take = (queue: Queue, lane: Lane, isDue: boolean, nowMs: number): Batch | null => {
    const size = sizeOf(lane, nowMs);
    const atLeast = isDue ? 1 : size;
    const waiting = queue[lane];
    if (waiting.size < atLeast) return null;
    const taken: [id: string, hold: Hold][] = [];
    for (const entry of waiting) {
      if (queue.claimed.has(entry[0])) continue;
      taken.push(entry);
      if (taken.length === size) break;
    }
    const hold = lowest(...taken.map(([, own]) => own));
    if (!hold || taken.length < atLeast) return null;
    floor.share(hold);
    for (const [id, own] of taken) {
      waiting.delete(id);
      queue.claimed.add(id);
      floor.release(own);
    }
    pending[lane] -= taken.length;
    queue.inFlight[lane]++;
    if (lane === 'bulk') bulkInFlight++;
    lastLane = lane;
    const batch = { index: queue.index, ids: taken.map(([id]) => id), sinceMs: hold.sinceMs };
    underWay.set(batch, { lane, hold, beganMs: nowMs });
    return batch;
  };

  /** A batch of the lane, of one index after the other. */
  const nextOf = (lane: Lane, nowMs: number): Batch | null => {
    if (pending[lane] === 0) return null;
    if (lane === 'bulk' && bulkInFlight >= bulkPlaces(nowMs)) return null;
    const isDue =
      lane === 'bulk' ||
      nowMs - lastAddedMs >= quietMs ||
      (oldestAddedMs !== null && nowMs - oldestAddedMs >= maxWaitMs);
    for (let i = 0; i < queues.length; i++) {
      const position = (turn + i) % queues.length;
      const queue = queues[position];
      const batch = queue && take(queue, lane, queue.inFlight[lane] === 0 && isDue, nowMs);
      if (!batch) continue;
      turn = position + 1;
      if (lane === 'prompt') oldestAddedMs = pending.prompt === 0 ? null : nowMs;
      return batch;
    }
    return null;
  };

  return {
    add(index, id, nowMs, lane = 'prompt', given?: Hold) {
      const queue = queueOf(index);
      if (lane === 'prompt') {
        lastAddedMs = nowMs;
        oldestAddedMs ??= nowMs;
      }
      const known = queue.prompt.get(id) ?? queue.bulk.get(id);
      const hold = lowest(known, given) ?? floor.hold();
      if (hold !== known) {
        if (hold === given) floor.share(hold);
        if (known) floor.release(known);
      }
      const goes = lane === 'bulk' && !queue.prompt.has(id) ? 'bulk' : 'prompt';
      if (goes === 'prompt' && known && queue.bulk.delete(id)) pending.bulk--;
      if (!queue[goes].has(id)) pending[goes]++;
      queue[goes].set(id, hold);
    },
    gather(index, id) {
      const { gathered } = queueOf(index);
      const before = gathered.size;
      gathered.add(id);
      gatheredCount += gathered.size - before;
    },
    letOut(most, nowMs) {
      let left = most;
      for (const { index, gathered } of queues) {
        for (const id of gathered) {
          if (left-- === 0) return false;
          gathered.delete(id);
          gatheredCount--;
          this.add(index, id, nowMs, 'bulk');
        }
      }
      return true;
    },
    next(nowMs) {
      const order: Lane[] =
        bulkInFlight === 0 && lastLane === 'prompt' ? ['bulk', 'prompt'] : ['prompt', 'bulk'];
      return nextOf(order[0] ?? 'prompt', nowMs) ?? nextOf(order[1] ?? 'bulk', nowMs);
    },
    nextDueMs() {
      if (pending.prompt === 0) return null;
      return Math.min(lastAddedMs + quietMs, (oldestAddedMs ?? Infinity) + maxWaitMs);
    },
    done(batch, nowMs) {
      const own = underWay.get(batch);
      if (!own) return;
      underWay.delete(batch);
      queueOf(batch.index).inFlight[own.lane]--;
      if (own.lane === 'bulk') bulkInFlight--;
      learnFrom[own.lane](batch.ids.length, nowMs - own.beganMs);
      floor.release(own.hold);
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
      let left = queues.flatMap(({ claimed }) => [...claimed].map((id) => ({ claimed, id })));
      return () => {
        left = left.filter(({ claimed, id }) => claimed.has(id));
        return left.length === 0;
      };
    },
    pending,
    get allPending() {
      return pending.prompt + pending.bulk + gatheredCount;
    },
  };
}

/** The hold of the lowest commit among those that there are. */
function lowest(...holds: (Hold | undefined)[]): Hold | undefined {
  let found: Hold | undefined;
  for (const hold of holds) if (hold && !(found && found.since.lsn <= hold.since.lsn)) found = hold;
  return found;
}
