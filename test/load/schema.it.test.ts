import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { after, before, describe, it } from 'node:test';
import { escapeIdentifier, type Client } from 'pg';
import { startPostgres } from '../../dev/stack/stack.ts';
import { createDatabase, type TestDatabase } from '../support/servers.ts';

/** What `sql/` is made of, in the order in which it is run. */
async function readSql(): Promise<string[]> {
  const folder = new URL('../../sql/', import.meta.url);
  const names = (await readdir(folder)).filter((name) => name.endsWith('.sql')).sort();
  return Promise.all(names.map((name) => readFile(new URL(name, folder), 'utf8')));
}

async function run(client: Client, files: readonly string[]): Promise<void> {
  for (const file of files) await client.query(file);
}

/** All that `sql/` makes, told in a way that does not depend on when it was made. */
async function describeSchema(client: Client): Promise<unknown> {
  const { rows } = await client.query(`
    select relname as name, relkind, relreplident, relowner::regrole::text as owner, relacl::text as acl
      from pg_class where relnamespace = 'content'::regnamespace
    union all
    select conname || ' ' || pg_get_constraintdef(oid), contype, null, null, null
      from pg_constraint where connamespace = 'content'::regnamespace
    union all
    select tgname, tgenabled, null, null, null from pg_trigger where not tgisinternal
    union all
    select 'schema', null, null, nspowner::regrole::text, nspacl::text from pg_namespace where nspname = 'content'
    union all
    select 'defaults', defaclobjtype, null, defaclrole::regrole::text, defaclacl::text from pg_default_acl
    union all
    select pubname, null, null, pubowner::regrole::text, null from pg_publication
    union all
    select tablename, null, null, pubname, null from pg_publication_tables
    order by 1, 2, 3, 4, 5`);
  return rows;
}

