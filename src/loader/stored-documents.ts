import { text as readText } from 'node:stream/consumers';
import { errors } from '@elastic/elasticsearch';
import { ProjectorError } from '../ops/errors.ts';
import { isTransientStatus, NotNowError, type Elasticsearch } from '../servers/elasticsearch.ts';
import { canHaveDocument } from '../shared/document-key.ts';
import { nextElement, readMembers } from '../shared/raw-json.ts';

/** A document as an index holds it. */
export interface StoredDocument {
  /** Another one with every write: two readings with the same have the same document. */
  readonly revision: string;
  /** The `_source` as the text that it is; empty when it was not asked for. */
  readonly source: string;
}

export interface ReadStoredOptions {
  readonly withSource: boolean;
  /** Whether vectors are to be asked for, which an index may leave out; an Elasticsearch before 9.2 refuses the question. */
  readonly withVectors?: boolean;
  readonly signal: AbortSignal;
}

/**
 * Reads documents as they are at this moment, refreshed or not, by their ids; what is not there is left out. The text of
 * `_source` is not parsed: most of it is only ever compared, and parsing would round its numbers.
 * https://www.elastic.co/docs/api/doc/elasticsearch/operation/operation-mget
 */
export async function readStored(
  client: Elasticsearch,
  physical: string,
  ids: readonly string[],
  { withSource, withVectors = false, signal }: ReadStoredOptions,
): Promise<ReadonlyMap<string, StoredDocument>> {
  const possible = ids.filter(canHaveDocument);
  if (possible.length === 0) return new Map();
  const answer = await requestText(
    client,
    {
      method: 'POST',
      path: `/${encodeURIComponent(physical)}/_mget`,
      querystring: { _source: withSource, ...(withVectors && { _source_exclude_vectors: false }) },
      body: { ids: possible },
    },
    signal,
  );
  const found = new Map<string, StoredDocument>();
  for (let at = nextElement(answer, answer.indexOf('[') + 1); at !== -1;) {
    const { members, end } = readMembers(answer, at);
    const problem = members.get('error');
    if (problem !== undefined) throw asError(physical, problem);
    if (members.get('found') === 'true') {
      found.set(JSON.parse(members.get('_id') ?? '""') as string, {
        revision: `${members.get('_primary_term') ?? ''}/${members.get('_seq_no') ?? ''}`,
        source: members.get('_source') ?? '',
      });
    }
    at = nextElement(answer, end);
  }
  return found;
}

/** The text of an answer; rejects like the client itself. */
async function requestText(
  client: Elasticsearch,
  request: Parameters<Elasticsearch['transport']['request']>[0],
  signal: AbortSignal,
): Promise<string> {
  const result = await client.transport
    .request<NodeJS.ReadableStream>(request, { asStream: true, meta: true, signal })
    .catch((error: unknown) => {
      signal.throwIfAborted();
      throw error;
    });
  const answer = await readText(result.body).catch((error: unknown) => {
    signal.throwIfAborted();
    throw new errors.ConnectionError(String(error));
  });
  if (result.statusCode < 400) return answer;
  throw new errors.ResponseError({ ...result, body: parseOr(answer) });
}

function parseOr(answer: string): unknown {
  try {
    return JSON.parse(answer);
  } catch {
    return answer;
  }
}

/** Why one of the documents could not be read. */
function asError(physical: string, problem: string): Error {
  const { type = '', reason = '' } = JSON.parse(problem) as { type?: string; reason?: string };
  if (type === 'index_not_found_exception') {
    return new ProjectorError(
      'PROJ_INDEX_MISSING',
      `the index ${physical} has been deleted`,
      'Restart the service: it builds an index that is missing.',
    );
  }
  if (isTransientStatus(0, type) || /shard|node|unavailable|rejected/.test(type)) {
    return new NotNowError(reason);
  }
  return new Error(`${type}: ${reason}`);
}
