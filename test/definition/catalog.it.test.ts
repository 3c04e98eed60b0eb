import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Client } from 'pg';
import { columnOf, findTable } from '../../src/definition/catalog.ts';
import { identityProblems } from '../../src/definition/identity.ts';
import { readCatalog } from '../../src/definition/read-catalog.ts';
import type { ProjectorError } from '../../src/ops/errors.ts';
import { createDatabase } from '../support/servers.ts';
import { prepare, readDocuments } from './database.ts';

/** What is wrong with a table as a root, for the client's role. */
async function faultOf(client: Client, table: string): Promise<string> {
  try {
    await prepare(client, { 'x.yaml': `index: x\nroot: ${table}\nfields: { a: a }\n` });
  } catch (error) {
    const { code, message } = error as ProjectorError;
    return `${code} ${message.replace(/^.*x.yaml:2:1: /, '')}`;
  }
  return 'none';
}

describe('a relation that is not a logged table', () => {
  it('is refused', async () => {
    await using database = await createDatabase({ schema: 'none' });
    await using client = await database.connect();
    await client.query(`
      create schema s;
      create table s.plain (id integer primary key, a text);
      create unlogged table s.unlogged (id integer primary key, a text);
      create view s.view as select * from s.plain;
      create materialized view s.materialized as select * from s.plain;
      create table s.parent (id integer primary key, a text);
      create table s.child () inherits (s.parent);
      create table s.keyless (a text);`);
    assert.equal(await faultOf(client, 's.plain'), 'none');
    assert.match(await faultOf(client, 's.unlogged'), /^PROJ_DEFINITION_TABLE s.unlogged is unlogged/);
    assert.match(await faultOf(client, 's.view'), /^PROJ_DEFINITION_TABLE s.view is a view/);
    assert.match(await faultOf(client, 's.materialized'), /s.materialized is a materialized view/);
    assert.match(await faultOf(client, 's.parent'), /s.parent has tables that inherit from it/);
    assert.match(await faultOf(client, 's.keyless'), /s.keyless has no primary key/);
  });
});

describe('row level security', () => {
  it('is reported where it may hide rows from the role that reads', async () => {
    await using database = await createDatabase({ schema: 'none' });
    await using admin = await database.connect();
    await admin.query(`
      create schema s;
      create table s.t (id integer primary key, a text);
      grant usage on schema s to projector;
      grant select on s.t to projector;
      alter table s.t enable row level security;`);
    await using service = await database.connect(database.url);
    assert.equal(await faultOf(admin, 's.t'), 'none');
    assert.match(await faultOf(service, 's.t'), /row level security may hide rows of s.t from projector/);
    await admin.query(`create policy own on s.t for select using (a = 'x')`);
    assert.match(await faultOf(service, 's.t'), /row level security may hide rows/);
    await admin.query('create policy projector on s.t for select to projector using (true)');
    assert.equal(await faultOf(service, 's.t'), 'none');
    await admin.query(`create policy fewer on s.t as restrictive using (a = 'x')`);
    assert.match(await faultOf(service, 's.t'), /row level security may hide rows/);
  });
});

describe('the catalog at one moment', () => {
  it('has nothing in it of what is committed while it is read', async () => {
    await using database = await createDatabase({ schema: 'none' });
    await using admin = await database.connect();
    await admin.query('create schema s; create table s.t (id integer primary key)');
    await using service = await database.connect(database.url);
    await service.query('begin transaction isolation level repeatable read; select 1');
    await admin.query(
      'begin; create policy projector on s.t using (true); alter table s.t enable row level security; commit',
    );
    const before = await readCatalog(service, ['s']);
    await service.query('commit');
    const after = await readCatalog(service, ['s']);
    assert.deepEqual(
      [before, after].map((catalog) => findTable(catalog, { schema: 's', name: 't' })?.rowSecurity),
      ['none', 'shows all'],
    );
  });
});

