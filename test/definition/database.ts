import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { ClientBase } from 'pg';
import type { IndexPlan, PagedQuery, Plan, WatchedTable } from '../../src/definition/plan.ts';
import { preparePlan, type PreparedPlan } from '../../src/definition/prepare.ts';
import { keyToId } from '../../src/shared/document-key.ts';

/** Compiles definitions, given by their files' names, for a database. */
export async function prepare(
  client: ClientBase,
  definitions: Readonly<Record<string, string>>,
): Promise<PreparedPlan> {
  const directory = await mkdtemp(path.join(tmpdir(), 'projector-definitions-'));
  try {
    for (const [name, text] of Object.entries(definitions)) {
      await writeFile(path.join(directory, name), text);
    }
    return await preparePlan(client, directory);
  } finally {
    await rm(directory, { recursive: true });
  }
}

/** Documents by their ids. */
export type Documents = ReadonlyMap<string, unknown>;

async function rowsOf(
  client: ClientBase,
  sql: string,
  parameters: unknown[] = [],
): Promise<(string | null)[][]> {
  const { rows } = await client.query<(string | null)[]>({ text: sql, values: parameters, rowMode: 'array' });
  return rows;
}

function toDocuments(rows: readonly (readonly unknown[])[]): Documents {
  return new Map(
    rows.map((row): [string, unknown] => {
      const document = row.at(-1);
      return [
        keyToId(row.slice(0, -1).map(String)),
        typeof document === 'string' ? JSON.parse(document) : document,
      ];
    }),
  );
}

/** All pages of a query, each of `size` rows. */
export async function readPages(
  client: ClientBase,
  query: PagedQuery,
  fixed: readonly unknown[],
  size: number,
): Promise<string[][]> {
  const keys: string[][] = [];
  for (let last: string[] | undefined; ;) {
    const page = last
      ? await rowsOf(client, query.next, [...fixed, ...last, size])
      : await rowsOf(client, query.first, [...fixed, size]);
    const texts = page.map((key) => key.map((part) => part ?? assert.fail('a key has no nulls')));
    keys.push(...texts);
    if (page.length < size) return keys;
    last = texts.at(-1);
  }
}

/** Every document of an index: its keys paged, then read. */
export async function readDocuments(client: ClientBase, index: IndexPlan): Promise<Documents> {
  const keys = await readPages(client, index.keyPages, [], 3);
  const columns = index.key.map((_, column) => keys.map((key) => key[column]));
  return toDocuments(await rowsOf(client, index.documentSql, columns));
}

/** The documents by a query written by hand: key columns as text, then the document. */
export async function expectDocuments(client: ClientBase, sql: string): Promise<Documents> {
  return toDocuments(await rowsOf(client, sql));
}

/** A table's rows as text, by their primary keys (or by all they have). */
type Rows = ReadonlyMap<string, Readonly<Record<string, string | null>>>;

export async function readRows(client: ClientBase, plan: PreparedPlan): Promise<Map<WatchedTable, Rows>> {
  const tables = new Map<WatchedTable, Rows>();
  for (const table of plan.tables) {
    const { columns = [], primaryKey = [] } = plan.catalog.tables.find(({ oid }) => oid === table.oid) ?? {};
    const texts = columns.map(
      ({ name }) => `case when "${name}" is not null then format('%s', "${name}") end`,
    );
    const rows = await rowsOf(client, `select ${texts.join(', ')} from "${table.schema}"."${table.name}"`);
    const named = rows.map((row) => Object.fromEntries(columns.map(({ name }, i) => [name, row[i] ?? null])));
    tables.set(
      table,
      new Map(
        named.map((row, position) => {
          const key =
            primaryKey.length > 0 ? primaryKey.map((name) => row[name]) : [...Object.values(row), position];
          return [JSON.stringify(key), row];
        }),
      ),
    );
  }
  return tables;
}

/** The ids that the routes give for what changed between two states of the rows, by index. */
export async function route(
  client: ClientBase,
  plan: Plan,
  before: ReadonlyMap<WatchedTable, Rows>,
  after: ReadonlyMap<WatchedTable, Rows>,
): Promise<Map<string, Set<string>>> {
  const affected = new Map(plan.indexes.map(({ name }) => [name, new Set<string>()]));
  for (const table of plan.tables) {
    const [old, now] = [before.get(table), after.get(table)];
    assert.ok(old && now);
    for (const key of new Set([...old.keys(), ...now.keys()])) {
      const [oldRow, newRow] = [old.get(key), now.get(key)];
      if (JSON.stringify(oldRow) === JSON.stringify(newRow)) continue;
      for (const { index, columns, lookup } of table.routes) {
        for (const row of [oldRow, newRow]) {
          if (!row) continue;
          const values = columns.flatMap((name) => row[name] ?? []);
          if (values.length < columns.length) continue;
          const keys = lookup
            ? await readPages(
                client,
                lookup,
                values.map((value) => [value]),
                2,
              )
            : [values];
          for (const found of keys) affected.get(index)?.add(keyToId(found));
        }
      }
    }
  }
  return affected;
}

/** The ids of the documents that differ, are new, or are gone. */
export function changedIds(before: Documents, after: Documents): string[] {
  return [...new Set([...before.keys(), ...after.keys()])].filter(
    (id) => JSON.stringify(before.get(id)) !== JSON.stringify(after.get(id)),
  );
}
