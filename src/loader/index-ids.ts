import { httpStatus, NotNowError, type Elasticsearch } from '../servers/elasticsearch.ts';
import type { Lsn } from '../shared/lsn.ts';

const KEEP_ALIVE = '5m';

/**
 * The ids of all documents of an index, or of those whose version is lower than `olderThan`, in pages, by a
 * point-in-time scan, which is to be begun anew after an error that may pass.
 * https://www.elastic.co/docs/reference/elasticsearch/rest-apis/paginate-search-results
 */
export async function* indexIds(
  client: Elasticsearch,
  physical: string,
  pageSize: number,
  olderThan?: Lsn,
): AsyncGenerator<readonly string[]> {
  const { id } = await client.openPointInTime({ index: physical, keep_alive: KEEP_ALIVE });
  try {
    let after: unknown[] | undefined;
    for (;;) {
      const { hits } = await client
        .search({
          pit: { id, keep_alive: KEEP_ALIVE },
          size: pageSize,
          sort: ['_shard_doc'],
          _source: false,
          version: olderThan !== undefined,
          allow_partial_search_results: false,
          track_total_hits: false,
          ...(after && { search_after: after as string[] }),
        })
        .catch((error: unknown) => {
          throw httpStatus(error) === 404 ? new NotNowError('the point in time is lost') : error;
        });
      const ids = hits.hits.flatMap(({ _id, _version = 0 }) =>
        _id !== undefined && (olderThan === undefined || BigInt(_version) < olderThan) ? _id : [],
      );
      if (ids.length > 0) yield ids;
      if (hits.hits.length < pageSize) return;
      after = hits.hits.at(-1)?.sort;
    }
  } finally {
    await client.closePointInTime({ id }).catch(() => undefined);
  }
}
