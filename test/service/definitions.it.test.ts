import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  anotherType,
  changeItems,
  itemDocuments,
  items,
  itemsDefinition,
  physicals,
  serving,
  SLOW_SNAPSHOT,
} from './support/items.ts';
import { openSetting, type Setting } from './support/setting.ts';

describe('an index', () => {
  it('misses nothing when its definition is changed, and changed back before the new one is complete', async (t) => {
    await using setting = await openSetting(t, { own: items });
    await following(setting, () => changeItems(setting, 1));
    const before = await serving(setting);
    await setting.define({ definitions: anotherType });
    await interrupted(setting, 2);
    await setting.define({ definitions: items.definitions });
    assert.doesNotMatch(await following(setting, () => changeItems(setting, 3)), /snapshot begins/);
    assert.deepEqual(await physicals(setting), before);
    await setting.define({ definitions: anotherType });
    await interrupted(setting, 4);
    await following(setting);
    assert.equal((await physicals(setting)).length, 1);
    assert.notDeepEqual(await physicals(setting), before);
  });

  it('takes a new field and a setting while it serves', async (t) => {
    await using setting = await openSetting(t, { own: items });
    await following(setting);
    const before = await physicals(setting);
    const more = itemsDefinition('items')
      .replace('name: name', 'name: name, id: id')
      .replace('properties: {', 'properties: { id: { type: integer },')
      .concat('settings: { max_result_window: 20000 }\n');
    await setting.define({
      definitions: { 'items.yaml': more },
      expected: { items: `select id::text, jsonb_build_object('name', name, 'id', id) from shop.item` },
    });
    const { stdout } = await setting.command(['check']);
    assert.match(
      stdout,
      /takes the change while it serves; every document is read again\n {2}the field id is new/,
    );
    await interrupted(setting, 1);
    await following(setting, () => changeItems(setting, 2));
    assert.deepEqual(await physicals(setting), before);
    const settings = await ask(setting, `${before[0] ?? ''}/_settings`);
    assert.match(settings, /"max_result_window":"20000"/);
    assert.doesNotMatch(await following(setting), /snapshot begins/);
  });

  it('goes on by the definition that it was made from where it is set to', async (t) => {
    const keep = { DEFINITION_CHANGED: 'keep' };
    await using setting = await openSetting(t, { own: items });
    await following(setting);
    const before = await serving(setting);
    const changed = anotherType['items.yaml'].replace('name: name', 'name: { expression: upper(name) }');
    await setting.define({ definitions: { 'items.yaml': changed } });
    assert.match(
      (await setting.command(['check'])).stdout,
      /is built anew beside .*\n {2}the field name is made/,
    );
    const log = await following(setting, () => changeItems(setting, 1), keep);
    assert.match(log, /its definition has changed: it goes on by the definition that it was made from/);
    assert.deepEqual(await serving(setting), before);

    await using service = setting.run(keep);
    await service.untilStreaming();
    const verified = await setting.command(['verify'], keep);
    assert.equal(verified.code, 0, verified.stderr);
    const { code, stderr } = await setting.command(['reindex'], keep);
    assert.equal(code, 0, stderr);
    await setting.define({
      expected: { items: `select id::text, jsonb_build_object('name', upper(name)) from shop.item` },
    });
    await setting.assertConverged();
    await service.stop();
  });

  it('misses nothing while it has no definition', async (t) => {
    const both = { 'items.yaml': itemsDefinition('items'), 'things.yaml': itemsDefinition('things') };
    await using setting = await openSetting(t, { own: { ...items, definitions: both } });
    await following(setting);
    await setting.define({
      definitions: { 'things.yaml': itemsDefinition('things') },
      expected: { things: itemDocuments },
    });
    await following(setting, () => changeItems(setting, 2));
    await setting.define({ definitions: both, expected: { items: itemDocuments, things: itemDocuments } });
    await following(setting);
  });
});

/** Runs the service until it has followed everything; gives its log. */
async function following(
  setting: Setting,
  meanwhile?: () => Promise<void>,
  settings: Readonly<Record<string, string>> = {},
): Promise<string> {
  await using service = setting.run(settings);
  await service.untilStreaming();
  await meanwhile?.();
  await setting.assertConverged();
  await service.stop();
  return service.log;
}

/** Runs the service, and stops it in the middle of a snapshot, when it has followed changes. */
async function interrupted(setting: Setting, ordinal: number): Promise<void> {
  await using service = setting.run(SLOW_SNAPSHOT);
  await service.until(({ written, state }) => state === 'snapshotting' && written >= 40);
  await changeItems(setting, ordinal);
  await setting.covered();
  await service.until(({ state }) => state === 'snapshotting');
  await service.stop();
}

async function ask({ database }: Setting, path: string): Promise<string> {
  return (await fetch(`${database.elasticsearchUrl}/${path}`)).text();
}
