import { z } from 'zod';
import type { Setting } from './setting.ts';

/** A client that searches an alias over and over. */
export interface Searcher extends AsyncDisposable {
  /** Ends it, and gives what it has met: how many searches, the fewest documents that one found, and what failed. */
  end(): Promise<{
    readonly searches: number;
    readonly fewest: number;
    readonly failures: readonly string[];
  }>;
}

const answerSchema = z.object({
  _shards: z.object({ failed: z.number() }),
  hits: z.object({ total: z.object({ value: z.number() }), hits: z.array(z.unknown()) }),
});

export function openSearcher({ database }: Setting, index: string): Searcher {
  const { elasticsearchUrl, indexPrefix } = database;
  const url = `${elasticsearchUrl}/${indexPrefix}${index}/_search?size=10&track_total_hits=true`;
  const state = { isEnding: false, searches: 0, fewest: Infinity };
  const failures: string[] = [];
  const searching = (async () => {
    while (!state.isEnding) {
      const response = await fetch(url);
      const text = await response.text();
      const answer = response.ok ? answerSchema.parse(JSON.parse(text)) : null;
      if (!answer || answer._shards.failed > 0) failures.push(`${response.status} ${text}`);
      else state.fewest = Math.min(state.fewest, answer.hits.total.value);
      state.searches++;
    }
  })();
  const end: Searcher['end'] = async () => {
    state.isEnding = true;
    await searching;
    return { searches: state.searches, fewest: state.fewest, failures };
  };
  return {
    end,
    [Symbol.asyncDispose]: async () => {
      await end();
    },
  };
}
