import { it } from 'node:test';
import type { OwnSchema } from '../service/support/own-schema.ts';
import { openSetting } from '../service/support/setting.ts';

/** Two tables whose qualified names are the same text, and columns and keys of all that quoting could go wrong for. */
const own: OwnSchema = {
  sql: `
    create schema "Sea.Side";
    create schema "Sea";
    create table "Sea.Side"."Café ""Bar""" (
      "Order" text, "a.b" text, "c d'e" text, "\\f" integer, "Ünï code" text, primary key ("Order", "a.b")
    );
    create table "Sea"."Side.Café ""Bar""" ("Order" text primary key, "select" text);
    create table "Sea.Side"."the guests" (
      "Nr." integer primary key, "at Order" text, "at a.b" text, "full name" text,
      constraint "of Café" foreign key ("at Order", "at a.b") references "Sea.Side"."Café ""Bar"""
    );
    create unique index "guests' ""identity""" on "Sea.Side"."the guests" ("at Order", "at a.b", "Nr.");
    alter table "Sea.Side"."the guests" alter "at Order" set not null, alter "at a.b" set not null;`,
  definitions: {
    'cafes.yaml': `
index: cafes
root: '"Sea.Side"."Café ""Bar"""'
where: '"\\f" is distinct from 13'
fields:
  Order: Order
  ab: a.b
  "c'd\\"e\\\\": c d'e
  ключ: Ünï code
  loud: { expression: 'upper("c d''e") || ''"''' }
  guests:
    many: the guests
    via: [at Order, at a.b]
    where: '"Nr." > 0'
    fields: { "Nr": Nr., name: full name }
    order: [name desc, Nr]
`,
    'others.yaml': `
index: others
root: 'Sea."Side.Café ""Bar"""'
fields: { Order: Order, select: select }
`,
  },
  expected: {
    cafes: `
      select c."Order", c."a.b", json_build_object(
        'Order', c."Order", 'ab', c."a.b", 'c''d"e\\', c."c d'e", 'ключ', c."Ünï code",
        'loud', upper(c."c d'e") || '"',
        'guests', (select coalesce(json_agg(json_build_object('Nr', g."Nr.", 'name', g."full name")
                     order by g."full name" desc, g."Nr."), '[]')
                   from "Sea.Side"."the guests" g
                   where g."at Order" = c."Order" and g."at a.b" = c."a.b" and g."Nr." > 0))
      from "Sea.Side"."Café ""Bar""" c where c."\\f" is distinct from 13`,
    others: `select "Order", json_build_object('Order', "Order", 'select', "select") from "Sea"."Side.Café ""Bar"""`,
  },
};

it('names of tables and columns, and keys, may be of any characters', async (t) => {
  await using setting = await openSetting(t, { own });
  const { admin } = setting;
  await using service = setting.run();
  await service.untilStreaming();
  const keys = [
    'a:b',
    '%3A',
    '"quoted"',
    "'; drop table x; --",
    '{a,b}',
    '\\',
    '\u{1f3ac} \u0001',
    ' ',
    'NULL',
  ];
  for (const [position, key] of keys.entries()) {
    await admin.query(`insert into "Sea.Side"."Café ""Bar""" values ($1, $2, $1, $3, $2)`, [
      key,
      key,
      position,
    ]);
    await admin.query(
      `insert into "Sea.Side"."the guests" values ($1, $2, $2, $2), (-$1::integer, $2, $2, $2)`,
      [position + 1, key],
    );
    await admin.query(`insert into "Sea"."Side.Café ""Bar""" values ($1, $1)`, [key]);
  }
  await setting.assertConverged();
  await admin.query(`update "Sea"."Side.Café ""Bar""" set "select" = 'from'`);
  await admin.query(`update "Sea.Side"."Café ""Bar""" set "c d'e" = 'g' || "c d'e"`);
  await admin.query(
    `update "Sea.Side"."the guests" set ("at Order", "at a.b") = ('a:b', 'a:b') where "Nr." % 2 = 0`,
  );
  await setting.assertConverged();
  await admin.query(`update "Sea.Side"."Café ""Bar""" set "\\f" = 13 where "a.b" < 'a'`);
  await admin.query(`delete from "Sea.Side"."the guests" where "at Order" <> 'a:b'`);
  await admin.query(`update "Sea.Side"."Café ""Bar""" set "Order" = "Order" || '%:' where "a.b" <> 'a:b'`);
  await setting.assertConverged();
  await service.stop();
});
