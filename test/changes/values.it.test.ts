import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Client } from 'pg';
import type { OwnSchema } from '../service/support/own-schema.ts';
import { openSetting, type Setting } from '../service/support/setting.ts';

/** A column of each type, with values that its text could go wrong for. */
const columns: Readonly<Record<string, { readonly type: string; readonly values: readonly string[] }>> = {
  enum: { type: 'v."Mood"', values: [`'sad "but" ok'`, `'ok'`] },
  enums: { type: 'v."Mood"[]', values: [`array['ok', null, 'sad "but" ok']::v."Mood"[]`, `'{}'`] },
  small: { type: 'smallint', values: ['-32768', '32767'] },
  big: { type: 'bigint', values: ['9223372036854775807', '-9223372036854775808'] },
  numeric: {
    type: 'numeric',
    values: [`'NaN'`, `'0.1000'`, `repeat('9', 300)::numeric`, `'1e-300'`, `'-0.0'`],
  },
  priced: { type: 'numeric(10, 2)', values: ['12345678.90', '-0.01'] },
  real: { type: 'real', values: [`'Infinity'`, `'1e-40'`, '0.1'] },
  double: {
    type: 'double precision',
    values: [`'-Infinity'`, `'NaN'`, '0.1', `'1.7976931348623157e308'`, `'-0'`],
  },
  bytes: { type: 'bytea', values: [`'\\x00ff5c27'`, `''`] },
  date: { type: 'date', values: [`'infinity'`, `'-infinity'`, `'0044-03-15 BC'`, `'99999-12-31'`] },
  time: { type: 'time', values: [`'24:00'`, `'01:02:03.000004'`] },
  timetz: { type: 'timetz', values: [`'01:02:03+05:30'`] },
  timestamp: { type: 'timestamp', values: [`'infinity'`, `'2024-02-29 23:59:59.999999'`] },
  timestamptz: {
    type: 'timestamptz',
    values: [`'-infinity'`, `'2024-02-29 23:59:59.5+05:30'`, `'0044-03-15 BC'`],
  },
  interval: { type: 'interval', values: [`'-1 year 2 days 03:04:05.6'`, `'0'`, `'178000000 years'`] },
  json: { type: 'json', values: [`E'{"b": [1,\\n 2.50], "a": null, "c": 1e400}'`, `'"\\u0007"'`] },
  jsonb: { type: 'jsonb', values: [`'{"b": [1, 2.50], "a": {"": "\\u2028"}}'`, `'null'`, `'1e100'`] },
  array: { type: 'integer[]', values: [`'[0:1][2:3]={{1,2},{3,null}}'`, `'{}'`] },
  texts: { type: 'text[]', values: [`array['a,b', '"', '\\', null, 'null', '']`] },
  domain: { type: 'v.positive', values: ['1.50'] },
  composite: {
    type: 'v.point3',
    values: [`row(1, 'a "b"', '2024-01-01 00:00Z', array[1, 2])`, `row(null, null, null, null)`],
  },
  composites: { type: 'v.point3[]', values: [`array[row(1, 'x', null, '{}')::v.point3, null]`] },
  range: { type: 'int4range', values: [`'[1,5)'`, `'empty'`, `'(,)'`] },
  ranges: { type: 'int4multirange', values: [`'{[1,2),[5,)}'`] },
  during: { type: 'tstzrange', values: [`'["2024-01-01 00:00+05:30",infinity)'`] },
  network: { type: 'inet', values: [`'10.0.0.1/8'`, `'::1'`] },
  mac: { type: 'macaddr', values: [`'08:00:2b:01:02:03'`] },
  bits: { type: 'bit(5)', values: [`b'10110'`] },
  flag: { type: 'boolean', values: ['true', 'false'] },
  padded: { type: 'char(5)', values: [`'a'`, `''`] },
  letter: { type: '"char"', values: [`'a'`, `'"'`] },
  search: { type: 'tsvector', values: [`'a:1 ''b c'':2'`] },
  point: { type: 'point', values: [`'(1,-2.5)'`] },
  path: { type: 'jsonpath', values: [`'$."a".b[*]'`] },
  text: { type: 'text', values: [`''`] },
};

const names = Object.keys(columns);
const own: OwnSchema = {
  sql: `
    create schema v;
    create type v."Mood" as enum ('sad "but" ok', 'ok');
    create domain v.positive as numeric check (value > 0);
    create type v.point3 as (x integer, "y z" text, at timestamptz, list integer[]);
    create table v.thing (
      id integer primary key,
      ${names.map((name) => `"${name}" ${columns[name]?.type ?? ''}`).join(',\n')},
      double_big numeric generated always as ("big"::numeric * 2) stored,
      shouted text generated always as (upper("text")) stored
    );
    create table v.part (id integer primary key, thing_id integer references v.thing, "text" text);
    alter table v.part replica identity full;`,
  definitions: {
    'things.yaml': `
index: things
root: v.thing
fields:
  id: id
${names.map((name) => `  ${name}: ${name}`).join('\n')}
  double_big: double_big
  shouted: shouted
  parts: { many: part, value: text, order: [value] }
mappings: { dynamic: false }
`,
  },
  expected: {},
};

