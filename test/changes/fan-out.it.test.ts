import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { peakMemoryMib } from '../../bench/bed/process-usage.ts';
import { waitFor } from '../support/wait.ts';
import type { OwnSchema } from '../service/support/own-schema.ts';
import { currentLsn, openSetting, type Setting } from '../service/support/setting.ts';

/** Documents that one row leads to. */
const ROOTS = Number(process.env['FAN_OUT_ROOTS'] ?? 10_000);
const TIMEOUT_MS = 60_000 + ROOTS;
const MAX_RESIDENT_MIB = 300;
/** So that a fan-out lasts for as long as it takes to meet other changes. */
const SLOW = { BATCH_SIZE: String(Math.ceil(ROOTS / 1_000)) };

/** Two hops from a region to its shops; and an index that has nothing to do with them. */
const mall: OwnSchema = {
  sql: `
    create schema mall;
    create table mall.region (id integer primary key, name text not null);
    create table mall.city (
      id integer primary key, name text not null, region_id integer not null references mall.region
    );
    create table mall.shop (id integer primary key, name text not null, city_id integer not null references mall.city);
    create table mall.note (id integer primary key, text text not null);
    create index on mall.city (region_id);
    create index on mall.shop (city_id, id);
    insert into mall.region values (1, 'North'), (2, 'South');
    insert into mall.city select i, 'City ' || i, 1 from generate_series(1, 100) i;
    insert into mall.city values (1000, 'Lone city', 2);
    insert into mall.shop select i, 'Shop ' || i, 1 + i % 100 from generate_series(1, ${ROOTS}) i;
    insert into mall.shop values (0, 'Lone shop', 1000);`,
  definitions: {
    'shops.yaml': `
index: shops
root: mall.shop
fields:
  name: name
  city: { one: city, fields: { name: name, region: { one: region, value: name } } }
`,
    'notes.yaml': `
index: notes
root: mall.note
fields: { text: text }
`,
  },
  expected: {
    shops: `
      select s.id::text, json_build_object(
        'name', s.name, 'city', json_build_object('name', c.name, 'region', r.name))
      from mall.shop s join mall.city c on c.id = s.city_id join mall.region r on r.id = c.region_id`,
    notes: `select id::text, json_build_object('text', text) from mall.note`,
  },
};

describe(`a row that ${ROOTS} documents show`, () => {
  it('lets other changes overtake, in bounded memory', async (t) => {
    await using setting = await openSetting(t, { own: mall });
    const { admin } = setting;
    await using service = setting.spawn(SLOW);
    await service.until(({ state }) => state === 'streaming', { timeoutMs: TIMEOUT_MS });
    await setting.covered();

    await admin.query(`update mall.region set name = 'Arctic' where id = 1`);
    await waitFor(async () => (await sourceOf(setting, 'shops', '1')).includes('Arctic'));
    await admin.query(`insert into mall.note values (1, 'Bread')`);
    await admin.query(`update mall.shop set name = 'Bakery' where id = ${ROOTS - 1}`);
    await admin.query(`update mall.city set name = 'Lonely city' where id = 1000`);
    for (const [index, id, word] of [
      ['notes', '1', 'Bread'],
      ['shops', String(ROOTS - 1), 'Bakery'],
      ['shops', '0', 'Lonely city'],
    ] as const) {
      await waitFor(async () => (await sourceOf(setting, index, id)).includes(word));
    }
    // The last in the fan-out's order.
    assert.match(await sourceOf(setting, 'shops', String(ROOTS)), /North/);

    await setting.assertConverged(TIMEOUT_MS);
    const peak = peakMemoryMib(service.pid);
    t.diagnostic(`${Math.round(peak)} MiB resident at most`);
    assert.ok(peak < MAX_RESIDENT_MIB, `${peak} MiB resident`);
    await service.stop();
  });

  it('is followed whole again after a crash in the middle', async (t) => {
    await using setting = await openSetting(t, { own: mall });
    const { admin } = setting;
    await using killed = setting.spawn({ ...SLOW, CHECKPOINT_INTERVAL_MS: '0' });
    await killed.untilStreaming();
    await setting.covered();
    await admin.query(`update mall.region set name = 'Arctic' where id = 1`);
    const end = await currentLsn(admin);
    // Later changes are durable long before; the resume point must not go past the fan-out for that.
    for (let id = 1; id <= 20; id++) {
      await admin.query(`insert into mall.note values ($1, 'Note')`, [id]);
      await waitFor(async () => (await sourceOf(setting, 'notes', String(id))).includes('Note'));
    }
    assert.ok(((await setting.checkpoint())?.lsn ?? 0n) < end);
    await killed.kill();
    assert.match(await sourceOf(setting, 'shops', String(ROOTS)), /North/);

    await using service = setting.run();
    await setting.assertConverged(TIMEOUT_MS);
    await service.stop();
  });

  it('is not followed once for each time that it changes', async (t) => {
    await using setting = await openSetting(t, { own: mall });
    const { admin } = setting;
    await using service = setting.run();
    await service.untilStreaming();
    await setting.covered();
    const before = await service.until(() => true);
    for (let time = 0; time < 200; time++) {
      await admin.query(`update mall.region set name = 'North ' || $1::int where id = 1`, [time]);
    }
    await setting.assertConverged(TIMEOUT_MS);
    const { written } = await service.until(() => true);
    assert.ok(written - before.written < 8 * ROOTS, `${written - before.written} documents written`);
    await service.stop();
  });
});

async function sourceOf(setting: Setting, index: string, id: string): Promise<string> {
  return JSON.stringify((await setting.document(index, id))?.source ?? null);
}
