import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { wantedVersions } from '../../dev/stack/versions.ts';
import type { OwnSchema } from '../service/support/own-schema.ts';
import { openSetting } from '../service/support/setting.ts';

/** Parcels in boxes; which box, and which kind, a link with a key of its own tells. */
const post: OwnSchema = {
  sql: `
    create schema post;
    create table post.box (id integer primary key, label text);
    create table post.kind (id integer primary key, name text);
    create table post.parcel (
      id serial primary key, box_id integer not null references post.box on update cascade on delete cascade,
      kind_id integer not null references post.kind on update cascade, note text
    );
    create index on post.parcel (box_id);
    create index on post.parcel (kind_id);
    insert into post.box select i, 'Box ' || i from generate_series(1, 20) i;
    insert into post.kind select i, 'Kind ' || i from generate_series(1, 5) i;
    insert into post.parcel (box_id, kind_id, note)
      select 1 + i % 20, 1 + i % 5, 'Note ' || i from generate_series(1, 100) i`,
  definitions: {
    'boxes.yaml': `
index: boxes
root: post.box
fields:
  label: label
  parcels: { many: parcel, fields: { kind: { one: kind, value: name }, note: note } }
`,
    'kinds.yaml': `
index: kinds
root: post.kind
fields: { name: name, boxes: { many: parcel, value: { one: box, value: label }, order: [value] } }
`,
  },
  expected: {
    boxes: `
      select b.id::text, json_build_object('label', b.label, 'parcels', (
        select coalesce(json_agg(json_build_object('kind', k.name, 'note', p.note) order by p.id), '[]')
        from post.parcel p join post.kind k on k.id = p.kind_id where p.box_id = b.id))
      from post.box b`,
    kinds: `
      select k.id::text, json_build_object('name', k.name, 'boxes', (
        select coalesce(json_agg(b.label order by b.label), '[]')
        from post.parcel p join post.box b on b.id = p.box_id where p.kind_id = k.id))
      from post.kind k`,
  },
};

const withIndex = `create unique index parcel_identity on post.parcel (box_id, kind_id, id)`;

const generated = 'generated always as (id * 2)';

/** What would hide from a replica identity too small which box, or which kind, a parcel leaves. */
const moves = [
  'update post.parcel set box_id = 1 + box_id % 20 where id % 3 = 0',
  'update post.parcel set kind_id = 1 + kind_id % 5, box_id = 7 where id % 7 = 0',
  'delete from post.parcel where id % 11 = 0',
  'update post.parcel set id = id + 1000 where id % 2 = 0',
  'update post.box set id = id + 100 where id % 4 = 0',
  'update post.kind set id = id + 100 where id % 2 = 0',
  `update post.parcel set note = 'noted', kind_id = (select max(id) from post.kind) where id % 13 = 0`,
  // There and back, by way of one that is gone by then; and two that exchange their keys.
  `begin;
   insert into post.box values (50, 'Passing');
   update post.parcel set box_id = 50 where id < 20;
   update post.parcel set box_id = 1 where id < 10;
   update post.parcel set box_id = 2 where box_id = 50;
   delete from post.box where id = 50;
   update post.box set id = 51 where id = 1;
   update post.box set id = 1 where id = 2;
   update post.box set id = 2 where id = 51;
   commit`,
  'delete from post.box where id in (3, 5, 104)',
];

describe('rows of a link table move, and its documents with them,', () => {
  for (const [name, identity] of [
    ['a unique index', `${withIndex}; alter table post.parcel replica identity using index parcel_identity`],
    ['the whole row', 'alter table post.parcel replica identity full'],
    // With a generated column, Postgres 18 would refuse the updates.
    ['the whole row that init makes it', `alter table post.parcel add twice integer ${generated} stored`],
  ] as const) {
    it(`with ${name} as its replica identity`, async (t) => {
      const own = { ...post, sql: `${post.sql}; ${identity}` };
      await using setting = await openSetting(t, { own });
      const { admin } = setting;
      const check = await setting.command(['check']);
      assert.equal(check.code, 0, check.stderr);
      await using service = setting.run();
      await service.untilStreaming();
      await setting.assertConverged();
      for (const sql of moves) {
        await admin.query(sql);
        await setting.assertConverged();
      }
      await service.stop();
    });
  }
});

describe('a replica identity that hides which documents a row leaves', () => {
  for (const [name, identity, mend] of [
    ['the key alone', 'default', 'full'],
    ['the key alone, where there is an index', 'default', 'using index "parcel_identity"'],
    ['nothing', 'nothing', 'full'],
  ] as const) {
    it(`(${name}) is named, with what mends it, and mended by init`, async (t) => {
      await using setting = await openSetting(t, { own: post });
      const { admin } = setting;
      if (mend !== 'full') await admin.query(withIndex);
      await admin.query(`alter table post.parcel replica identity ${identity}`);

      const check = await setting.command(['check']);
      assert.equal(check.code, 3, check.stderr);
      assert.match(check.stderr, /post\.parcel does not carry box_id, kind_id/);
      const statement = `alter table "post"."parcel" replica identity ${mend};`;
      assert.ok(check.stderr.includes(statement), check.stderr);

      const denied = await setting.command(['init'], { ADMIN_DATABASE_URL: setting.database.url });
      assert.equal(denied.code, 3, denied.stderr);
      assert.ok(denied.stderr.includes(statement), denied.stderr);
      const init = await setting.command(['init']);
      assert.equal(init.code, 0, init.stderr);
      assert.ok(init.stdout.includes(statement), init.stdout);
      assert.equal((await setting.command(['check'])).code, 0);
    });
  }
});

describe('a table with generated columns whose replica identity is the whole row', () => {
  const skip = wantedVersions().postgres.major < 18 && 'before 18 Postgres streams it without them';

  it('is named, for its updates to be possible again', { skip }, async (t) => {
    const sql = `${post.sql}; ${withIndex}; alter table post.parcel add twice integer ${generated} stored,
      replica identity using index parcel_identity`;
    await using setting = await openSetting(t, { own: { ...post, sql } });
    const { admin, database } = setting;
    assert.equal((await setting.command(['check'])).code, 0);
    await using service = setting.run({ SCHEMA_CHECK_INTERVAL_MS: '100' });
    await service.untilStreaming();
    await admin.query('alter table post.parcel replica identity full');
    assert.deepEqual(await service.ended, { code: 3, signal: null });
    const [update = ''] = moves;
    await assert.rejects(admin.query(update), { code: '42P10' });
    const init = await setting.command(['init']);
    const statement = `alter publication "${database.name}" set (publish_generated_columns = stored);`;
    assert.ok(init.stdout.includes(statement), init.stdout + init.stderr);
    await admin.query(update);
    await using next = setting.run();
    await next.untilStreaming();
    await setting.assertConverged();
    await next.stop();
  });

  it('is to have an index in its place where they are virtual', { skip }, async (t) => {
    await using setting = await openSetting(t, { own: post });
    const { admin } = setting;
    await admin.query(`alter table post.parcel add twice integer ${generated} virtual`);
    const { code, stderr } = await setting.command(['init']);
    assert.equal(code, 3, stderr);
    assert.match(stderr, /create unique index … on "post"."parcel" \("box_id", "kind_id", …\)/);
    await admin.query(withIndex);
    const init = await setting.command(['init']);
    assert.match(init.stdout, /replica identity using index "parcel_identity"/, init.stderr);
    for (const sql of moves) await admin.query(sql);
  });
});
