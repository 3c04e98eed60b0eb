import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { OwnSchema } from '../service/support/own-schema.ts';
import type { Service } from '../service/support/service.ts';
import { openSetting, type Setting } from '../service/support/setting.ts';
import { differing, verify } from '../verify/support/verify.ts';
import { readLetters } from './items.ts';

/** `kept` is the document that the index has still of a row that makes none any more. */
const measures: OwnSchema = {
  sql: `
    create schema shop;
    create function shop.checked(text) returns text language plpgsql immutable as
      $$ begin if $1 like 'secret%' then raise 'it is %', $1; end if; return $1; end $$;
    create table shop.measure (
      id text primary key,
      name text,
      parts integer not null default 1,
      amount numeric,
      made text,
      scale integer not null default 1,
      is_bad boolean not null default false,
      kept jsonb
    );
    insert into shop.measure (id, name) select 'good ' || i, 'Good' from generate_series(1, 40) i;
    insert into shop.measure (id, scale) values ('outside', -1);`,
  definitions: {
    'measures.yaml': `
index: measures
root: shop.measure
where: "10 / scale > 0"
fields:
  name: { expression: shop.checked(name) }
  share: { expression: 100 / parts }
  whole: { expression: amount::integer }
  made: { expression: made::integer }
`,
  },
  expected: {
    measures: `
      select id, coalesce(kept, jsonb_build_object('name', name, 'share', 100 / nullif(parts, 0), 'whole', amount, 'made', case when is_bad then null else made::integer end))
      from shop.measure where (not is_bad or kept is not null) and scale >= 0`,
  },
};

/** Rows of which no document can be made, and how that is said. None of their values may be. */
const unmade: readonly (readonly [id: string, columns: string, values: string, reason: RegExp])[] = [
  ['division', 'parts', '0', /division by zero \(SQLSTATE 22012\)$/],
  ['cast', 'made', `'secret'`, /cast to \(SQLSTATE 22P02\)$/],
  ['range', 'amount', '31415926535', /out of range \(SQLSTATE 22003\)$/],
  ['unsupported', 'amount', `'NaN'`, /\(SQLSTATE 0A000\)$/],
  ['raised', 'name', `'secret name'`, /PL\/pgSQL function raised it \(SQLSTATE P0001\)$/],
  ['where', 'scale', '0', /division by zero \(SQLSTATE 22012\)$/],
];
const ids = unmade.map(([id]) => id).sort();

async function insertUnmade({ admin }: Setting): Promise<void> {
  for (const [id, column, value] of unmade)
    await admin.query(`insert into shop.measure (id, ${column}, is_bad) values ('${id}', ${value}, true)`);
}

async function assertLetters(
  setting: Setting,
  service: Service,
  more: readonly string[] = [],
): Promise<void> {
  const letters = await readLetters(setting);
  assert.deepEqual([...letters.keys()].sort(), [...ids, ...more].sort());
  for (const [id, , , reason] of unmade) assert.match(letters.get(id)?.reason ?? '', reason);
  const said = [service.log, ...[...letters.values()].map(({ reason, type }) => `${type} ${reason}`)].join(
    '\n',
  );
  assert.doesNotMatch(said, /secret|31415926535/);
}

const good = { name: 'Good', share: 100, whole: null, made: null };

describe('rows of which no document can be made', () => {
  it('are set aside with the reason, each alone; the others go on, in a snapshot and in the stream', async (t) => {
    await using setting = await openSetting(t, { own: measures });
    const { admin } = setting;
    await insertUnmade(setting);
    await using service = setting.run({ SNAPSHOT_CHUNK_SIZE: '7' });
    await service.untilStreaming();
    await setting.assertConverged();
    await assertLetters(setting, service);
    await service.until(({ deadLetters }) => deadLetters['measures'] === ids.length);

    // In one batch with others; one has a document already, and keeps it.
    await admin.query(`
      update shop.measure set parts = 0, is_bad = true, kept = '${JSON.stringify(good)}' where id = 'good 5';
      update shop.measure set name = name || ', changed' where id <> 'good 5' and not is_bad`);
    await setting.assertConverged();
    await assertLetters(setting, service, ['good 5']);

    const dead = { deadLettered: [...ids, 'good 5'].sort() };
    for (const flags of [[], ['--repair']]) {
      const found = await verify(setting, ...flags);
      assert.equal(found.code, 0, found.stderr);
      assert.deepEqual(differing(found.of('measures')), dead);
      assert.equal(found.of('measures').rows, 46);
    }
    const retried = await setting.command(['dead-letters', 'retry']);
    assert.match(retried.stdout, /^7 dead letters, read again: 0 accepted or gone, 7 refused again$/m);
    const shown = await setting.command(['dead-letters', 'show', 'division']);
    assert.match(shown.stdout, /^by +sqlstate_22012$/m);

    for (const command of [['reindex'], ['snapshot', '--index', 'measures', '--where', 'parts >= 0']]) {
      const { code, stderr } = await setting.command(command);
      assert.equal(code, 0, `${command.join(' ')}: ${stderr}`);
    }
    // The index is another, which never had the document.
    await admin.query(`update shop.measure set kept = null where id = 'good 5'`);
    await setting.assertConverged();
    const partly = await setting.command(['snapshot', '--index', 'measures', '--where', '1 / scale > 0']);
    assert.equal(partly.code, 2);
    assert.match(partly.stderr, /PROJ_WHERE_INVALID: --where cannot be computed for a row: division by zero/);

    // They leave when their rows are mended, or gone.
    await admin.query(`
      delete from shop.measure where id = 'raised';
      update shop.measure set name = null, parts = 2, amount = 3, made = null, scale = 1, is_bad = false where is_bad`);
    await setting.assertConverged();
    assert.equal((await readLetters(setting)).size, 0);
    await service.stop();
  });

  it('stop the service where they are many, with the index and the reason', async (t) => {
    await using setting = await openSetting(t, { own: measures });
    const { admin } = setting;
    await using service = setting.run({ DEAD_LETTERS_PER_MINUTE: '5' });
    await service.untilStreaming();
    await admin.query(`update shop.measure set parts = 0 where id <> 'outside'`);
    assert.deepEqual(await service.ended, { code: 1, signal: null });
    assert.match(
      service.log,
      /PROJ_TOO_MANY_DEAD_LETTERS: .* the last of measures: .*division by zero \(SQLSTATE 22012\)/,
    );
    await admin.query(`update shop.measure set parts = 4`);
    await using next = setting.run();
    await setting.assertConverged();
    assert.equal((await readLetters(setting)).size, 0);
    await next.stop();
  });
});
