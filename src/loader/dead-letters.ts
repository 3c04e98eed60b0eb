import { ProjectorError } from '../ops/errors.ts';
import { atMostEvery, type Logger } from '../ops/log.ts';
import type { Retry } from '../servers/retry.ts';
import type { Lsn } from '../shared/lsn.ts';
import type { BulkItem } from './bulk.ts';
import { letterItem, letterRemoval, type DeadLetterIndex } from './dead-letter-index.ts';
import type { Deliver } from './delivery.ts';
import { createIdFilter, type IdFilter } from './id-filter.ts';
import type { RefusedDocument } from './loader.ts';

export interface DeadLettersOptions {
  readonly store: DeadLetterIndex;
  readonly deliver: Deliver;
  readonly retry: Retry;
  /** More new letters in a minute stop the service; 0 for no limit. */
  readonly perMinute: number;
  /** Whether another index is being built in place of this one: its mapping may be the very reason. No letter of it counts. */
  readonly isReplaced: (physical: string) => boolean;
  readonly log: Logger;
  /** The time of day, in ms since 1970. */
  readonly clock: () => number;
  /** The delivery's clock. */
  readonly now: () => number;
}

/** What became of documents that were read and written together. */
export interface SettledDocuments {
  readonly index: string;
  readonly physical: string;
  readonly refused: readonly RefusedDocument[];
  /** The ids of the others: the index has them as they were read, or newer. */
  readonly accepted: readonly string[];
  readonly version: Lsn;
  readonly readAtMs: number;
}

/** Keeps the dead letters of the indexes that are written to. Only the holder of the slot does (invariant 4). */
export interface DeadLetters {
  /** Learns what there is for these physical indexes; of those that are gone, the letters go. */
  open(physicals: readonly string[]): Promise<void>;
  /**
   * Keeps a letter of each refused document, and forgets those of the others. Invariant 5: when it resolves, this is
   * durable, and the documents count as done; but not those whose ids it gives, for which Elasticsearch did not take it
   * in time. They are to be read again.
   *
   * @throws ProjectorError `PROJ_TOO_MANY_DEAD_LETTERS`, with none of these kept.
   */
  settle(documents: SettledDocuments): Promise<readonly string[]>;
  /** The documents that have a letter, or those whose letter's version is lower than `olderThan`, in pages. */
  ids(physical: string, olderThan?: Lsn): AsyncGenerator<readonly string[]>;
  /** Forgets the letters of these documents as they are now. */
  drop(physical: string, ids: readonly string[]): Promise<void>;
  /** Forgets the letters of physical indexes that are gone. */
  sweep(): Promise<void>;
  count(physical: string): number;
}

const MINUTE_MS = 60_000;

