import { z } from 'zod';

/** A document of an index, with the version it was written at. */
export interface StoredDocument {
  readonly id: string;
  readonly version: bigint;
  readonly source: unknown;
}

const pageSchema = z.object({
  hits: z.object({
    hits: z.array(
      z.object({ _id: z.string(), _version: z.number(), _source: z.unknown(), sort: z.array(z.number()) }),
    ),
  }),
});

const PAGE = 5_000;

/** Every document that a search of the alias finds, after a refresh. */
export async function readDocuments(elasticsearchUrl: string, alias: string): Promise<StoredDocument[]> {
  await request(`${elasticsearchUrl}/${alias}/_refresh`, { method: 'POST' });
  const opened = await request(`${elasticsearchUrl}/${alias}/_pit?keep_alive=1m`, { method: 'POST' });
  const pit = z.object({ id: z.string() }).parse(await opened.json());
  const documents: StoredDocument[] = [];
  for (let after: number[] | undefined; ;) {
    const answer = await request(`${elasticsearchUrl}/_search`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ pit, size: PAGE, version: true, sort: ['_shard_doc'], search_after: after }),
    });
    const { hits } = pageSchema.parse(await answer.json()).hits;
    for (const { _id: id, _version, _source: source } of hits) {
      documents.push({ id, version: BigInt(_version), source });
    }
    if (hits.length < PAGE) break;
    after = hits.at(-1)?.sort;
  }
  await request(`${elasticsearchUrl}/_pit`, {
    method: 'DELETE',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(pit),
  });
  return documents;
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

/** The names of an alias's physical indexes, the oldest first, whether it leads to them or not. */
export async function physicalIndexes(elasticsearchUrl: string, alias: string): Promise<string[]> {
  const found = await request(`${elasticsearchUrl}/${alias}-*?features=aliases`);
  return Object.keys((await found.json()) as object).sort();
}

async function request(url: string, init?: RequestInit): Promise<Response> {
  const response = await fetch(url, init);
  if (!response.ok) throw new Error(`${url}: ${response.status} ${await response.text()}`);
  return response;
}
