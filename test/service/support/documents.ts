import { z } from 'zod';

/** A document of an index, with the version it was written at. */
export interface StoredDocument {
  readonly id: string;
  readonly version: bigint;
  readonly source: unknown;
}

const answerSchema = z.object({
  hits: z.object({
    total: z.object({ value: z.number() }),
    hits: z.array(z.object({ _id: z.string(), _version: z.number(), _source: z.unknown() })),
  }),
});

/** More than any test has. */
const MOST = 10_000;

/** Every document that a search of the alias finds, after a refresh. */
export async function readDocuments(elasticsearchUrl: string, alias: string): Promise<StoredDocument[]> {
  await request(`${elasticsearchUrl}/${alias}/_refresh`, { method: 'POST' });
  const answer = await request(
    `${elasticsearchUrl}/${alias}/_search?size=${MOST}&version=true&track_total_hits=true`,
  );
  const { hits } = answerSchema.parse(await answer.json());
  if (hits.total.value > MOST) throw new Error(`${alias} has ${hits.total.value} documents`);
  return hits.hits.map(({ _id, _version, _source }) => ({
    id: _id,
    version: BigInt(_version),
    source: _source,
  }));
}

/** One document by its id, as it is at this moment; null when there is none. */
export async function getDocument(
  elasticsearchUrl: string,
  alias: string,
  id: string,
): Promise<StoredDocument | null> {
  const response = await fetch(`${elasticsearchUrl}/${alias}/_doc/${id}`);
  const answer = documentSchema.parse(await response.json());
  if (!answer.found) return null;
  return { id, version: BigInt(answer._version), source: answer._source };
}

const documentSchema = z.union([
  z.object({ found: z.literal(true), _version: z.number(), _source: z.unknown() }),
  z.object({ found: z.literal(false) }),
]);

async function request(url: string, init?: RequestInit): Promise<Response> {
  const response = await fetch(url, init);
  if (!response.ok) throw new Error(`${url}: ${response.status} ${await response.text()}`);
  return response;
}
