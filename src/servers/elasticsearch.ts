import { Client, errors } from '@elastic/elasticsearch';

export type { Client as Elasticsearch } from '@elastic/elasticsearch';

/**
 * The official client of the 8.x line, which serves Elasticsearch 8 and 9 alike (a client sends its own major version
 * in a header; 9 accepts 8's, 8 refuses 9's). Its own retries are off: the service's policy retries, visibly.
 */
export function createElasticsearch(nodes: readonly string[], requestTimeoutMs: number): Client {
  return new Client({ nodes: [...nodes], maxRetries: 0, requestTimeout: requestTimeoutMs });
}

/** The HTTP status of an answer that was an error, or undefined. */
export function httpStatus(error: unknown): number | undefined {
  return error instanceof errors.ResponseError ? error.statusCode : undefined;
}

/** Part of a request was answered "not now"; that part is to be sent again. */
export class NotNowError extends Error {
  override readonly name = 'NotNowError';
}

/** Whether a request that failed whole can succeed later: the cluster is away, overloaded or not ready. */
export function isTransientElasticsearchError(error: Error): boolean {
  const status = httpStatus(error);
  if (status !== undefined)
    return isTransientStatus(status, error instanceof errors.ResponseError ? errorType(error) : '');
  return error instanceof errors.ElasticsearchClientError && !(error instanceof errors.ConfigurationError);
}

/** Whether one HTTP status, of a request or of one item of a bulk, says "not now" rather than "not this". */
export function isTransientStatus(status: number, type: string): boolean {
  return status === 429 || status >= 500 || type === 'cluster_block_exception';
}

function errorType(error: errors.ResponseError): string {
  const body: unknown = error.body;
  if (typeof body !== 'object' || body === null || !('error' in body)) return '';
  const inner = body.error;
  return typeof inner === 'object' && inner !== null && 'type' in inner ? String(inner.type) : '';
}
