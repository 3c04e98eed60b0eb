import { describe, it } from 'node:test';
import { wantedVersions } from '../../dev/stack/versions.ts';
import type { OwnSchema } from '../service/support/own-schema.ts';
import { PATIENCE_MS } from '../service/support/service.ts';
import { openSetting, type Setting } from '../service/support/setting.ts';
import { eventually, waitFor } from '../support/wait.ts';

/** A change of the catalog after which documents are others although no row was changed, or rows lead elsewhere. */
interface CatalogChange {
  /** Makes the tables `NAME` (the root, with an `id`), and whatever else. */
  readonly sql: string;
  readonly fields: string;
  readonly where?: string;
  /** The documents, as SQL over `NAME`: `select id::text, …`. */
  readonly expected: string;
  readonly change: string;
}

const changes: Readonly<Record<string, CatalogChange>> = {
  // The NOT NULL of a column goes, and a null comes.
  nulls: {
    sql: `create table s.nulls (id int primary key, name text not null, n int not null);
          insert into s.nulls select i, 'n' || i, i from generate_series(1, 4) i;
          create table s.nulls_item (id int primary key, of int not null references s.nulls, n int not null);
          alter table s.nulls_item replica identity full;
          create index on s.nulls_item (of); insert into s.nulls_item select i, 1, i from generate_series(1, 3) i`,
    fields: `{ name: name, n: n, items: { many: nulls_item, fields: { n: n }, order: [n] } }`,
    expected: `select id::text, json_build_object('name', name, 'n', n, 'items', coalesce((
      select json_agg(json_build_object('n', i.n) order by i.n) from s.nulls_item i where i.of = t.id), '[]'))
      from s.nulls t`,
    change: `alter table s.nulls alter name drop not null, alter n drop not null;
             alter table s.nulls_item alter n drop not null;
             update s.nulls set name = null where id = 2; update s.nulls set n = null where id = 3;
             update s.nulls_item set n = null where id = 2`,
  },
  // A foreign key refers to another column of the same table.
  target: {
    sql: `create table s.target_of (id int primary key, a int unique, b int unique, name text);
          create table s.target (id int primary key, ref int constraint fk references s.target_of (a));
          create index on s.target (ref); insert into s.target_of values (1, 1, 2, 'one'), (2, 2, 1, 'two');
          insert into s.target values (1, 1), (2, 2)`,
    fields: `{ of: { one: target_of, value: name } }`,
    expected: `select t.id::text, json_build_object('of', o.name) from s.target t
               left join s.target_of o on o.b = t.ref`,
    change: `alter table s.target drop constraint fk, add constraint fk foreign key (ref) references s.target_of (b);
             insert into s.target values (3, 1); update s.target_of set name = name || '!'`,
  },
  // A list is ordered, and a condition compares, by another collation.
  collation: {
    sql: `create table s.collation (id int primary key, name text collate "C");
          insert into s.collation values (1, 'b'), (2, 'A'), (3, 'a'), (4, 'B');
          create table s.collation_item (id int primary key, of int references s.collation, w text collate "C");
          create index on s.collation_item (of); alter table s.collation_item replica identity full;
          insert into s.collation_item values (1, 2, 'b'), (2, 2, 'A'), (3, 2, 'a'), (4, 2, 'B')`,
    where: `name < 'a'`,
    fields: `{ name: name, items: { many: collation_item, value: w, order: [value] } }`,
    expected: `select id::text, json_build_object('name', name, 'items', coalesce((
      select json_agg(w order by w) from s.collation_item i where i.of = t.id), '[]'))
      from s.collation t where name < 'a'`,
    change: `alter table s.collation_item alter w type text collate "en-x-icu";
             alter table s.collation alter name type text collate "en-x-icu"`,
  },
  // A function is replaced that an expression calls, and one that is called below it, and one in a body of standard SQL.
  functions: {
    sql: `create function s.inner_one(t text) returns text language sql immutable as $$ select upper(t) $$;
          create function s.outer_one(t text) returns text language plpgsql immutable
            as $$ begin return s.inner_one(t) || '.'; end $$;
          create function s.atomic(t text) returns text immutable begin atomic select s.inner_one(t); end;
          create operator s.!! (rightarg = text, function = s.inner_one);
          create table s.functions (id int primary key, v text); insert into s.functions values (1, 'abc')`,
    fields: `{ outer: { expression: "s.outer_one(v)" }, atomic: { expression: "s.atomic(v)" },
               operator: { expression: "operator(s.!!) v" } }`,
    expected: `select id::text, json_build_object('outer', s.outer_one(v), 'atomic', s.atomic(v), 'operator',
               operator(s.!!) v) from s.functions`,
    change: `create or replace function s.inner_one(t text) returns text language sql immutable
             as $$ select upper(t) || '!' $$`,
  },
  // An overload comes that fits better.
  overload: {
    sql: `create function s.kind(v numeric) returns text language sql immutable as $$ select 'numeric' $$;
          create table s.overload (id int primary key, v int); insert into s.overload values (1, 1)`,
    fields: `{ kind: { expression: "s.kind(v)" } }`,
    expected: `select id::text, json_build_object('kind', s.kind(v)) from s.overload`,
    change: `create function s.kind(v int) returns text language sql immutable as $$ select 'integer' $$`,
  },
  // A label deep within types, and an attribute of a composite, get other names.
  types: {
    sql: `create type s.mood as enum ('good', 'bad');
          create type s.inner_type as (mood s.mood, n int);
          create domain s.moods as s.mood[]; create domain s.inner_domain as s.inner_type;
          create type s.range_type as range (subtype = s.mood);
          create table s.types (id int primary key, a s.moods, b s.inner_domain[], r s.range_type);
          insert into s.types values
            (1, '{good,bad}', array[row('good', 1)::s.inner_type]::s.inner_domain[], '[good,bad]')`,
    fields: `{ a: a, b: b, r: r }`,
    expected: `select id::text, to_jsonb(t) - 'id' from s.types t`,
    change: `alter type s.mood rename value 'good' to 'fine'; alter type s.inner_type rename attribute n to number`,
  },
  // A type learns another way to become JSON.
  casts: {
    sql: `create type s.pair as (x int, y int);
          create function s.pair_json(v s.pair) returns json language sql immutable as $$ select '[1]'::json $$;
          create table s.casts (id int primary key, p s.pair); insert into s.casts values (1, row(1, 2))`,
    fields: `{ p: p }`,
    expected: `select id::text, json_build_object('p', to_json(p)) from s.casts`,
    change: `create cast (s.pair as json) with function s.pair_json(s.pair)`,
  },
  // Values are rewritten, and the type stays.
  rewrite: {
    sql: `create table s.rewrite (id int primary key, v text default 'd', w int);
          insert into s.rewrite select i, 'v' || i, i from generate_series(1, 3) i`,
    fields: `{ v: v, w: w }`,
    expected: `select id::text, json_build_object('v', v, 'w', w) from s.rewrite`,
    change: `alter table s.rewrite alter v type text using v || '!', alter v set default 'e', alter w type int using -w`,
  },
  // Rows come before those that they refer to, as in a restore without triggers.
  parents: {
    sql: `create table s.parents_of (id int primary key, name text); insert into s.parents_of values (1, 'one');
          create table s.parents (id int primary key, of int references s.parents_of);
          create index on s.parents (of); insert into s.parents values (1, 1)`,
    fields: `{ of: { one: parents_of, value: name } }`,
    expected: `select t.id::text, json_build_object('of', o.name) from s.parents t left join s.parents_of o on o.id = of`,
    change: `set session_replication_role = replica; insert into s.parents values (2, 2), (3, 3);
             delete from s.parents_of where id = 1; set session_replication_role = origin;
             insert into s.parents_of values (2, 'two'); insert into s.parents_of select i, 'many ' || i from generate_series(3, 2000) i;
             insert into s.parents_of values (1, 'one again')`,
  },
  // A partition is changed while it is detached, and attached again.
  partition: {
    sql: `create table s.partition (id int primary key, v text) partition by range (id);
          create table s.partition_1 partition of s.partition for values from (0) to (10);
          insert into s.partition values (1, 'one')`,
    fields: `{ v: v }`,
    expected: `select id::text, json_build_object('v', v) from s.partition`,
    change: `alter table s.partition detach partition s.partition_1; update s.partition_1 set v = 'detached';
             alter table s.partition attach partition s.partition_1 for values from (0) to (10)`,
  },
};

