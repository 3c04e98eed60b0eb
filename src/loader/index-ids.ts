import { httpStatus, type Elasticsearch } from '../servers/elasticsearch.ts';
import type { Retry } from '../servers/retry.ts';
import type { Lsn } from '../shared/lsn.ts';

export interface IndexIdsOptions {
  readonly client: Elasticsearch;
  readonly retry: Retry;
  readonly physical: string;
  readonly pageSize: number;
  /** Only documents of an older version than this. */
  readonly olderThan?: Lsn | undefined;
}

const KEEP_ALIVE = '5m';

/** The ids of the documents of an index, in pages. One that has to be begun anew gives ids twice. */
export async function* indexIds(options: IndexIdsOptions): AsyncGenerator<readonly string[]> {
  for (;;) {
    const ended = yield* scan(options);
    if (ended) return;
  }
}

/**
 * The same by a point in time; false when Elasticsearch has let go of it meanwhile, as when it was restarted.
 * https://www.elastic.co/docs/reference/elasticsearch/rest-apis/paginate-search-results
 */
async function* scan(options: IndexIdsOptions): AsyncGenerator<readonly string[], boolean> {
  const { client, retry, physical, pageSize, olderThan } = options;
  const { id } = await retry(() => client.openPointInTime({ index: physical, keep_alive: KEEP_ALIVE }));
  const search = (after: readonly unknown[] | undefined) =>
    retry(() =>
      client.search({
        pit: { id, keep_alive: KEEP_ALIVE },
        size: pageSize,
        sort: ['_shard_doc'],
        _source: false,
        version: true,
        track_total_hits: false,
        ...(after && { search_after: after as string[] }),
      }),
    ).catch((error: unknown) => {
      if (httpStatus(error) === 404) return null;
      throw error;
    });
  try {
    let after: readonly unknown[] | undefined;
    for (;;) {
      const page = await search(after);
      if (!page) return false;
      const { hits } = page.hits;
      const wanted = hits.filter(
        ({ _version }) => olderThan === undefined || BigInt(_version ?? 0) < olderThan,
      );
      if (wanted.length > 0) yield wanted.flatMap((hit) => hit._id ?? []);
      if (hits.length < pageSize) return true;
      after = hits.at(-1)?.sort;
    }
  } finally {
    await client.closePointInTime({ id }).catch(() => undefined);
  }
}