describe("the films' schema", () => {
  let database: TestDatabase;
  let client: Client & AsyncDisposable;

  before(async () => {
    database = await createDatabase();
    client = await database.connect();
  });

  after(async () => {
    await client.end();
    await database[Symbol.asyncDispose]();
  });

  /** Runs what is given in a transaction that is rolled back, as another role where one is named. */
  async function tried<T>(what: () => Promise<T>, role?: string): Promise<T> {
    await client.query('begin');
    try {
      if (role !== undefined) await client.query(`set local role ${role}`);
      return await what();
    } finally {
      await client.query('rollback');
    }
  }

  const denied = { code: '42501' };

  it('can be made again and again, with rows in it', async () => {
    await client.query(`insert into content.genre (name) values ('Kept')`);
    const files = await readSql();
    const made = await describeSchema(client);
    await run(client, files);
    await run(client, files);
    assert.deepEqual(await describeSchema(client), made);
    assert.equal((await client.query(`delete from content.genre where name = 'Kept'`)).rowCount, 1);
  });

  it('can be made in several databases at once, of any name, and gives the service what it lacks', async () => {
    const files = await readSql();
    const made = await describeSchema(client);
    await using postgres = await startPostgres();
    await using server = await database.connect(postgres.url);
    await server.query('drop role projector');

    const names = ['films', 'Films', 'my "films"'];
    for (const name of names) await server.query(`create database ${escapeIdentifier(name)}`);
    await Promise.all(
      names.map(async (name) => {
        await using connected = await database.connect(postgres.urlOf(encodeURIComponent(name)));
        await run(connected, files);
        assert.deepEqual(await describeSchema(connected), made);
      }),
    );

    await server.query('alter role projector nologin noreplication');
    await run(server, files);
    const { rows } = await server.query(
      `select rolcanlogin, rolreplication from pg_roles where rolname = 'projector'`,
    );
    assert.deepEqual(rows, [{ rolcanlogin: true, rolreplication: true }]);
  });

  it('says in the stream which film and which genre or person a link leaves', async () => {
    const { rows } = await client.query(`
      select c.relname as table, c.relreplident as identity,
             (select array_agg(a.attname::text order by k.position)
                from pg_index i
               cross join lateral unnest(i.indkey) with ordinality as k (attnum, position)
                join pg_attribute a on a.attrelid = i.indrelid and a.attnum = k.attnum
               where i.indrelid = c.oid and i.indisreplident) as columns
        from pg_class c
       where c.relnamespace = 'content'::regnamespace and c.relkind = 'r'
       order by 1`);
    assert.deepEqual(rows, [
      { table: 'film_work', identity: 'd', columns: null },
      { table: 'genre', identity: 'd', columns: null },
      { table: 'genre_film_work', identity: 'i', columns: ['film_work_id', 'genre_id'] },
      { table: 'person', identity: 'd', columns: null },
      { table: 'person_film_work', identity: 'i', columns: ['film_work_id', 'person_id', 'role'] },
    ]);
  });

  it('publishes its five tables, every kind of change', async () => {
    const { rows } = await client.query(`
      select p.pubname, p.pubowner::regrole::text as owner,
             pubinsert and pubupdate and pubdelete and pubtruncate as all_changes,
             array_agg(t.tablename::text order by t.tablename) as tables
        from pg_publication p join pg_publication_tables t using (pubname)
       group by p.oid, p.pubname, p.pubowner, pubinsert, pubupdate, pubdelete, pubtruncate`);
    assert.deepEqual(rows, [
      {
        pubname: 'projector',
        owner: 'films_owner',
        all_changes: true,
        tables: ['film_work', 'genre', 'genre_film_work', 'person', 'person_film_work'],
      },
    ]);
  });

  it('keeps a publication that somebody else made, and the further tables in it', async () => {
    const files = await readSql();
    await tried(async () => {
      await client.query(`
        drop publication projector;
        create table content.award (id int primary key);
        alter table content.award owner to films_owner;
        create publication projector for table content.award, content.genre`);
      await run(client, files);
      const { rows } = await client.query<{ tables: string[]; owner: string }>(`
        select p.pubowner::regrole::text as owner, array_agg(t.tablename::text order by t.tablename) as tables
          from pg_publication p join pg_publication_tables t using (pubname)
         group by p.pubowner`);
      assert.deepEqual(rows, [
        {
          owner: 'films_owner',
          tables: ['award', 'film_work', 'genre', 'genre_film_work', 'person', 'person_film_work'],
        },
      ]);
    });
  });

  for (const [table, change] of [
    ['film_work', `title = title || '!'`],
    ['genre', `description = 'new'`],
    ['person', `birth_date = '2000-01-01'`],
  ] as const) {
    it(`keeps the time of the last change of a ${table}, and of nothing else`, async () => {
      await tried(async () => {
        await client.query(`
          insert into content.film_work (title, modified) values ('F', '2000-01-01Z');
          insert into content.genre (name, modified) values ('G', '2000-01-01Z');
          insert into content.person (full_name, modified) values ('P', '2000-01-01Z')`);
        const isOld = async () => {
          const { rows } = await client.query<{ old: boolean }>(
            `select modified < '2001-01-01Z' as old from content.${table}`,
          );
          return rows[0]?.old;
        };
        await client.query(`update content.${table} set id = id`);
        assert.equal(await isOld(), true);
        await client.query(`update content.${table} set ${change}, modified = '2000-06-01Z'`);
        assert.equal(await isOld(), false);
      });
    });
  }

  it('takes the links with the film, the genre or the person', async () => {
    for (const gone of ['film_work', 'genre', 'person']) {
      await tried(async () => {
        await client.query(`
          with f as (insert into content.film_work (title) values ('F') returning id),
               g as (insert into content.genre (name) values ('G') returning id),
               p as (insert into content.person (full_name) values ('P') returning id),
               gf as (insert into content.genre_film_work (film_work_id, genre_id) select f.id, g.id from f, g)
          insert into content.person_film_work (film_work_id, person_id, role) select f.id, p.id, 'actor' from f, p`);
        await client.query(`delete from content.${gone}`);
        const { rows } = await client.query(`
          select (select count(*)::int from content.genre_film_work) as genres,
                 (select count(*)::int from content.person_film_work) as persons`);
        assert.deepEqual(rows, [{ genres: gone === 'person' ? 1 : 0, persons: gone === 'genre' ? 1 : 0 }]);
      });
    }
  });

  for (const [what, statement, code] of [
    ['a rating above 10', `insert into content.film_work (title, rating) values ('F', 10.1)`, '23514'],
    [
      'a rating that is no number',
      `insert into content.film_work (title, rating) values ('F', 'NaN')`,
      '23514',
    ],
    ['another type', `insert into content.film_work (title, type) values ('F', 'series')`, '23514'],
    ['a second genre of a name', `insert into content.genre (name) values ('G'), ('G')`, '23505'],
    ['a film without a title', `insert into content.film_work (rating) values (5)`, '23502'],
  ] as const) {
    it(`refuses ${what}`, async () => {
      await assert.rejects(
        tried(() => client.query(statement)),
        { code },
      );
    });
  }

  it("lets the service's role read and follow, and nothing else", async () => {
    const { rows } = await client.query(
      `select rolcanlogin, rolreplication, rolsuper, rolcreatedb, rolcreaterole, rolbypassrls
         from pg_roles where rolname = 'projector'`,
    );
    assert.deepEqual(rows, [
      {
        rolcanlogin: true,
        rolreplication: true,
        rolsuper: false,
        rolcreatedb: false,
        rolcreaterole: false,
        rolbypassrls: false,
      },
    ]);
    for (const table of ['film_work', 'genre', 'person', 'genre_film_work', 'person_film_work']) {
      await tried(() => client.query(`select * from content.${table}`), 'projector');
      for (const statement of [
        `insert into content.${table} default values`,
        `update content.${table} set id = id`,
        `delete from content.${table}`,
        `truncate content.${table}`,
      ]) {
        await assert.rejects(
          tried(() => client.query(statement), 'projector'),
          denied,
          statement,
        );
      }
    }
    await tried(() => client.query('create temporary table scratch (id int)'), 'projector');
    await assert.rejects(
      tried(() => client.query('create table content.mine (id int)'), 'projector'),
      denied,
    );
    await assert.rejects(
      tried(() => client.query('alter publication projector drop table content.genre'), 'projector'),
      denied,
    );
  });

  it("lets the admin site's role edit rows, and change no schema", async () => {
    await tried(async () => {
      await client.query(`insert into content.genre (name) values ('G')`);
      await client.query(`update content.genre set name = 'H' where name = 'G'`);
      assert.equal((await client.query(`delete from content.genre where name = 'H'`)).rowCount, 1);
    }, 'films_admin');
    for (const statement of [
      'truncate content.genre cascade',
      'alter table content.genre add column colour text',
      'drop table content.genre cascade',
      'create table content.mine (id int)',
      'create schema mine',
      'alter table content.genre disable trigger genre_modified',
      'alter publication projector drop table content.genre',
      `select pg_create_logical_replication_slot('mine', 'pgoutput')`,
    ]) {
      await assert.rejects(
        tried(() => client.query(statement), 'films_admin'),
        denied,
        statement,
      );
    }
  });

  it('gives both roles their part of a table that the owner adds', async () => {
    await tried(async () => {
      await client.query(`
        set local role films_owner;
        create table content.award (id int primary key);
        set local role films_admin;
        insert into content.award values (1);
        set local role projector`);
      assert.equal((await client.query('select * from content.award')).rowCount, 1);
    });
  });
});
