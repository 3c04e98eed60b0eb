import { setTimeout as sleep } from 'node:timers/promises';
import { ask, type Bed } from './bed.ts';

/** A client that searches all the time, and looks at each answer. */
export interface Searches extends AsyncDisposable {
  end(): Promise<SearchesMade>;
}

export interface SearchesMade {
  readonly searches: number;
  /** Those that were not answered, or by a part of the shards. */
  readonly failed: readonly string[];
  /** Those that found fewer films than could be got by their ids some seconds before. */
  readonly short: readonly string[];
  /** The fewest films that one found, of those that were committed by then. */
  readonly leastRatio: number;
}

export interface SearchesOptions {
  /** A word that the title of one film has. */
  readonly word: string;
  /** How many films there were at a moment of this process's clock, in ms. */
  readonly committedBy: (ms: number) => number;
  /** How many of these could be got by their ids. */
  readonly readableBy: (ms: number) => number;
}

interface Answer {
  readonly timed_out: boolean;
  readonly _shards: { readonly failed: number };
  readonly hits: { readonly total: { readonly value: number } };
}

const PAUSE_MS = 100;
/** By then, what can be got by its id is found, too: the index is refreshed each second. */
const FOUND_MS = 5_000;

export function openSearches(bed: Bed, { word, committedBy, readableBy }: SearchesOptions): Searches {
  const state = { isEnding: false, searches: 0, leastRatio: Infinity };
  const failed: string[] = [];
  const short: string[] = [];
  const search = async (query: object): Promise<number | null> => {
    state.searches++;
    const asked = { size: 0, track_total_hits: true, query };
    const answer = await ask<Answer>(bed, 'movies/_search', asked).catch((error: unknown) => String(error));
    if (typeof answer !== 'string' && !answer.timed_out && answer._shards.failed === 0)
      return answer.hits.total.value;
    failed.push(typeof answer === 'string' ? answer : JSON.stringify(answer));
    return null;
  };
  const searching = (async () => {
    while (!state.isEnding) {
      const startedMs = performance.now();
      const count = await search({ match_all: {} });
      if (count !== null) {
        state.leastRatio = Math.min(state.leastRatio, count / committedBy(startedMs));
        const least = readableBy(startedMs - FOUND_MS);
        if (count < least) short.push(`${count} films of ${least}`);
      }
      const found = await search({ match: { title: word } });
      if (found !== null && found !== 1) short.push(`${found} films of the word ${word}`);
      await sleep(PAUSE_MS);
    }
  })();
  const end = async (): Promise<SearchesMade> => {
    state.isEnding = true;
    await searching;
    const { searches, leastRatio } = state;
    return { searches, failed, short, leastRatio };
  };
  return {
    end,
    async [Symbol.asyncDispose]() {
      await end();
    },
  };
}
