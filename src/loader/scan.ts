import type { estypes } from '@elastic/elasticsearch';
import type { Retry } from '../servers/retry.ts';
import { NotNowError, orIfAbsent, type Elasticsearch } from '../servers/elasticsearch.ts';

const KEEP_ALIVE = '5m';

/** What is searched for, and what of it is wanted. The sort ends with `_shard_doc`, which tells all documents apart. */
export type ScanRequest = Pick<estypes.SearchRequest, 'query' | 'sort' | '_source' | 'version'>;

/**
 * All documents of an index as they are at this point in time, in pages. Each of its requests is retried by itself, where
 * a policy is given; after any other error that may pass (the point in time is lost) it is to be begun anew.
 * https://www.elastic.co/docs/reference/elasticsearch/rest-apis/paginate-search-results
 */
export async function* scan(
  client: Elasticsearch,
  index: string,
  pageSize: number,
  request: ScanRequest,
  retry: Retry = (action) => action(),
): AsyncGenerator<readonly estypes.SearchHit[]> {
  const { id } = await retry(() => client.openPointInTime({ index, keep_alive: KEEP_ALIVE }));
  try {
    const size = Math.min(pageSize, await retry(() => readWindow(client, index)));
    let after: estypes.SortResults | undefined;
    for (;;) {
      const search = {
        ...request,
        pit: { id, keep_alive: KEEP_ALIVE },
        size,
        allow_partial_search_results: false,
        track_total_hits: false,
        ...(after && { search_after: after }),
      };
      const found = await retry(() => orIfAbsent(() => client.search(search), null));
      if (!found) throw new NotNowError('the point in time is lost');
      const { hits } = found;
      if (hits.hits.length > 0) yield hits.hits;
      if (hits.hits.length < size) return;
      after = hits.hits.at(-1)?.sort;
    }
  } finally {
    await client.closePointInTime({ id }).catch(() => undefined);
  }
}

/** How many hits an index gives in one answer at the most (`index.max_result_window`). */
async function readWindow(client: Elasticsearch, index: string): Promise<number> {
  const name = 'index.max_result_window';
  const found = await client.indices.getSettings({ index, name, flat_settings: true });
  const windows = Object.values(found).flatMap(({ settings = {} }) => {
    const flat: Readonly<Record<string, unknown>> = { ...settings };
    return flat[name] === undefined ? [] : Number(flat[name]);
  });
  return Math.min(10_000, ...windows);
}
