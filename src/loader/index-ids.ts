import type { Elasticsearch } from '../servers/elasticsearch.ts';

const KEEP_ALIVE = '5m';

/**
 * The ids of all documents of an index, in pages, by a point-in-time scan.
 * https://www.elastic.co/docs/reference/elasticsearch/rest-apis/paginate-search-results
 */
export async function* indexIds(
  client: Elasticsearch,
  physical: string,
  pageSize: number,
): AsyncGenerator<readonly string[]> {
  const { id } = await client.openPointInTime({ index: physical, keep_alive: KEEP_ALIVE });
  try {
    let after: unknown[] | undefined;
    for (;;) {
      const { hits } = await client.search({
        pit: { id, keep_alive: KEEP_ALIVE },
        size: pageSize,
        sort: ['_shard_doc'],
        _source: false,
        track_total_hits: false,
        ...(after && { search_after: after as string[] }),
      });
      if (hits.hits.length > 0) yield hits.hits.flatMap((hit) => hit._id ?? []);
      if (hits.hits.length < pageSize) return;
      after = hits.hits.at(-1)?.sort;
    }
  } finally {
    await client.closePointInTime({ id }).catch(() => undefined);
  }
}
