/**
 * @import { ServiceStatus } from '../../service/status.ts'
 * @import { PastStatus } from '../../service/recent.ts'
 */

/** @typedef {ServiceStatus['stages']} Stages */

/**
 * @typedef {object} Rates how fast it goes now; null where that is not known yet
 * @property {number | null} changes row changes a second
 * @property {number | null} documents documents a second, whatever became of them
 * @property {Record<keyof Stages, number | null>} secondsEach how long each stage took, of the last times
 */

/** How long is looked back at for what goes on now. */
const NOW_MS = 5_000;
/** Where nothing was heard for so long, nothing is known of the time between. */
const GAP_MS = 5_000;

/** @param {Pick<PastStatus, 'at'>} status */
const timeOf = ({ at }) => Date.parse(at);

/** @param {PastStatus} status */
const documentsOf = ({ written, superseded, refused }) => written + superseded + refused;

/**
 * By how much something grew a second from one status to a later one; null across a gap, or a new beginning.
 * @param {PastStatus | undefined} before
 * @param {PastStatus} after
 * @param {(status: PastStatus) => number} count
 * @param {number} mostMs
 */
function growth(before, after, count, mostMs) {
  if (!before) return null;
  const ms = timeOf(after) - timeOf(before);
  const grown = count(after) - count(before);
  return ms <= 0 || ms > mostMs || grown < 0 ? null : (grown / ms) * 1_000;
}

/**
 * The last status that is older than the last one by `ms` at least, or the first.
 * @template {PastStatus} T
 * @param {readonly T[]} past
 * @param {number} ms
 */
function back(past, ms) {
  const last = past.at(-1);
  return last && (past.findLast((one) => timeOf(last) - timeOf(one) >= ms) ?? past[0]);
}

/**
 * How fast it goes now.
 * @param {readonly ServiceStatus[]} heard the oldest first
 * @returns {Rates}
 */
export function ratesOf(heard) {
  const last = heard.at(-1);
  const before = back(heard, NOW_MS);
  /** @type {Rates} */
  const rates = {
    changes: null,
    documents: null,
    secondsEach: { gate: null, lookup: null, read: null, write: null, store: null },
  };
  if (!last || !before || before.startedAt !== last.startedAt) return rates;
  rates.changes = growth(before, last, ({ changes }) => changes, Infinity);
  rates.documents = growth(before, last, documentsOf, Infinity);
  for (const stage of /** @type {(keyof Stages)[]} */ (Object.keys(rates.secondsEach))) {
    const times = last.stages[stage].times - before.stages[stage].times;
    if (times > 0)
      rates.secondsEach[stage] = (last.stages[stage].seconds - before.stages[stage].seconds) / times;
  }
  return rates;
}

/**
 * @typedef {object} Series what the plots show, moment by moment; null where it is not known
 * @property {number[]} times ms since 1970
 * @property {Record<'lag' | 'changes' | 'documents' | 'p50' | 'p99' | 'wal', (number | null)[]>} values
 */

/**
 * @param {readonly PastStatus[]} past the oldest first
 * @returns {Series}
 */
export function seriesOf(past) {
  /** @param {(status: PastStatus) => number} count */
  const rate = (count) => past.map((one, position) => growth(past[position - 1], one, count, GAP_MS));
  return {
    times: past.map(timeOf),
    values: {
      lag: past.map(({ lag }) => lag.seconds),
      changes: rate(({ changes }) => changes),
      documents: rate(documentsOf),
      p50: past.map(({ latency }) => latency?.p50 ?? null),
      p99: past.map(({ latency }) => latency?.p99 ?? null),
      wal: past.map(({ slot }) => slot?.retainedBytes ?? null),
    },
  };
}

/** How long is kept, as the service does. */
const KEPT_MS = 15 * 60_000;
const APART_MS = 1_000;

/**
 * What was, the oldest first: what the service has kept, and what was heard since.
 */
export function createPast() {
  /** @type {PastStatus[]} */
  let past = [];
  return {
    get all() {
      return past;
    },
    /**
     * What the service has kept takes the place of what was heard in that time, in which this page may have slept.
     * @param {readonly PastStatus[]} kept
     */
    learn(kept) {
      const [first] = kept;
      const last = kept.at(-1);
      if (!first || !last) return;
      past = [
        ...past.filter((one) => timeOf(one) < timeOf(first)),
        ...kept,
        ...past.filter((one) => timeOf(one) > timeOf(last)),
      ];
    },
    /**
     * Keeps it, unless that is too soon after the last. Gives whether it has.
     * @param {PastStatus} status
     */
    add(status) {
      const last = past.at(-1);
      if (last && Math.abs(timeOf(status) - timeOf(last)) < APART_MS) return false;
      past = [...past.filter((one) => timeOf(status) - timeOf(one) < KEPT_MS), status];
      return true;
    },
  };
}

/** How long is looked back at to tell how long a filling still takes. */
const FILLING_MS = 30_000;
const SHORTEST_MS = 2_000;

/**
 * Tells of fillings of indexes how fast they go.
 */
export function createFillings() {
  /** @type {Map<string, { atMs: number, done: number }[]>} */
  const seen = new Map();
  return {
    /**
     * Documents a second of the filling of a physical index, now that so many are done; null where that is not known yet.
     * @param {string} physical
     * @param {number} done
     * @param {number} atMs
     */
    rate(physical, done, atMs) {
      const before = (seen.get(physical) ?? []).filter(
        (one) => atMs - one.atMs <= FILLING_MS && one.done <= done,
      );
      seen.set(physical, [...before, { atMs, done }]);
      const [first] = before;
      return first && atMs - first.atMs >= SHORTEST_MS
        ? ((done - first.done) / (atMs - first.atMs)) * 1_000
        : null;
    },
  };
}
