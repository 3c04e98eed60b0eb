import { Client, errors } from '@elastic/elasticsearch';
import { z } from 'zod';
import type { Settings } from '../config/settings.ts';
import { readCaFile } from './ca-file.ts';
import { isTlsFailure } from './tls-failure.ts';

export type { Client as Elasticsearch } from '@elastic/elasticsearch';

/** Where Elasticsearch is, how it is trusted, and who asks. */
export type ElasticsearchAccess = Pick<Settings, 'elasticsearchUrls'> &
  Partial<Pick<Settings, 'elasticsearchApiKey' | 'elasticsearchCaFile'>>;

/**
 * The official client of the 8.x line, which serves Elasticsearch 8 and 9 alike (a client sends its own major version
 * in a header; 9 accepts 8's, 8 refuses 9's). Its own retries are off: the service's policy retries, visibly.
 *
 * @throws ProjectorError `PROJ_SETTINGS_INVALID` when the CA's file cannot be read.
 */
export function createElasticsearch(access: ElasticsearchAccess, requestTimeoutMs: number): Client {
  const { elasticsearchUrls, elasticsearchApiKey: apiKey, elasticsearchCaFile } = access;
  const ca = readCaFile('ELASTICSEARCH_CA_FILE', elasticsearchCaFile);
  return new Client({
    nodes: [...elasticsearchUrls],
    maxRetries: 0,
    requestTimeout: requestTimeoutMs,
    // By default each error has a copy of its request, which is made of a bulk's body byte by byte: 200 MB and 0.5 s a MB.
    redaction: { type: 'remove' },
    ...(apiKey && { auth: { apiKey } }),
    ...(ca && { tls: { ca } }),
  });
}

/** The HTTP status of an answer that was an error, or undefined. */
export function httpStatus(error: unknown): number | undefined {
  return error instanceof errors.ResponseError ? error.statusCode : undefined;
}

/** Whether an answer says that this is not to be known: the login may not ask, or this Elasticsearch cannot be asked. */
export function isNotToBeKnown(error: unknown): boolean {
  return [403, 404, 405].includes(httpStatus(error) ?? 0);
}

/** Whether a request was not answered in time: by Elasticsearch, or by what stands before it, as a gateway. */
export function isTimeout(error: unknown): boolean {
  return error instanceof errors.TimeoutError || httpStatus(error) === 504;
}

/** What `work` gives; `otherwise` where Elasticsearch answers that what it is about is not there. */
export async function orIfAbsent<T>(work: () => Promise<T>, otherwise: T): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (httpStatus(error) === 404) return otherwise;
    throw error;
  }
}

/** Part of a request was answered "not now"; that part is to be sent again. */
export class NotNowError extends Error {
  override readonly name = 'NotNowError';
}

/** Whether a request that failed whole can succeed later: the cluster is away, overloaded or not ready. */
export function isTransientElasticsearchError(error: Error): boolean {
  if (error instanceof NotNowError) return true;
  const status = httpStatus(error);
  if (status !== undefined) {
    const failure = failureOf(error);
    return isTransientStatus(status, failure.type ?? '') || isShardLimit(failure);
  }
  if (error instanceof errors.ConnectionError && isTlsFailure(error)) return false;
  return error instanceof errors.ElasticsearchClientError && !(error instanceof errors.ConfigurationError);
}

/** Whether one HTTP status, of a request or of one item of a bulk, says "not now" rather than "not this". */
export function isTransientStatus(status: number, type: string): boolean {
  return status === 429 || status >= 500 || /^(cluster_block|index_closed)_exception$/.test(type);
}

/** Whether the cluster has no room for more shards (`cluster.max_shards_per_node`): a state that can pass. */
export function isShardLimit({ type, reason = '' }: ElasticsearchFailure): boolean {
  return type === 'validation_exception' && / maximum \w+ shards open/.test(reason);
}

/** What Elasticsearch says of a failure, of a request or of one item of a bulk. */
export interface ElasticsearchFailure {
  readonly type?: string;
  readonly reason?: string;
  readonly caused_by?: ElasticsearchFailure;
}

const failureSchema: z.ZodType<ElasticsearchFailure> = z.lazy(() =>
  z.object({
    type: z.string().exactOptional(),
    reason: z.string().exactOptional(),
    caused_by: failureSchema.exactOptional(),
  }),
);

/** What the answer that is an error says; empty where it is not Elasticsearch's own, as a proxy's is not. */
export function failureOf(error: unknown): ElasticsearchFailure {
  if (!(error instanceof errors.ResponseError)) return {};
  const answer = z.object({ error: failureSchema }).safeParse(error.body);
  return answer.success ? answer.data.error : {};
}
