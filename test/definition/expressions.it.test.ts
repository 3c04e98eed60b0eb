import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Client } from 'pg';
import type { ProjectorError } from '../../src/ops/errors.ts';
import { createDatabase } from '../support/servers.ts';
import { prepare, readDocuments } from './database.ts';

const schemaSql = `
create schema s;
create table s.t (id integer primary key, a text, b integer, c timestamptz, d date, "Odd ""name" text);
create table s.u (id integer primary key, t_id integer references s.t, kind text, raw text);
create function s.steady(text) returns text immutable language sql as $$ select $1 $$;
create function s.moody(text) returns text volatile language sql as $$ select $1 || random() $$;
insert into s.t values (1, 'x', 2, '2024-02-03 04:05:06Z', '2024-02-03', 'odd');
insert into s.u values (1, 1, 'number', '7'), (2, 1, 'text', 'seven'), (3, 1, 'number', '11');`;

/** Compiles one expression over s.t; gives its value in the one document, or what is wrong. */
async function tryExpression(client: Client, expression: string): Promise<unknown> {
  try {
    const text = `index: x\nroot: s.t\nfields:\n  v: ${JSON.stringify({ expression })}\n`;
    const plan = await prepare(client, { 'x.yaml': text });
    const documents = await readDocuments(client, plan.indexes[0] ?? assert.fail());
    return (documents.get('1') as { v: unknown }).v;
  } catch (error) {
    const { code, message } = error as ProjectorError;
    return `${code} ${message.replace(/^.*x.yaml/, 'x.yaml')}`;
  }
}

describe('an expression', () => {
  it('is taken as Postgres takes it, from its own row', async () => {
    await using database = await createDatabase({ schema: 'none' });
    await using client = await database.connect();
    await client.query(`${schemaSql} set search_path to pg_catalog; set timezone to 'UTC'`);
    const cases: [string, unknown][] = [
      ['upper(a)', 'X'],
      ['b + 1', 3],
      ['t.a', 'x'],
      ['s.steady(a)', 'x'],
      ['"Odd ""name"', 'odd'],
      ["case when b > 1 then 'many' else 'one' end", 'many'],
      ['a -- with a comment', 'x'],
      ["$$it's$$", "it's"],
      ["'now'", 'now'],
      ["d + interval '1 day'", '2024-02-04T00:00:00'],
      ['array[a, null]', ['x', null]],
      [`'{"b": [2]}'::jsonb -> 'b'`, [2]],
      ['null', null],
    ];
    for (const [expression, expected] of cases) {
      assert.deepEqual(await tryExpression(client, expression), expected, expression);
    }
  });

  it('is refused with its place unless it is one expression, immutable over its own row', async () => {
    await using database = await createDatabase({ schema: 'none' });
    await using client = await database.connect();
    await client.query(`${schemaSql} set search_path to pg_catalog`);
    const cases: [string, RegExp][] = [
      ['now()', /it may use immutable functions only/],
      ['c::text', /it may use immutable functions only/],
      ['s.moody(a)', /it may use immutable functions only/],
      ["'today'::date", /what it says depends on the day/],
      ["d < ' Tomorrow 12:00'::timestamp", /what it says depends on the day/],
      ['(select 1)', /it may not contain a subquery/],
      ['count(*)', /it may not contain aggregate functions/],
      ['row_number() over ()', /it may not contain window functions/],
      ['generate_series(1, 2)', /it may not contain set-returning functions/],
      ['titel', /column "titel" does not exist/],
      ['u.raw', /missing FROM-clause entry for table "u"/],
      ['t', /it reads the whole row; name the columns/],
      ['t is null', /it reads the whole row; name the columns/],
      ['ctid', /system columns/],
      ['$1', /there is no parameter \$1/],
      ['a) or (b', /syntax error/],
      ['a) is null or (a', /syntax error/],
      ['a]) is null or (array[a', /syntax error/],
      ['a); drop table s.u; select (1', /syntax error/],
      ['a /* open', /unterminated/],
      ["'open", /unterminated/],
      ['', /too small/i],
    ];
    for (const [expression, expected] of cases) {
      assert.match(String(await tryExpression(client, expression)), expected, expression);
    }
    assert.equal(
      await tryExpression(client, 'now()'),
      'PROJ_DEFINITION_EXPRESSION x.yaml:4:7: "now()": it may use immutable functions only',
    );
    assert.equal((await client.query('select from s.u')).rowCount, 3);
  });

  it('is named with all others that are refused, conditions too', async () => {
    await using database = await createDatabase({ schema: 'none' });
    await using client = await database.connect();
    await client.query(schemaSql);
    const text = `index: x
root: s.t
where: b
fields:
  a: { expression: random() }
  n: { count: u, where: "raw" }
`;
    await assert.rejects(prepare(client, { 'x.yaml': text }), (error: ProjectorError) => {
      assert.deepEqual(
        error.message.split('\n').map((line) => line.replace(/^.*x.yaml/, '')),
        [
          ':3:1: "b": a condition must be of type boolean, not type integer',
          ':5:8: "random()": it may use immutable functions only',
          ':6:18: "raw": a condition must be of type boolean, not type text',
        ],
      );
      return true;
    });
  });

  it('is computed only where its condition holds, even when other rows are read as well', async () => {
    await using database = await createDatabase({ schema: 'none' });
    await using client = await database.connect();
    await client.query(schemaSql);
    const text = `index: x
root: s.t
fields:
  all: { count: u }
  numbers:
    many: u
    where: "kind = 'number'"
    value: { expression: "raw::integer" }
    order: [value desc]
`;
    const plan = await prepare(client, { 'x.yaml': text });
    const documents = await readDocuments(client, plan.indexes[0] ?? assert.fail());
    assert.deepEqual(documents.get('1'), { all: 3, numbers: [11, 7] });
  });

  it('tells which columns it reads', async () => {
    await using database = await createDatabase({ schema: 'none' });
    await using client = await database.connect();
    await client.query(schemaSql);
    const text =
      'index: x\nroot: s.t\nwhere: "b > 0"\nfields: { v: { expression: "lower(a)" }, n: { expression: "1" } }\n';
    const plan = await prepare(client, { 'x.yaml': text });
    assert.deepEqual(plan.tables[0]?.readColumns, ['id', 'a', 'b']);
  });
});

describe("the service's role", () => {
  it('is told what it may not read', async () => {
    await using database = await createDatabase({ schema: 'none' });
    await using admin = await database.connect();
    await admin.query(`${schemaSql} grant usage on schema s to projector`);
    await using service = await database.connect(database.url);
    const text = 'index: x\nroot: s.t\nfields: { a: a }\n';
    await assert.rejects(prepare(service, { 'x.yaml': text }), {
      code: 'PROJ_PREFLIGHT',
      message: /projector may not read what the definitions name: permission denied for table t/,
    });
    await admin.query('grant select on s.t to projector');
    await prepare(service, { 'x.yaml': text });
  });
});