export function createDeadLetters(options: DeadLettersOptions): DeadLetters {
  const { store, deliver, retry, perMinute, isReplaced, log, clock, now } = options;
  const counts = new Map<string, number>();
  /** The documents that may have a letter: so that those that have none cost nothing. */
  const filters = new Map<string, IdFilter>();
  /** When the letters of the last minute came, on `now`, which does not jump as the wall clock may. */
  let recent: number[] = [];
  const occasionally = atMostEvery(MINUTE_MS, now);

  const filterOf = (physical: string): IdFilter => {
    const filter = filters.get(physical) ?? createIdFilter();
    filters.set(physical, filter);
    return filter;
  };
  const changeCount = (physical: string, by: number): void => {
    counts.set(physical, (counts.get(physical) ?? 0) + by);
  };
  const isRecent = (at: number): boolean => at > now() - MINUTE_MS;
  const sweep = (): Promise<void> => retry(() => store.sweep());

  /** A wrong mapping is not a bad document: then it is better to stop than to set one document after another aside. */
  const admit = (index: string, physical: string, fresh: readonly RefusedDocument[]): void => {
    const last = fresh.at(-1);
    if (!last || perMinute === 0 || isReplaced(physical)) return;
    recent = recent.filter(isRecent);
    if (recent.length + fresh.length > perMinute) throw tooMany(perMinute, index, last);
    recent.push(...fresh.map(now));
  };

  return {
    sweep,

    async open(physicals) {
      await retry(() => store.ensure());
      await sweep();
      for (const physical of physicals) {
        for await (const letters of store.pages({ physical }, retry)) {
          for (const { id } of letters) filterOf(physical).add(id);
          changeCount(physical, letters.length);
          if (isReplaced(physical)) continue;
          recent.push(
            ...letters.map(({ at }) => now() - Math.abs(clock() - Date.parse(at))).filter(isRecent),
          );
        }
      }
    },

    async settle({ index, physical, refused, accepted, version, readAtMs }) {
      const filter = filterOf(physical);
      const perhaps = filter.isEmpty ? [] : accepted.filter((id) => filter.mayHave(id));
      if (refused.length + perhaps.length === 0) return [];
      const letters = await retry(() => store.among(physical, [...refused.map(({ id }) => id), ...perhaps]));
      admit(
        index,
        physical,
        refused.filter(({ id }) => !letters.has(id)),
      );

      const items = new Map<BulkItem, { readonly id: string; readonly isLetter: boolean }>();
      for (const { id, status, type, reason } of refused) {
        // Before it is stored: it may be without that we are told.
        filter.add(id);
        const at = letters.get(id)?.at ?? new Date(clock()).toISOString();
        const letter = { index, physical, id, version, status, type, reason, at };
        items.set(letterItem(letter), { id, isLetter: true });
        occasionally(() => log.warn({ index, status, type, reason }, 'a document is set aside'));
      }
      for (const id of perhaps) {
        if (letters.has(id)) items.set(letterRemoval(physical, id, version), { id, isLetter: false });
      }
      const expired = await deliver(store.writeAlias, [...items.keys()], readAtMs, (item, outcome) => {
        if (outcome.kind === 'refused') throw unkept(store.writeAlias, outcome.refusal.reason);
        const { id, isLetter } = items.get(item) ?? { id: '', isLetter: false };
        if (outcome.kind === 'accepted') changeCount(physical, Number(isLetter) - Number(letters.has(id)));
      });
      return expired.flatMap((item) => items.get(item)?.id ?? []);
    },

    async *ids(physical, olderThan) {
      for await (const letters of store.pages({ physical }, retry)) {
        yield letters
          .filter(({ version }) => olderThan === undefined || version < olderThan)
          .map(({ id }) => id);
      }
    },

    async drop(physical, ids) {
      const letters = await retry(() => store.among(physical, ids));
      // At the letter's own version: of a refusal that is newer than what was looked at, the letter stays.
      let left: readonly BulkItem[] = [...letters].map(([id, { version }]) =>
        letterRemoval(physical, id, version),
      );
      while (left.length > 0) {
        left = await deliver(store.writeAlias, left, now(), (_item, outcome) => {
          if (outcome.kind === 'accepted') changeCount(physical, -1);
        });
      }
    },

    count: (physical) => counts.get(physical) ?? 0,
  };
}

function tooMany(perMinute: number, index: string, { type, reason }: RefusedDocument): ProjectorError {
  return new ProjectorError(
    'PROJ_TOO_MANY_DEAD_LETTERS',
    `more than ${perMinute} documents were refused within a minute, the last of ${index}: ${type}: ${reason}`,
    'Mend the mapping or the rows and start again: it goes on from where it was. Or set DEAD_LETTERS_PER_MINUTE higher.',
  );
}

function unkept(alias: string, reason: string): ProjectorError {
  return new ProjectorError(
    'PROJ_INDEX_REFUSED',
    `the index of dead letters (${alias}) does not take a letter: ${reason}`,
    'Take back what has been changed in its settings; or stop the service and delete it: it is made again, and so are the letters of documents that change.',
  );
}
