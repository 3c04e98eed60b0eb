import { setTimeout as sleep } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import type { Change, LiveEvent } from '../../shared/search.ts';
import type { EditLog } from '../edits.ts';
import type { Found, IndexName, Searches } from './searches.ts';

/** A search whose result is shown somewhere, to be shown anew whenever it is another. */
export interface LiveSearch {
  /** The same for searches with the same result. */
  readonly key: string;
  readonly index: IndexName;
  run(): Promise<Found<unknown>>;
}

export interface Listener {
  onEvent(event: LiveEvent<unknown>): void;
  /** Elasticsearch does not answer. An event follows when it does again. */
  onAway(): void;
}

/**
 * Follows the indexes for all open pages together. While there is one, it asks every `pollMs` what each index's
 * state is, as searches see it; when that is another one it makes each search that is shown anew, once however many
 * pages show it, and tells those pages whose result differs. So what a page is told has been found, and not just
 * written. Nothing is asked while no page is open.
 */
export interface LiveSearches {
  /** Gives the state at once, and then each one that differs; until the function that it returns is called. */
  follow(search: LiveSearch, listener: Listener): () => void;
  /** How many pages follow. */
  readonly followers: number;
}

type Documents = Found<unknown>['documents'];

interface Followed {
  readonly search: LiveSearch;
  readonly listeners: Set<Listener>;
  /** Undefined before the first. */
  last?: Found<unknown>;
  /** The state of the index that the last result was found in. */
  state?: string;
  /** Whether the last attempt has failed. */
  away: boolean;
}

const pollMs = 100;
const awayMs = 1_000;
/** Searches made at once. */
const parallel = 4;
/** An edit longer ago than this is not what has just been seen. */
const longestMs = 60_000;

export function followIndexes(
  searches: Searches,
  edits: EditLog,
  onError: (error: unknown) => void,
): LiveSearches {
  const followed = new Map<string, Followed>();
  let running = false;

  async function look(): Promise<void> {
    for (const [index, all] of Map.groupBy(followed.values(), ({ search }) => search.index)) {
      try {
        const state = await searches.stateOf(index);
        const outdated = all.filter((each) => each.state !== state).values();
        await Promise.all(
          Array.from({ length: parallel }, async () => {
            for (const each of outdated) {
              await update(each, state).catch((error: unknown) => lose([each], error));
            }
          }),
        );
      } catch (error) {
        lose(all, error);
      }
    }
  }

  /** Tells those pages once that there is no answer. What comes next is told even if it is what was there before. */
  function lose(some: readonly Followed[], error: unknown): void {
    if (!isAway()) onError(error);
    for (const each of some) {
      if (!each.away) for (const listener of each.listeners) listener.onAway();
      each.away = true;
      delete each.state;
      delete each.last;
    }
  }

  const isAway = (): boolean => [...followed.values()].some(({ away }) => away);

  async function update(each: Followed, state: string): Promise<void> {
    const found = await each.search.run();
    const before = each.last;
    each.state = state;
    each.last = found;
    each.away = false;
    if (isDeepStrictEqual(found.result, before?.result)) return;
    const changes = before === undefined ? [] : await changesBetween(before.documents, found.documents);
    for (const listener of each.listeners) listener.onEvent({ result: found.result, changes });
  }

  async function changesBetween(was: Documents, is: Documents): Promise<Change[]> {
    const changes: Change[] = [];
    for (const id of new Set([...was.keys(), ...is.keys()])) {
      const [old, now] = [was.get(id), is.get(id)];
      // It may have been written again as it was.
      if (isDeepStrictEqual(old?.document, now?.document)) continue;
      const shows = new Set([...(old?.shows ?? []), ...(now?.shows ?? [])]);
      const at = await edits.commitTime(old?.version ?? 0, now?.version ?? Number.MAX_SAFE_INTEGER, shows);
      const ms = at === null ? Infinity : Date.now() - at;
      changes.push({
        id,
        kind: old === undefined ? 'new' : now === undefined ? 'gone' : 'changed',
        seen_ms: ms < longestMs ? ms : null,
      });
    }
    return changes;
  }

  async function run(): Promise<void> {
    running = true;
    while (followed.size > 0) {
      await look();
      await sleep(isAway() ? awayMs : pollMs);
    }
    running = false;
  }

  return {
    follow(search, listener) {
      const each = followed.get(search.key) ?? { search, listeners: new Set(), away: false };
      followed.set(search.key, each);
      each.listeners.add(listener);
      if (each.last !== undefined) listener.onEvent({ result: each.last.result, changes: [] });
      if (each.away) listener.onAway();
      if (!running) void run();
      return () => {
        each.listeners.delete(listener);
        if (each.listeners.size === 0) followed.delete(search.key);
      };
    },
    get followers() {
      return [...followed.values()].reduce((sum, { listeners }) => sum + listeners.size, 0);
    },
  };
}
