import { Client, errors } from '@elastic/elasticsearch';
import { z } from 'zod';
import type { Settings } from '../config/settings.ts';
import { readCaFile } from './ca-file.ts';
import { foreignAnswer } from './foreign-answer.ts';
import { nameServer, type ServerAddress } from './named-errors.ts';
import { isTlsFailure } from './tls-failure.ts';
import { wrongServer } from './wrong-server.ts';

export type { Client as Elasticsearch } from '@elastic/elasticsearch';

type Connection = Client['connectionPool']['connections'][number];

/** What a node answers, before the client has looked at it. */
interface RawAnswer {
  readonly statusCode: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body: string | Buffer;
}

/** Where Elasticsearch is, how it is trusted, and who asks. */
export type ElasticsearchAccess = Pick<Settings, 'elasticsearchUrls'> &
  Partial<Pick<Settings, 'elasticsearchApiKey' | 'elasticsearchCaFile'>>;

/**
 * The official client of the 8.x line, which serves Elasticsearch 8 and 9 alike (a client sends its own major version
 * in a header; 9 accepts 8's, 8 refuses 9's). Its own retries are off: the service's policy retries, visibly. A request
 * that something else answers throws `PROJ_WRONG_SERVER`.
 *
 * @throws ProjectorError `PROJ_SETTINGS_INVALID` when the CA's file cannot be read.
 */
export function createElasticsearch(access: ElasticsearchAccess, requestTimeoutMs: number): Client {
  const { elasticsearchUrls, elasticsearchApiKey: apiKey, elasticsearchCaFile } = access;
  const ca = readCaFile('ELASTICSEARCH_CA_FILE', elasticsearchCaFile);
  const client = new Client({
    nodes: [...elasticsearchUrls],
    maxRetries: 0,
    requestTimeout: requestTimeoutMs,
    // By default each error has a copy of its request, which is made of a bulk's body byte by byte: 200 MB and 0.5 s a MB.
    redaction: { type: 'remove' },
    ...(apiKey && { auth: { apiKey } }),
    ...(ca && { tls: { ca } }),
  });
  for (const connection of client.connectionPool.connections) refuseForeignAnswers(connection);
  const where = elasticsearchAddress(elasticsearchUrls);
  const request = client.transport.request.bind(client.transport) as (...args: never[]) => Promise<unknown>;
  const namedRequest = (...args: never[]): Promise<unknown> =>
    request(...args).catch((error: unknown) => {
      throw nameServer(error, where);
    });
  client.transport.request = namedRequest as typeof client.transport.request;
  return client;
}

/** Where Elasticsearch is: all its nodes that are known. */
function elasticsearchAddress(urls: readonly string[]): ServerAddress {
  return { server: 'elasticsearch', address: urls.map(hostAndPort).join(', ') };
}

function hostAndPort(url: string): string {
  const { hostname, port, protocol } = new URL(url);
  return `${hostname}:${port || (protocol === 'https:' ? 443 : 80)}`;
}

/**
 * The client itself looks at answers that are no error only, and does not tell who gives them: a 404 of something else
 * would be taken for an index that is not there.
 */
function refuseForeignAnswers(connection: Connection): void {
  const request = connection.request.bind(connection) as (...args: never[]) => Promise<RawAnswer>;
  const where = elasticsearchAddress([connection.url.href]);
  const checked = async (...args: never[]): Promise<RawAnswer> => {
    const answer = await request(...args);
    const { statusCode: status, headers, body } = answer;
    const isOwn = status < 300 && headers['x-elastic-product'] === 'Elasticsearch';
    const who = isOwn ? null : foreignAnswer({ status, headers, body: body.toString() });
    if (who === null) return answer;
    throw wrongServer(
      where,
      `what answers is ${who}`,
      'Name an Elasticsearch of version 8 or 9 in ELASTICSEARCH_URL, past any login page.',
    );
  };
  connection.request = checked as Connection['request'];
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
  if (error instanceof errors.ConnectionError && (isTlsFailure(error) || speaksNoHttp(error))) return false;
  return error instanceof errors.ElasticsearchClientError && !(error instanceof errors.ConfigurationError);
}

/** Whether something answered that is no HTTP. */
export function speaksNoHttp({ message }: Error): boolean {
  return message.includes('does not match the HTTP');
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