describe('a value in a document', () => {
  it('is written as to_json writes it, whatever its type, when it comes and when it changes', async (t) => {
    await using setting = await openSetting(t, { own });
    const { admin } = setting;
    await admin.query(`set timezone = 'UTC'`);
    await admin.query('insert into v.thing (id) values (1)');
    await using service = setting.run();
    await service.untilStreaming();
    const most = Math.max(...Object.values(columns).map(({ values }) => values.length));
    for (let version = 0; version < most; version++) {
      const values = names.map((name) => columns[name]?.values[version] ?? 'null');
      await admin.query(`insert into v.thing values (${2 + version}, ${values.join(', ')})`);
      await admin.query(
        `update v.thing set (${names.map((name) => `"${name}"`).join(', ')}) = (${values.join(', ')}) where id = 1`,
      );
      await setting.covered();
      await assertSameText(setting);
    }
    await service.stop();
  });

  it('may be any text', async (t) => {
    await using setting = await openSetting(t, { own });
    const { admin } = setting;
    await using service = setting.run();
    await service.untilStreaming();
    for (const text of everyPlane()) {
      const { rows } = await admin.query<{ id: number }>(
        `insert into v.thing (id, "text", "texts", "jsonb")
         values ((select coalesce(max(id), 0) + 1 from v.thing), $1, array[$1, null], to_jsonb($1::text)) returning id`,
        [text],
      );
      await admin.query('insert into v.part values ($1, $1, $2)', [rows[0]?.id, text]);
    }
    await setting.covered();
    await assertSameText(setting);
    await service.stop();
  });

  it('stays when an update leaves it unchanged in TOAST', async (t) => {
    await using setting = await openSetting(t, { own });
    const { admin } = setting;
    await admin.query(`alter table v.thing alter "text" set storage external`);
    await admin.query(`alter table v.part alter "text" set storage external`);
    await using service = setting.run();
    await service.untilStreaming();
    await admin.query(`
      insert into v.thing (id, "text") values (1, repeat('thing ', 50000)), (2, 'small');
      insert into v.part values (1, 1, repeat('part ', 50000))`);
    await setting.covered();
    await assertSameText(setting);
    await admin.query('update v.thing set flag = true where id = 1');
    await admin.query('update v.part set thing_id = 2');
    await setting.covered();
    await assertSameText(setting);
    await service.stop();
  });
});

/** Strings of characters of every plane of Unicode, of those that JSON escapes, and of those that are easily lost. */
function everyPlane(): string[] {
  const text = (points: readonly number[]): string => String.fromCodePoint(...points);
  const controls = Array.from({ length: 0x9f }, (_, i) => i + 1);
  const planes = Array.from({ length: 17 }, (_, plane) =>
    [0x0001, 0x0041, 0x2028, 0xd7ff, 0xe000, 0xfeff, 0xfffd, 0xfffe, 0xffff].map(
      (low) => plane * 0x10000 + low,
    ),
  );
  return [
    text(controls),
    text(planes.flat()),
    ...planes.map(text),
    `"\\/\b\f\n\r\t\u2028\u2029`,
    '\\u0000 \\x00 $1 %s {{}} </script>',
    'e\u0301 \u0928\u093f \u{1f469}\u200d\u{1f469}\u200d\u{1f467} \u202e\u05d0',
    '\ufeffwith a byte order mark',
  ];
}

/** Compares the bytes of every document: numbers too, to their last digit. */
async function assertSameText({ admin, database }: Setting): Promise<void> {
  for (const [id, expected] of await expectedTexts(admin)) {
    const response = await fetch(`${database.elasticsearchUrl}/${database.indexPrefix}things/_source/${id}`);
    assert.equal(await response.text(), expected);
  }
}

async function expectedTexts(admin: Client): Promise<[string, string][]> {
  const fields = ['id', ...names, 'double_big', 'shouted'].map(
    (name) => `'"${name}":' || coalesce(to_json(t."${name}")::text, 'null')`,
  );
  const { rows } = await admin.query<{ id: string; document: string }>(
    `select t.id::text,
            translate('{' || ${fields.join(` || ',' || `)} || ',"parts":' || coalesce(
              (select '[' || string_agg(to_json(p."text")::text, ',' order by p."text") || ']'
               from v.part p where p.thing_id = t.id and p."text" is not null), '[]') || '}', E'\\n', ' ') as document
     from v.thing t order by t.id`,
  );
  return rows.map(({ id, document }) => [id, document]);
}
