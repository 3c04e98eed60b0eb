import { z } from 'zod';
import { id } from '../../shared/rows.ts';
import type { Query } from '../database.ts';
import { SiteError } from '../errors.ts';

/** A table that editors work on, with what belongs to its rows. */
export interface Resource<Input extends object, Row extends object, Filter extends Page> {
  /** As it stands in URLs. */
  readonly name: string;
  readonly table: Table;
  readonly input: z.ZodType<Input>;
  /** What a list may be narrowed by and sorted by, as it comes in a query string. */
  readonly filter: z.ZodType<Filter>;
  /** What a row is, as a select list of SQL from the table. */
  readonly columns: string;
  /** The condition of SQL for the rows of a list. Its parameters are those of `parameters`. */
  readonly matching: string;
  readonly parameters: (filter: Filter) => unknown[];
  /** An expression of SQL; by default the column that is to be sorted by. */
  readonly order?: (filter: Filter) => string;
  /** Writes a new row; gives its id. */
  insert(query: Query, input: Input): Promise<string>;
  /** Writes a row that is locked. */
  update(query: Query, id: string, input: Input): Promise<void>;
  /** What tells the documents that the row's change touches: its id, or its name. */
  touches(row: Row): string;
}

type Table = 'film_work' | 'person' | 'genre';

/** What a resource's rows are, whatever is written of them. */
type Listed<Row extends object, Filter extends Page> = Omit<
  Resource<object, Row, Filter>,
  'input' | 'filter' | 'insert' | 'update'
>;

/** Which rows of a list: the first page is 1. */
export interface Page {
  readonly page: number;
  readonly per_page: number;
  /** A column. */
  readonly sort: string;
  readonly order: 'asc' | 'desc';
}

const wholeNumber = (min: number, max: number) => z.coerce.number().int().min(min).max(max);

/** What every list takes, besides `sort`. */
export const paging = {
  page: wholeNumber(1, 1_000_000).default(1),
  per_page: wholeNumber(1, 100).default(25),
  order: z.enum(['asc', 'desc']).default('asc'),
};

export const searchText = z.string().trim().max(200).optional();
export const rowIds = z.array(id).min(1).max(100);

/** For `like`: any text with this in it, whatever signs it holds. */
export function containing(text: string | undefined): string | null {
  return text ? `%${text.replace(/[\\%_]/g, '\\$&')}%` : null;
}

/** One page of the rows that match, and how many match in all. */
export async function listRows<Row extends object, Filter extends Page>(
  query: Query,
  resource: Listed<Row, Filter>,
  filter: Filter,
): Promise<{ rows: Row[]; total: number }> {
  const { table, columns, matching, parameters, order } = resource;
  const values = parameters(filter);
  const sorted = `${order?.(filter) ?? filter.sort} ${filter.order} nulls last, id`;
  const [limit, offset] = [`$${values.length + 1}`, `$${values.length + 2}`];
  const [rows, [counted]] = await Promise.all([
    // All rows that match are sorted, so by as little of them as can be; the rest is read for those of the page alone.
    query<Row>(
      `select ${columns}
         from (
           select id from content.${table}
            where ${matching}
            order by ${sorted}
            limit ${limit} offset ${offset}
         ) as page
         join content.${table} using (id)
        order by ${sorted}`,
      [...values, filter.per_page, (filter.page - 1) * filter.per_page],
    ),
    query<{ total: number }>(`select count(*)::int as total from content.${table} where ${matching}`, values),
  ]);
  return { rows, total: counted?.total ?? 0 };
}

/** Those that are there, in no order. */
export function readRows<Row extends object>(
  query: Query,
  { table, columns }: Pick<Listed<Row, never>, 'table' | 'columns' | 'touches'>,
  ids: readonly string[],
): Promise<Row[]> {
  return query<Row>(`select ${columns} from content.${table} where id = any ($1::uuid[])`, [ids]);
}

export function notFound(): SiteError {
  return new SiteError('not_found', 'There is no such row, or no more.');
}

/**
 * Locks a row, which must be in the state that the editor has seen.
 *
 * @throws SiteError `not_found`, or `conflict` when somebody has changed it since.
 */
export async function lockRow(query: Query, table: Table, rowId: string, modified: string): Promise<void> {
  const [row] = await query<{ modified: string }>(
    `select modified from content.${table} where id = $1 for update`,
    [rowId],
  );
  if (row === undefined) throw notFound();
  if (row.modified !== modified) {
    throw new SiteError('conflict', 'Somebody else has changed it since it was read.');
  }
}