const { wal2json } = wantedVersions();
/** wal2json follows no partitioned tables. */
const followed = Object.fromEntries(
  Object.entries(changes).filter(([name]) => !wal2json || name !== 'partition'),
);

const own: OwnSchema = {
  sql: `create schema s; ${Object.values(followed)
    .map(({ sql }) => sql)
    .join(';\n')}`,
  definitions: Object.fromEntries(
    Object.entries(followed).map(([name, { fields, where }]) => [
      `${name}.yaml`,
      `index: ${name}\nroot: s.${name}\n${where ? `where: "${where}"\n` : ''}fields: ${fields}\n`,
    ]),
  ),
  expected: Object.fromEntries(Object.entries(followed).map(([name, { expected }]) => [name, expected])),
};

/** Two columns of `film`, which has genres, and two of a genre, so that a film is read without the genre's row changing. */
const films: OwnSchema = {
  sql: `
    create schema s;
    create table s.genre (id int primary key, a text, b text);
    create table s.film (id int primary key, a text, b text, n int, genre_id int references s.genre);
    create index on s.film (genre_id);
    insert into s.genre values (1, 'genre a', 'genre b');
    insert into s.film select i, 'a' || i, 'b' || i, 0, 1 from generate_series(1, 10) i;
    create table s.old (id int primary key, v text);
    create table s.new (id int primary key, v text);
    insert into s.old select i, 'old' || i from generate_series(1, 5) i;
    insert into s.new select i, 'new' || i from generate_series(1, 5) i`,
  definitions: {
    'film.yaml': `index: film\nroot: s.film\nfields: { a: a, b: b, n: n, genre: { one: genre, fields: { a: a, b: b } } }`,
    'old.yaml': `index: old\nroot: s.old\nfields: { v: v }`,
  },
  expected: {
    film: `select f.id::text, json_build_object('a', f.a, 'b', f.b, 'n', n, 'genre',
             json_build_object('a', g.a, 'b', g.b)) from s.film f join s.genre g on g.id = genre_id`,
    old: `select id::text, json_build_object('v', v) from s.old`,
  },
};

