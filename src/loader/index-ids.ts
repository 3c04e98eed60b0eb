import type { Elasticsearch } from '../servers/elasticsearch.ts';
import type { Retry } from '../servers/retry.ts';
import type { Lsn } from '../shared/lsn.ts';
import { scan } from './scan.ts';

/**
 * The ids of all documents of an index, or of those whose version is lower than `olderThan`, in pages, by a scan.
 */
export async function* indexIds(
  client: Elasticsearch,
  physical: string,
  pageSize: number,
  { olderThan, retry }: { readonly olderThan?: Lsn | undefined; readonly retry?: Retry } = {},
): AsyncGenerator<readonly string[]> {
  const request = { sort: ['_shard_doc'], _source: false, version: olderThan !== undefined };
  for await (const hits of scan(client, physical, pageSize, request, retry)) {
    const ids = hits.flatMap(({ _id, _version = 0 }) =>
      _id !== undefined && (olderThan === undefined || BigInt(_version) < olderThan) ? _id : [],
    );
    if (ids.length > 0) yield ids;
  }
}
