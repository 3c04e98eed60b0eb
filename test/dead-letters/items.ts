import { createDeadLetterIndex, type DeadLetter } from '../../src/loader/dead-letter-index.ts';
import { createElasticsearch } from '../../src/servers/elasticsearch.ts';
import type { OwnSchema } from '../service/support/own-schema.ts';
import type { Setting } from '../service/support/setting.ts';

/** Items whose columns can hold what their mapping does not take. */
export const sql = `
  create schema shop;
  create table shop.item (
    id text primary key,
    made text,
    price double precision,
    tag text,
    parts jsonb,
    extra jsonb,
    -- Not in the document: tells the test that the row makes none that Elasticsearch takes.
    is_bad boolean not null default false
  );`;

export const definition = (mapping: { readonly made: string } = { made: 'date' }): string => `
index: items
root: shop.item
fields: { made: made, price: price, tag: tag, parts: parts, extra: extra }
settings:
  index.mapping.nested_objects.limit: 4
  index.mapping.total_fields.limit: 20
mappings:
  properties:
    made: { type: ${mapping.made} }
    price: { type: float }
    tag: { type: keyword }
    parts: { type: nested, dynamic: false }
    extra: { type: object }
`;

/** What the rows that are not bad make. */
const expected = `
  select id, jsonb_build_object('made', made, 'price', price, 'tag', tag, 'parts', parts, 'extra', extra)
  from shop.item where not is_bad`;

export const items: OwnSchema = {
  sql,
  definitions: { 'items.yaml': definition() },
  expected: { items: expected },
};

/** The dead letters that there are, by id. */
export async function readLetters({ database }: Setting): Promise<ReadonlyMap<string, DeadLetter>> {
  const client = createElasticsearch({ elasticsearchUrls: [database.elasticsearchUrl] }, 30_000);
  try {
    const { name, indexPrefix: prefix } = database;
    const letters = new Map<string, DeadLetter>();
    for await (const page of createDeadLetterIndex(client, { name, prefix }).pages({}))
      for (const letter of page) letters.set(letter.id, letter);
    return letters;
  } finally {
    await client.close();
  }
}

/** Sets how many nested objects a document may have, by hand and without the definition. */
export async function limitNested({ database }: Setting, limit: number): Promise<void> {
  const response = await fetch(`${database.elasticsearchUrl}/${database.indexPrefix}items/_settings`, {
    method: 'PUT',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ 'index.mapping.nested_objects.limit': limit }),
  });
  if (!response.ok) throw new Error(await response.text());
}

/** Puts rows in, in one transaction, so that they are written together. */
export async function insert(
  { admin }: Setting,
  rows: readonly Readonly<Record<string, unknown>>[],
): Promise<void> {
  await admin.query(
    `insert into shop.item
     select * from jsonb_populate_recordset(null::shop.item, $1::jsonb)`,
    [JSON.stringify(rows.map((row) => ({ is_bad: false, ...row })))],
  );
}

export const bad = (id: string): Readonly<Record<string, unknown>> => ({
  id,
  made: 'the day before',
  is_bad: true,
});

/** A row whose document has so many nested objects. */
export const nested = (id: string, count: number): Readonly<Record<string, unknown>> => ({
  id,
  parts: Array.from({ length: count }, (_, at) => ({ at })),
});
