import { physicalIndexes } from './documents.ts';
import type { OwnSchema } from './own-schema.ts';
import type { Setting } from './setting.ts';

/** A definition over the one table, in short; `more` stands behind the fields. */
export function itemsDefinition(
  index: string,
  { type = 'keyword', where = '' }: { readonly type?: string; readonly where?: string } = {},
): string {
  return `
index: ${index}
root: shop.item
${where}
fields: { name: name }
mappings: { properties: { name: { type: ${type} } } }
`;
}

export const itemDocuments = `select id::text, jsonb_build_object('name', name) from shop.item`;

/** 300 rows and an index of them, small enough to be read whole again and again. */
export const items: OwnSchema = {
  sql: `
    create schema shop;
    create table shop.item (id int primary key, name text);
    insert into shop.item select i, 'Item ' || i from generate_series(1, 300) i`,
  definitions: { 'items.yaml': itemsDefinition('items') },
  expected: { items: itemDocuments },
};

/** The same definition, but for the type in the mapping: it takes another index. */
export const anotherType = { 'items.yaml': itemsDefinition('items', { type: 'text' }) };

/** So that a snapshot lasts for long enough for changes to be made meanwhile, and to be interrupted. */
export const SLOW_SNAPSHOT = {
  SNAPSHOT_CHUNK_SIZE: '20',
  SNAPSHOT_PARALLELISM: '1',
  SNAPSHOT_MAX_RATE: '80',
};

/** Changes, deletes and adds rows, at the beginning and at the end. `ordinal` is another one each time, below 100. */
export async function changeItems({ admin }: Setting, ordinal: number): Promise<void> {
  await admin.query(`update shop.item set name = $1 where id in (2, 250)`, [`Changed ${ordinal}`]);
  await admin.query(`delete from shop.item where id in ($1, $2)`, [10 + ordinal, 290 - ordinal]);
  await admin.query(`insert into shop.item values ($1, 'New'), ($2, 'New')`, [-ordinal, 1_000 + ordinal]);
}

export function physicals({ database }: Setting, index = 'items'): Promise<string[]> {
  return physicalIndexes(database.elasticsearchUrl, `${database.indexPrefix}${index}`);
}

/** The physical indexes that the alias leads to. */
export async function serving({ database }: Setting, index = 'items'): Promise<string[]> {
  const found = await fetch(`${database.elasticsearchUrl}/_alias/${database.indexPrefix}${index}`);
  return Object.keys((await found.json()) as object);
}