describe('a partitioned table', () => {
  it('is read as one, and its partitions have the replica identities', async () => {
    await using database = await createDatabase({ schema: 'none' });
    await using client = await database.connect();
    await client.query(`
      create schema s;
      create table s.film (id integer primary key, a text);
      create table s.view (film_id integer references s.film, day date, id integer, primary key (day, id))
        partition by range (day);
      create table s.view_1 partition of s.view for values from ('2024-01-01') to ('2024-02-01');
      create table s.view_2 partition of s.view default partition by hash (id);
      create table s.view_2_1 partition of s.view_2 for values with (modulus 1, remainder 0);
      insert into s.film values (1, 'x');
      insert into s.view values (1, '2024-01-05', 1), (1, '2025-01-05', 2);`);
    const definition =
      'index: x\nroot: s.film\nfields: { views: { many: view, value: day, order: [value] } }\n';
    const plan = await prepare(client, { 'x.yaml': definition });
    assert.deepEqual(
      plan.tables.map(({ name, partitioned }) => [name, partitioned]),
      [
        ['film', false],
        ['view', true],
      ],
    );
    const documents = await readDocuments(client, plan.indexes[0] ?? assert.fail());
    assert.deepEqual([...documents], [['1', { views: ['2024-01-05', '2025-01-05'] }]]);
    const problems = identityProblems(plan.catalog, plan.tables);
    assert.deepEqual(
      problems.map(({ name }) => name),
      ['view_1', 'view_2_1'],
    );
    for (const { sql } of problems) await client.query(sql);
    const mended = await prepare(client, { 'x.yaml': definition });
    assert.deepEqual(identityProblems(mended.catalog, mended.tables), []);
  });
});

describe('readCatalog', () => {
  it('knows how equal values are written, and whose operators compare them', async () => {
    await using database = await createDatabase({ schema: 'none' });
    await using client = await database.connect();
    await client.query(`
      create schema s;
      create type s.mood as enum ('good');
      create domain s.short as varchar(5);
      create table s.t (
        id integer, big bigint, word s.short, code char(3), amount numeric, mood s.mood, at timestamptz,
        tags text[], double_id integer generated always as (id * 2) stored
      );`);
    const table = findTable(await readCatalog(client, ['s']), { schema: 's', name: 't' });
    assert.ok(table);
    const column = (name: string): [string, string | null] => {
      const { type, textClass } = columnOf(table, name);
      return [type, textClass];
    };
    assert.deepEqual(column('id'), ['integer', 'integer']);
    assert.deepEqual(column('big'), ['bigint', 'integer']);
    assert.deepEqual(column('word'), ['s.short', 'text']);
    assert.deepEqual(column('code'), ['bpchar', 'character(3)']);
    assert.deepEqual(column('amount'), ['numeric', null]);
    assert.deepEqual(column('mood'), ['s.mood', 's.mood']);
    assert.deepEqual(column('at'), ['timestamp with time zone', 'timestamptz']);
    assert.deepEqual(column('tags'), ['text[]', null]);
    assert.equal(columnOf(table, 'double_id').isGenerated, true);
    assert.ok(table.columns.every(({ hasBuiltInOperators }) => hasBuiltInOperators));
  });

  it('reads what a replica identity carries', async () => {
    await using database = await createDatabase({ schema: 'none' });
    await using client = await database.connect();
    await client.query(`
      create schema s;
      create table s.a (id integer primary key, b integer not null, c integer);
      create unique index a_b on s.a (b) include (c);
      create unique index a_some on s.a (b) where b > 0;
      create unique index a_c on s.a (c);
      create table s.late (id integer primary key deferrable);
      create table s.index (id integer primary key, b integer not null unique);
      alter table s.index replica identity using index index_b_key;
      create table s.full (id integer primary key, b integer);
      alter table s.full replica identity full;
      create table s.none (id integer primary key);
      alter table s.none replica identity nothing;`);
    const catalog = await readCatalog(client, ['s']);
    const identity = (name: string): unknown =>
      findTable(catalog, { schema: 's', name })?.storage.map(({ replicaIdentity, identityColumns }) => [
        replicaIdentity,
        ...identityColumns,
      ])[0];
    assert.deepEqual(identity('a'), ['default', 'id']);
    assert.deepEqual(identity('late'), ['default']);
    assert.deepEqual(identity('index'), ['index', 'b']);
    assert.deepEqual(identity('full'), ['full', 'id', 'b']);
    assert.deepEqual(identity('none'), ['nothing']);
    assert.deepEqual(findTable(catalog, { schema: 's', name: 'a' })?.storage[0]?.identityIndexes, [
      { name: 'a_b', columns: ['b'] },
      { name: 'a_pkey', columns: ['id'] },
    ]);
  });
});
