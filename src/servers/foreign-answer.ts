import { z } from 'zod';

/** An answer by HTTP, as far as it tells who gives it. */
export interface HttpAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body: string;
}

/** What gateways and proxies before an Elasticsearch answer in its place: a login, too much, not now. */
const GATEWAYS_OWN = new Set([401, 403, 407, 408, 413, 429]);

const infoSchema = z.object({
  version: z.object({ number: z.string(), distribution: z.string().exactOptional() }),
});

/**
 * Who answers, where it is not an Elasticsearch that serves this client; null where it is one, or where what stands before
 * it answers. Elasticsearch names itself in a header of every answer since 7.14, and refuses the media type of a client
 * that is newer than itself, or too old for it.
 * https://www.elastic.co/docs/reference/elasticsearch/rest-apis/compatibility
 */
export function foreignAnswer({ status, headers, body }: HttpAnswer): string | null {
  const isElasticsearch = headers['x-elastic-product'] === 'Elasticsearch';
  if (isElasticsearch)
    return body.includes('media_type_header_exception')
      ? 'an Elasticsearch that is older than 8, or too new'
      : null;
  if (status >= 500 || GATEWAYS_OWN.has(status)) return null;
  const info = infoSchema.safeParse(parsed(body));
  if (info.success) {
    const { number, distribution } = info.data.version;
    return `${distribution === 'opensearch' ? 'OpenSearch' : (distribution ?? 'an older Elasticsearch, or something like it,')} ${number}`;
  }
  if (status === 406 || /Content-Type header|media_type_header/.test(body))
    return `an OpenSearch, or an Elasticsearch that is older than 8 (HTTP ${status})`;
  const location = headers['location'];
  if (status >= 300 && status < 400)
    return `something that leads elsewhere (HTTP ${status}${typeof location === 'string' ? ` to ${hostOf(location)}` : ''})`;
  const type = headers['content-type'];
  if (typeof type === 'string' && type.startsWith('text/html'))
    return `a web page, as of a login or a proxy (HTTP ${status})`;
  return `something else (HTTP ${status}, ${typeof type === 'string' ? type : 'no content type'})`;
}

function parsed(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return null;
  }
}

/** The host of a URL, whose path and query may tell secrets. */
function hostOf(location: string): string {
  return URL.parse(location)?.host ?? 'another path';
}