function exchangeColumns(table: string): string {
  return `begin; alter table ${table} rename a to x; alter table ${table} rename b to a; alter table ${table} rename x to b; commit`;
}

const exchangeTables = `
  begin; alter table s.old rename to x; alter table s.new rename to old; alter table s.x rename to new; commit`;

async function fieldOf(setting: Setting, index: string, id: string, name: string): Promise<unknown> {
  return ((await setting.document(index, id))?.source as Record<string, unknown> | undefined)?.[name];
}

describe('documents are read again', () => {
  it('where what they rest on is another: keys, collations, functions, types, casts, values, partitions', async (t) => {
    await using setting = await openSetting(t, { own });
    const { admin } = setting;
    await using service = setting.run({ SCHEMA_CHECK_INTERVAL_MS: '100' });
    await service.untilStreaming();
    await setting.covered();
    for (const { change } of Object.values(followed)) await admin.query(change);
    await eventually(() => setting.assertConverged(), { timeoutMs: PATIENCE_MS });
    await service.stop();
  });

  it('where it has become another while the service was stopped', async (t) => {
    await using setting = await openSetting(t, { own });
    const { admin } = setting;
    {
      await using service = setting.run();
      await service.untilStreaming();
      await setting.covered();
      await service.stop();
    }
    for (const { change } of Object.values(followed)) await admin.query(change);
    await using service = setting.run();
    await service.untilStreaming();
    await eventually(() => setting.assertConverged(), { timeoutMs: PATIENCE_MS });
    await service.stop();
  });

  const skip = wal2json && 'wal2json describes no tables';
  it(
    'where names were exchanged and exchanged back between two looks, by what the stream says of the table',
    { skip },
    async (t) => {
      await using setting = await openSetting(t, { own: films });
      const { admin } = setting;
      // Only the stream has the service look again.
      await using service = setting.run({ SCHEMA_CHECK_INTERVAL_MS: '3600000' });
      await service.untilStreaming();
      await setting.assertConverged();
      await admin.query(exchangeColumns('s.film'));
      await admin.query(`update s.film set n = n + 1 where id <= 5`);
      await waitFor(async () => (await fieldOf(setting, 'film', '1', 'a')) === 'b1');
      await admin.query(exchangeColumns('s.film'));
      await admin.query(`update s.film set n = n + 1 where id = 10`);
      await eventually(() => setting.assertConverged(), { timeoutMs: PATIENCE_MS });
      await admin.query(exchangeTables);
      await admin.query(`update s.new set v = v || '?' where id > 3`);
      await waitFor(async () => (await fieldOf(setting, 'old', '4', 'v')) === 'new4');
      await admin.query(exchangeTables);
      await admin.query(`update s.old set v = v || '!' where id = 1`);
      await eventually(() => setting.assertConverged(), { timeoutMs: PATIENCE_MS });
      await service.stop();
    },
  );

  it('where a table was unlogged for a while, as a publication of all tables lets it', async (t) => {
    await using setting = await openSetting(t, { own: films });
    const { admin, database } = setting;
    await admin.query(
      `drop publication ${database.name}; create publication ${database.name} for all tables`,
    );
    await using service = setting.run({ SCHEMA_CHECK_INTERVAL_MS: '2000' });
    await service.untilStreaming();
    await setting.assertConverged();
    await admin.query(`
      alter table s.old set unlogged; update s.old set v = v || ' unlogged'; alter table s.old set logged`);
    await eventually(() => setting.assertConverged(), { timeoutMs: PATIENCE_MS });
    await service.stop();
  });

  it('where they were read under exchanged names of a table that the stream says nothing of', async (t) => {
    await using setting = await openSetting(t, { own: films });
    const { admin } = setting;
    await using service = setting.run({ SCHEMA_CHECK_INTERVAL_MS: '2000' });
    await service.untilStreaming();
    await setting.assertConverged();
    await admin.query(exchangeColumns('s.genre'));
    await admin.query(`update s.film set n = n + 1 where id <= 5`);
    const exchanged = JSON.stringify({ a: 'genre b', b: 'genre a' });
    await waitFor(async () => JSON.stringify(await fieldOf(setting, 'film', '1', 'genre')) === exchanged);
    await admin.query(exchangeColumns('s.genre'));
    await eventually(() => setting.assertConverged(), { timeoutMs: PATIENCE_MS });
    await service.stop();
  });
});
