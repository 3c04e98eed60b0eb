import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { peakMemoryMib } from '../../bench/bed/process-usage.ts';
import type { ServiceStatus } from '../../src/service/status.ts';
import type { OwnSchema } from '../service/support/own-schema.ts';
import { openSetting } from '../service/support/setting.ts';
import { waitFor } from '../support/wait.ts';

/** Rows that one transaction changes, over a tenth as many documents. */
const ROWS = Number(process.env['TRANSACTION_ROWS'] ?? 100_000);
const TIMEOUT_MS = 60_000 + ROWS / 2;
const MAX_RESIDENT_MIB = 300;
/** What a transaction touches first is not held back: it may be a small one. */
const FIRST = 1_000;

const depot: OwnSchema = {
  sql: `
    create schema depot;
    create table depot.shelf (id integer primary key, label text not null);
    create table depot.part (
      id integer, shelf_id integer references depot.shelf on delete cascade, weight integer, primary key (shelf_id, id)
    )`,
  definitions: {
    'shelves.yaml': `
index: shelves
root: depot.shelf
fields: { label: label, parts: { many: part, value: weight, order: [value] } }
`,
  },
  expected: {
    shelves: `
      select s.id::text, json_build_object('label', s.label, 'parts', coalesce(p.weights, '[]'))
      from depot.shelf s
      left join (select shelf_id, json_agg(weight order by weight) as weights from depot.part group by shelf_id) p
        on p.shelf_id = s.id`,
  },
};

describe('a transaction', () => {
  it(`of ${ROWS} rows takes bounded memory, and has each document written once`, async (t) => {
    await using setting = await openSetting(t, { own: depot });
    const { admin } = setting;
    await using service = setting.spawn();
    await service.untilStreaming();
    await admin.query(
      `insert into depot.shelf select i, 'Shelf ' || i from generate_series(0, ${ROWS / 10 - 1}) i`,
    );
    await setting.assertConverged(TIMEOUT_MS);
    const idleAfter = (count: number): Promise<ServiceStatus> =>
      service.until(
        ({ changes, pendingIds, batchesInFlight }) =>
          changes >= count && pendingIds === 0 && batchesInFlight === 0,
      );
    const before = await idleAfter(ROWS / 10);
    // The rows of a shelf lie far from each other.
    await admin.query(
      `insert into depot.part select i, i % (${ROWS} / 10), i % 1000 from generate_series(1, ${ROWS}) i`,
    );
    await setting.assertConverged(TIMEOUT_MS);
    const written = (await idleAfter(before.changes + ROWS)).written - before.written;
    const isOnce = written >= ROWS / 10 && written <= ROWS / 10 + FIRST;
    assert.ok(isOnce, `${written} documents were written`);
    const peak = peakMemoryMib(service.pid);
    t.diagnostic(`${Math.round(peak)} MiB resident at most`);
    assert.ok(peak < MAX_RESIDENT_MIB, `${peak} MiB resident`);
    await service.stop();
  });

  it('of more documents than may wait goes on where nothing else is under way', async (t) => {
    await using setting = await openSetting(t, { own: depot });
    const { admin } = setting;
    await admin.query(`insert into depot.shelf select i, 'Shelf ' || i from generate_series(0, 1500) i`);
    await using service = setting.run({ MAX_PENDING: '500' });
    await service.untilStreaming();
    await setting.assertConverged();
    // The first shelf is written long before the others come.
    await admin.query(`
      begin;
      insert into depot.part select i, 0, 1 from generate_series(1, 60000) i;
      delete from depot.part;
      insert into depot.part select 0, i, 1 from generate_series(1, 1500) i;
      commit`);
    await setting.assertConverged();
    await service.stop();
  });

  it('counts for what it commits, savepoints and blocks that fail among it', async (t) => {
    await using setting = await openSetting(t, { own: depot });
    const { admin } = setting;
    await using service = setting.run();
    await service.untilStreaming();
    await admin.query(`
      insert into depot.shelf select i, 'Shelf ' || i from generate_series(1, 50) i;
      insert into depot.part select i, i, i from generate_series(1, 50) i`);
    for (const sql of [
      'begin; commit',
      'begin; select pg_current_xact_id(); commit',
      'begin; create table depot.nothing (); drop table depot.nothing; commit',
      `begin; update depot.shelf set label = 'never'; rollback`,
      `begin;
       update depot.shelf set label = 'kept' where id = 1;
       savepoint a; update depot.shelf set label = 'undone' where id < 5; insert into depot.shelf values (60, 'undone');
       savepoint b; delete from depot.shelf where id = 2; release b;
       rollback to a; update depot.part set shelf_id = 9 where id = 8;
       savepoint c; delete from depot.shelf where id = 3; release c;
       commit`,
      // A subtransaction a row, each second of which fails.
      `do $$ begin
         for i in 10..40 loop
           begin
             update depot.part set weight = -i where id = i;
             insert into depot.part values (i, case when i % 2 = 0 then i + 1 else -1 end, 0);
           exception when foreign_key_violation then null;
           end;
         end loop;
       end $$`,
    ]) {
      await admin.query(sql);
      await setting.assertConverged();
    }
    await service.stop();
  });

  it('in two phases counts once it is committed, and holds nothing up until then', async (t) => {
    await using setting = await openSetting(t, { own: depot });
    const { admin, database } = setting;
    await admin.query(`insert into depot.shelf select i, 'Shelf ' || i from generate_series(1, 50) i`);
    await using service = setting.spawn();
    await service.untilStreaming();
    await setting.assertConverged();
    const [kept, undone] = [`${database.name}_kept`, `${database.name}_undone`];
    await admin.query(`
      begin; update depot.shelf set label = 'first' where id = 1; delete from depot.shelf where id = 2;
      prepare transaction '${kept}'`);
    await admin.query(
      `begin; update depot.shelf set label = 'never' where id = 3; prepare transaction '${undone}'`,
    );
    await admin.query(`update depot.shelf set label = 'meanwhile' where id = 4`);
    await waitFor(async () =>
      JSON.stringify((await setting.document('shelves', '4'))?.source).includes('meanwhile'),
    );
    await setting.assertConverged();
    // What is prepared outlives the service, too.
    await service.kill();
    await admin.query(`update depot.shelf set label = 'later' where id = 5`);
    await using next = setting.run();
    await setting.assertConverged();
    await admin.query(`commit prepared '${kept}'`);
    await admin.query(`rollback prepared '${undone}'`);
    await setting.assertConverged();
    assert.equal(await setting.document('shelves', '2'), null);
    await next.stop();
  });
});
