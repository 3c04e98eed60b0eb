import { z } from 'zod';
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

const lettersSchema = z.array(
  z.strictObject({
    index: z.string(),
    physical: z.string(),
    id: z.string(),
    version: z.string(),
    status: z.number(),
    type: z.string(),
    reason: z.string(),
    at: z.iso.datetime(),
  }),
);

export type Letter = z.output<typeof lettersSchema>[number];

/** What `projector dead-letters list` says, by id. */
export async function listLetters(
  { command }: Pick<Setting, 'command'>,
  flags: readonly string[] = [],
): Promise<ReadonlyMap<string, Letter>> {
  const { code, stdout, stderr } = await command(['dead-letters', 'list', '--json', ...flags]);
  if (code !== 0) throw new Error(stderr);
  return new Map(lettersSchema.parse(JSON.parse(stdout)).map((letter) => [letter.id, letter]));
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
