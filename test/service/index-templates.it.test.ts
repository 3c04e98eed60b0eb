import assert from 'node:assert/strict';
import { it } from 'node:test';
import { items, itemsDefinition, physicals } from './support/items.ts';
import { openSetting } from './support/setting.ts';
import { clusterTemplate, settingsOf } from './support/templates.ts';

const CHANGING = [
  'refresh_interval',
  'number_of_replicas',
  'write.wait_for_active_shards',
  'search.idle.after',
];

for (const kind of ['_index_template', '_template'] as const) {
  it(`what an index template (${kind}) gives comes back after the build, and when the definition has its own no more`, async (t) => {
    await using setting = await openSetting(t, { own: items });
    await using template = clusterTemplate(setting, 'items', kind);
    const settings = {
      index: { refresh_interval: '7s', number_of_replicas: 2, 'search.idle.after': '9s' },
      'write.wait_for_active_shards': '1',
    };
    await template.put(kind === '_template' ? { settings } : { template: { settings } });
    const given = async (): Promise<unknown[]> => {
      const [physical = ''] = await physicals(setting);
      const found = await settingsOf(setting, physical);
      return CHANGING.map((name) => found[`index.${name}`]);
    };
    const following = async (): Promise<void> => {
      await using service = setting.run();
      await service.untilStreaming();
      await setting.assertConverged();
      await service.stop();
    };
    await following();
    assert.deepEqual(await given(), ['7s', '2', '1', '9s']);
    const own = itemsDefinition('items').concat(
      'settings: { refresh_interval: 3s, index.number_of_replicas: 0 }\n',
    );
    await setting.define({ definitions: { 'items.yaml': own } });
    await following();
    assert.deepEqual(await given(), ['3s', '0', '1', '9s']);
    await setting.define({ definitions: items.definitions });
    await following();
    assert.deepEqual(await given(), ['7s', '2', '1', '9s']);
  });
}
