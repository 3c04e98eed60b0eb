import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { physicalIndexes } from './support/documents.ts';
import type { OwnSchema } from './support/own-schema.ts';
import { openSetting, type Setting } from './support/setting.ts';

/** Long enough for changes to be made meanwhile. */
const SLOW = { SNAPSHOT_CHUNK_SIZE: '20', SNAPSHOT_PARALLELISM: '1', SNAPSHOT_MAX_RATE: '60' };

const definition = (index: string, type = 'keyword'): string => `
index: ${index}
root: shop.item
fields: { name: name }
mappings: { properties: { name: { type: ${type} } } }
`;
const documents = `select id::text, jsonb_build_object('name', name) from shop.item`;
const own: OwnSchema = {
  sql: `
    create schema shop;
    create table shop.item (id int primary key, name text);
    insert into shop.item select i, 'Item ' || i from generate_series(1, 300) i`,
  definitions: { 'items.yaml': definition('items') },
  expected: { items: documents },
};

describe('an index', () => {
  it('misses nothing when its definition is changed, and changed back before the new one is complete', async (t) => {
    await using setting = await openSetting(t, { own });
    await following(setting, () => change(setting, 1));
    await setting.define({ definitions: { 'items.yaml': definition('items', 'text') } });
    await interrupted(setting);
    await setting.define({ definitions: { 'items.yaml': definition('items') } });
    await interrupted(setting);
    await setting.define({ definitions: { 'items.yaml': definition('items', 'text') } });
    await following(setting);
    assert.equal((await physicals(setting)).length, 1);
  });

  it('misses nothing while it has no definition', async (t) => {
    const both = { 'items.yaml': definition('items'), 'things.yaml': definition('things') };
    await using setting = await openSetting(t, { own: { ...own, definitions: both } });
    await following(setting);
    await setting.define({
      definitions: { 'things.yaml': definition('things') },
      expected: { things: documents },
    });
    await following(setting, () => change(setting, 2));
    await setting.define({ definitions: both, expected: { items: documents, things: documents } });
    await following(setting);
  });
});

let ordinal = 1;

/** Changes, deletes and adds rows, at the beginning and at the end. */
async function change({ admin }: Setting, by: number): Promise<void> {
  ordinal += by;
  await admin.query(`update shop.item set name = $1 where id in (2, 250)`, [`Changed ${ordinal}`]);
  await admin.query(`delete from shop.item where id in ($1, $2)`, [10 + ordinal, 290 - ordinal]);
  await admin.query(`insert into shop.item values ($1, 'New'), ($2, 'New')`, [-ordinal, 1_000 + ordinal]);
}

/** Runs the service until it has followed everything. */
async function following(setting: Setting, meanwhile?: () => Promise<void>): Promise<void> {
  await using service = setting.run();
  await service.untilStreaming();
  await meanwhile?.();
  await setting.assertConverged();
  await service.stop();
}

/** Runs the service, and stops it in the middle of a snapshot, when it has followed changes. */
async function interrupted(setting: Setting): Promise<void> {
  await using service = setting.run(SLOW);
  await service.until(({ written, state }) => state === 'snapshotting' && written >= 40);
  await change(setting, 1);
  await setting.covered();
  await service.until(({ state }) => state === 'snapshotting');
  await service.stop();
}

function physicals({ database }: Setting): Promise<string[]> {
  return physicalIndexes(database.elasticsearchUrl, `${database.indexPrefix}items`);
}
