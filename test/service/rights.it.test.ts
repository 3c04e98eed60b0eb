import assert from 'node:assert/strict';
import { it } from 'node:test';
import { roles } from '../../dev/stack/database.ts';
import { postgresAt } from '../../dev/stack/postgres.ts';
import { openSetting } from './support/setting.ts';

it('a role without the rights to prepare Postgres is told the SQL', async (t) => {
  await using setting = await openSetting(t);
  const { admin, database } = setting;
  await admin.query(`drop publication ${database.name}`);
  await admin.query('alter table content.person_film_work replica identity default');
  await using service = setting.run();
  assert.deepEqual(await service.ended, { code: 3, signal: null });
  assert.match(service.log, /PROJ_PREFLIGHT/);
  assert.match(service.log, /create publication "?t_/);
  assert.match(service.log, /alter table .*person_film_work.* replica identity using index/);
  assert.equal(await setting.slot(), null);
});

it('a role without the rights to read is told the grants that it lacks, which are what it lacks', async (t) => {
  await using setting = await openSetting(t, {
    own: {
      sql: `
        create schema "Our shop";
        create table "Our shop"."order" (id integer primary key, price numeric);
        create table "Our shop".line (id integer primary key, order_id integer not null references "Our shop"."order");
        create index on "Our shop".line (order_id);`,
      definitions: {
        'orders.yaml': `
index: orders
root: Our shop.order
fields:
  isFree: { expression: 'price = 0' }
  lines: { many: line, value: id, order: [value] }
`,
      },
      expected: {
        orders: `
          select id::text, json_build_object('isFree', price = 0, 'lines', array(
            select id from "Our shop".line where order_id = "order".id order by id))
          from "Our shop"."order"`,
      },
    },
  });
  const { admin, database } = setting;
  await admin.query(`
    revoke all on database ${database.name} from public;
    grant connect on database ${database.name} to public;
    revoke all on schema "Our shop" from ${roles.service};
    revoke all on all tables in schema "Our shop" from ${roles.service};
    insert into "Our shop"."order" values (1, 0); insert into "Our shop".line values (1, 1)`);
  const { code, stderr } = await setting.command(['check']);
  assert.equal(code, 3);
  const [, grants = ''] = /^PROJ_PREFLIGHT: .*may not read.*\n {2}fix: (.*)$/m.exec(stderr) ?? [];
  assert.deepEqual(grants.split(/(?<=;) /), [
    `grant temporary on database ${database.name} to ${roles.service};`,
    `grant usage on schema "Our shop" to ${roles.service};`,
    `grant select on "Our shop"."order", "Our shop".line to ${roles.service};`,
  ]);
  await admin.query(grants);
  await using service = setting.run();
  await service.untilStreaming();
  await setting.assertConverged();
  await service.stop();
});

it('init that lacks the rights says the SQL, and not to run init', async (t) => {
  await using setting = await openSetting(t);
  const { admin, database } = setting;
  await admin.query(`drop publication ${database.name}`);
  const { code, stderr } = await setting.command(['init'], {
    ADMIN_DATABASE_URL: postgresAt(database.adminUrl).urlOf(database.name, roles.service),
  });
  assert.equal(code, 3);
  assert.match(
    stderr,
    /^PROJ_PREFLIGHT: .*\n {2}fix: Have this run by the tables' owner.*\n {2}create publication /m,
  );
  assert.doesNotMatch(stderr, /projector init/);
});

it('a role by which money would be worth something else is refused', async (t) => {
  await using setting = await openSetting(t, {
    own: {
      sql: 'create schema m; create table m.bill (id integer primary key, cost money); insert into m.bill values (1, 10)',
      definitions: { 'bills.yaml': 'index: bills\nroot: m.bill\nfields: { cost: cost }\n' },
      expected: { bills: `select id::text, json_build_object('cost', cost) from m.bill` },
    },
  });
  const { admin, database } = setting;
  await admin.query(`alter role ${roles.service} in database ${database.name} set lc_monetary = 'C'`);
  const { code, stderr } = await setting.command(['check']);
  assert.equal(code, 3);
  const [, sql = ''] = /has an lc_monetary of its own \(C\).*\n.*\n {2}(alter role .*)$/m.exec(stderr) ?? [];
  await admin.query(sql);
  await using service = setting.run();
  await service.untilStreaming();
  await setting.assertConverged();
  await service.stop();
});
