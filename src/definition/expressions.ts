import type { ClientBase } from 'pg';
import pg from 'pg';
import type { CatalogTable } from './catalog.ts';
import type { Expression } from './model.ts';
import type { ObjectReference } from './objects.ts';
import type { Problem } from './problems.ts';
import { embedded, identifier, statement, tableReference } from './sql.ts';
import type { ExpressionUse, ExpressionUses } from './watched.ts';

/**
 * Has Postgres check that expressions are immutable over their own row (invariant 11): each becomes the predicate of an
 * index on an empty temporary copy of its table, where Postgres allows nothing else: no mutable function, no subselect,
 * no aggregate, no other table. All is rolled back.
 * https://www.postgresql.org/docs/current/sql-createindex.html
 *
 * Gives what each expression uses; problems are pushed onto `problems`. Needs TEMPORARY on the database.
 */
export async function checkExpressions(
  client: ClientBase,
  expressions: readonly Expression[],
  problems: Problem[],
): Promise<ExpressionUses> {
  const uses = new Map<string, ExpressionUse>();
  if (expressions.length > 0) {
    await client.query('begin');
    try {
      for (const [table, own] of Map.groupBy(expressions, (expression) => expression.table)) {
        const copy = `pg_temp.${identifier(table.name)}`;
        await client.query(
          `create temporary table ${identifier(table.name)} (like ${tableReference(table)}) on commit drop`,
        );
        for (const expression of own) {
          const result = await checkOne(client, copy, expression);
          if (typeof result === 'string') {
            const message = `${JSON.stringify(expression.sql)}: ${result}`;
            problems.push({ code: 'PROJ_DEFINITION_EXPRESSION', at: expression.at, message });
          } else {
            uses.set(keyOf(expression), result);
          }
        }
        await client.query(`drop table ${copy}`);
      }
    } finally {
      await client.query('rollback');
    }
  }
  return (expression) => uses.get(keyOf(expression)) ?? null;
}

function keyOf({ table, sql, kind }: { table: CatalogTable; sql: string; kind: Expression['kind'] }): string {
  return JSON.stringify([table.oid, kind, sql]);
}

/** What an expression uses, or what Postgres has against it. */
async function checkOne(
  client: ClientBase,
  copy: string,
  { sql, kind }: Expression,
): Promise<ExpressionUse | string> {
  const index = 'projector_expression_check';
  // As an array's element too: what is an expression between parentheses and between brackets cannot close either.
  const predicates = [`array[${sql}\n] is null`, `${embedded(sql)}${kind === 'condition' ? '' : ' is null'}`];
  await client.query('savepoint expression');
  try {
    for (const predicate of predicates) {
      await client.query(`drop index if exists pg_temp.${index}`);
      const text = statement(`create index ${index} on ${copy} ((1)) where ${predicate}`);
      const single = { text, queryMode: 'extended' }; // this protocol takes one statement only
      await client.query(single);
    }
    const { rows } = await client.query<CheckedRow>(checkedSql, [index]);
    const [checked] = rows;
    if (checked?.is_whole_row) return 'it reads the whole row; name the columns';
    if (namesTheDay(sql, checked?.text ?? '')) return 'what it says depends on the day';
    const { columns = [], objects = [] } = checked ?? {};
    return { columns, objects: objects.map(toReference) };
  } catch (error) {
    if (!(error instanceof pg.DatabaseError)) throw error;
    return inWords(error);
  } finally {
    await client.query('rollback to savepoint expression');
  }
}

/** Postgres takes `'today'::date` for the constant of that day: the word is gone from what it understood. */
function namesTheDay(sql: string, understood: string): boolean {
  const words = sql.match(/'\s*(now|today|tomorrow|yesterday)\b[^']*'/gi) ?? [];
  return words.some((word) => !understood.includes(word));
}

/** `pg_proc 16402` */
function toReference(text: string): ObjectReference {
  const [catalog = '', oid = ''] = text.split(' ');
  return { catalog, oid: Number(oid) };
}

interface CheckedRow {
  readonly columns: string[];
  readonly objects: string[];
  readonly is_whole_row: boolean;
  readonly text: string;
}

/** The columns that an index's predicate reads, and the objects that it uses. A variable of attribute number 0 is the whole row. */
const checkedSql = `
select
  array(
    select a.attname::text
    from pg_depend d
    join pg_attribute a on a.attrelid = d.refobjid and a.attnum = d.refobjsubid
    where d.classid = 'pg_class'::regclass
      and d.objid = i.indexrelid
      and d.refclassid = 'pg_class'::regclass
      and d.refobjid = i.indrelid
      and d.refobjsubid > 0
    order by a.attnum
  ) as columns,
  array(
    select concat(d.refclassid::regclass, ' ', d.refobjid)
    from pg_depend d
    where d.classid = 'pg_class'::regclass
      and d.objid = i.indexrelid
      and d.refclassid not in ('pg_class'::regclass, 'pg_namespace'::regclass)
    order by 1
  ) as objects,
  i.indpred::text ~ ':varattno 0 ' as is_whole_row,
  pg_get_expr(i.indpred, i.indrelid) as text
from pg_index i
join pg_class c on c.oid = i.indexrelid
where c.relname = $1
  and c.relnamespace = pg_my_temp_schema()`;

function inWords({ message }: pg.DatabaseError): string {
  return message
    .replace('functions in index predicate must be marked IMMUTABLE', 'it may use immutable functions only')
    .replace('cannot use subquery in index predicate', 'it may not contain a subquery')
    .replace(/^(.*) are not allowed in index predicates$/, 'it may not contain $1')
    .replace('argument of WHERE must be type boolean', 'a condition must be of type boolean');
}
