import type { Debouncer, Lane } from '../debouncer/debouncer.ts';
import type { Floor, Hold } from '../debouncer/floor.ts';
import type { Lookup } from '../definition/plan.ts';
import { idPages, type QueryRows } from '../router/pages.ts';
import type { PendingLookup, Router } from '../router/router.ts';
import type { Dispatcher } from './dispatcher.ts';

export interface FanOutOptions {
  readonly router: Router;
  readonly debouncer: Debouncer;
  readonly floor: Floor;
  readonly dispatcher: Dispatcher;
  readonly query: QueryRows;
  /** The most ids that may wait; fan-outs fill no more than half of it. */
  readonly maxPending: number;
  readonly onFailure: (error: unknown) => void;
  readonly now: () => number;
  readonly signal: AbortSignal;
}

export interface FanOut {
  /**
   * Sees to it that the lookups which the router has gathered are made. To be called before what they are for is
   * covered: until all that they find is durable, the floor stays where it is.
   */
  follow(): void;
  /** Adds every id that a source gives, likewise. Sources of the same name give the same. */
  spread(name: string, index: string, ids: AsyncIterable<readonly string[]>): void;
  /** Resolves once there is room for more of either. */
  room(): Promise<void>;
  /** How many lookups and sources have not given all their ids yet. */
  readonly outstanding: number;
}

/** What gives many ids, a page at a time: a TRUNCATE, or what is left of a lookup after its first page. */
interface Source {
  /** Sources of the same name give the same ids, but for what happens meanwhile. */
  readonly name: string;
  readonly index: string;
  readonly ids: AsyncIterator<readonly string[]>;
  readonly hold: Hold;
}

/** Lookup keys that one statement is given at most. */
const KEYS_AT_ONCE = 1_000;
/** For so many keys a look at which of them are referred to is not worth a round trip. */
const FEW_KEYS = 10;
/** A lookup that gives fewer ids than this is no fan-out. */
const FIRST_PAGE = 1_000;
const NEXT_PAGE = 5_000;
const MAX_GATHERED_KEYS = 10_000;
const MAX_SOURCES = 20;

/**
 * Follows the changes that lead to their documents by a lookup, beside the stream, which goes on meanwhile.
 *
 * A lookup may come as late as it likes. It finds the documents of now: whatever has joined or left them since the
 * change has an event of its own, which reads them whole (invariant 1). So the lookups of a route that gather while
 * others are made become one, each key once; and of fan-outs that give the same, one is under way and one waits.
 *
 * A lookup's first page is asked for at once. If it is all, its ids are like any other's. If there are more, it is a
 * fan-out: its ids go into the bulk lane, which other changes overtake, and its pages are asked for as the loader takes
 * them, by turns with those of other fan-outs. So a fan-out of any size costs a page of memory (invariant 8), and the
 * stream does not wait for it. Until its last document is durable the floor stands at what was covered before it
 * (invariant 5): after a crash it is begun again, whole.
 */
export function createFanOut(options: FanOutOptions): FanOut {
  const { router, debouncer, floor, dispatcher, query, maxPending, onFailure, now, signal } = options;
  const bulkPage = Math.max(1, Math.min(NEXT_PAGE, Math.floor(maxPending / 4)));
  /** Those that are being asked, by turns, and those that wait for one of the same name to end. */
  const sources: Source[] = [];
  const queued = new Map<string, Source>();
  const state: {
    /** Held for what the router has gathered and nobody has taken yet. */
    gathered: Hold | null;
    lookingUp: number;
    isLooking: boolean;
    isSpreading: boolean;
  } = { gathered: null, lookingUp: 0, isLooking: false, isSpreading: false };

  const until = (condition: () => boolean): Promise<void> => {
    signal.throwIfAborted();
    return dispatcher.until(condition, signal);
  };
  const hasFewSources = (): boolean => sources.length + queued.size < MAX_SOURCES;
  const hasRoom = (): boolean => debouncer.allPending < maxPending;
  const add = (index: string, ids: readonly string[], lane: Lane, hold: Hold): void => {
    for (const id of ids) debouncer.add(index, id, now(), lane, hold);
    dispatcher.dispatch();
  };
  const letGo = (hold: Hold): void => {
    floor.release(hold);
    dispatcher.dispatch();
  };

  /** Those of the keys that any row refers to. Of many that are new at once, as in an import, most often none. */
  const referred = async (lookup: Lookup, keys: readonly string[][]): Promise<readonly string[][]> => {
    if ((keys[0]?.length ?? 0) <= FEW_KEYS) return keys;
    const positions = await query(lookup.referredSql, keys);
    return keys.map((column) => positions.map(([position]) => column[Number(position) - 1] ?? ''));
  };

  const lookUp = async ({ index, route, values }: PendingLookup, hold: Hold): Promise<void> => {
    const [first = []] = values;
    for (let from = 0; route.lookup && from < first.length; from += KEYS_AT_ONCE) {
      await until(hasRoom);
      const keys = values.map((column) => column.slice(from, from + KEYS_AT_ONCE));
      const parameters = await referred(route.lookup, keys);
      if (parameters[0]?.length === 0) continue;
      const ids = idPages(query, route.lookup, { parameters, pageSize: FIRST_PAGE, nextPageSize: bulkPage });
      const page = await ids.next();
      if (page.done) continue;
      const isAll = page.value.length < FIRST_PAGE;
      add(index, page.value, isAll ? 'prompt' : 'bulk', hold);
      const name = JSON.stringify([route.index, route.columns, route.lookup.first, parameters]);
      if (!isAll) begin({ name, index, ids, hold: floor.share(hold) });
    }
  };

  /** Makes what is gathered, as long as something is. */
  const lookUpGathered = async (): Promise<void> => {
    while (state.gathered) {
      await until(hasFewSources);
      const hold = state.gathered;
      state.gathered = null;
      const lookups = router.takeLookups();
      state.lookingUp = lookups.length;
      await Promise.all(lookups.map((lookup) => lookUp(lookup, hold)));
      state.lookingUp = 0;
      letGo(hold);
    }
  };

  const begin = (source: Source): void => {
    if (!sources.some(({ name }) => name === source.name)) sources.push(source);
    else if (!queued.has(source.name)) queued.set(source.name, source);
    else letGo(source.hold); // the one that waits holds the floor lower
    if (state.isSpreading) return;
    state.isSpreading = true;
    spreadSources()
      .finally(() => (state.isSpreading = false))
      .catch(onFailure);
  };

  /** Takes a page of each source by turns, as long as there are any. */
  const spreadSources = async (): Promise<void> => {
    for (let source = sources[0]; source; source = sources[0]) {
      await until(() => debouncer.pending.bulk < bulkPage);
      const page = await source.ids.next();
      sources.shift();
      if (!page.done) {
        sources.push(source);
        add(source.index, page.value, 'bulk', source.hold);
        continue;
      }
      const next = queued.get(source.name);
      if (next) sources.push(next);
      queued.delete(source.name);
      letGo(source.hold);
    }
  };

  return {
    follow() {
      if (router.gathered === 0 || state.gathered) return;
      state.gathered = floor.hold();
      if (state.isLooking) return;
      state.isLooking = true;
      lookUpGathered()
        .finally(() => (state.isLooking = false))
        .catch(onFailure);
    },
    spread: (name, index, ids) =>
      begin({ name, index, ids: ids[Symbol.asyncIterator](), hold: floor.hold() }),
    room: () => until(() => router.gathered < MAX_GATHERED_KEYS && hasFewSources()),
    get outstanding() {
      return state.lookingUp + router.gathered + sources.length + queued.size;
    },
  };
}
