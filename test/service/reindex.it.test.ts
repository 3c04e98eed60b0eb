import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createReindexStore, type Reindex } from '../../src/service/reindexes.ts';
import { waitFor } from '../support/wait.ts';
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
import { openSearcher } from './support/searcher.ts';
import { PATIENCE_MS, type Service } from './support/service.ts';
import { openSetting, type Setting } from './support/setting.ts';

describe('projector reindex', () => {
  it('builds another index under edits, while searches never fail nor see it half filled', async (t) => {
    await using setting = await openSetting(t, { own: items });
    await using service = setting.run(SLOW_SNAPSHOT);
    await service.untilStreaming();
    const before = await serving(setting);
    await using searcher = openSearcher(setting, 'items');
    await setting.define({ definitions: anotherType });
    const state = { isDone: false };
    const command = setting.command(['reindex']).finally(() => (state.isDone = true));
    for (let ordinal = 1; ordinal < 100 && !state.isDone; ordinal++) {
      await changeItems(setting, ordinal);
      await setting.covered();
    }
    const { code, stdout, stderr } = await command;
    assert.equal(code, 0, stderr);
    assert.match(stderr, /of 300/);
    assert.match(stdout, /is .*items-\S+ now: [\d,]+ documents of [\d,]+ rows; .* is gone/);

    assert.notDeepEqual(await serving(setting), before);
    assert.deepEqual(await physicals(setting), await serving(setting));
    await setting.assertConverged();
    const { searches, fewest, failures } = await searcher.end();
    assert.deepEqual(failures, []);
    // A change deletes two rows before it adds two.
    assert.ok(searches > 20 && fewest >= 290, `${searches} searches found ${fewest} documents at least`);
    await service.stop();
  });

  it('goes on after kill -9 of the service, where it was', async (t) => {
    await using setting = await openSetting(t, { own: items });
    await using service = setting.spawn(SLOW_SNAPSHOT);
    await service.untilStreaming();
    const command = setting.command(['reindex']);
    const building = await half(setting, service);
    await changeItems(setting, 1);
    await service.kill();
    await changeItems(setting, 2);
    await using next = setting.run(SLOW_SNAPSHOT);
    await next.untilStreaming();
    assert.deepEqual(await serving(setting), [building]);
    assert.deepEqual(await physicals(setting), [building]);
    assert.equal((await reindexOf(setting))?.state, 'done');
    await setting.assertConverged();
    await command;
    await next.stop();
  });

  it('is given up by --cancel, and the index that serves has missed nothing', async (t) => {
    await using setting = await openSetting(t, { own: items });
    await setting.admin.query('create table shop.all as table shop.item; truncate shop.item');
    // Long enough for two commands meanwhile.
    await using service = setting.run({ ...SLOW_SNAPSHOT, SNAPSHOT_MAX_RATE: '15' });
    await service.untilStreaming();
    await setting.admin.query('insert into shop.item table shop.all');
    await setting.covered();
    const before = await serving(setting);
    await setting.define({ definitions: anotherType });
    const command = setting.command(['reindex']);
    await half(setting, service);
    const { reasons, indexes } = await service.until(({ indexes: { items: one } }) => one?.replaces);
    assert.deepEqual([indexes['items']?.replaces, indexes['items']?.isComplete], [before[0], true]);
    // What is searched is complete.
    assert.ok(!reasons.some(({ reason }) => reason === 'snapshotting'), JSON.stringify(reasons));
    await changeItems(setting, 1);
    assert.match((await setting.command(['reindex'])).stderr, /PROJ_REINDEX_REFUSED/);
    const cancelled = await setting.command(['reindex', '--cancel']);
    assert.equal(cancelled.code, 0, cancelled.stderr);
    const { code, stderr } = await command;
    assert.equal(code, 1);
    assert.match(stderr, /PROJ_REINDEX_ENDED.*cancelled/);

    await service.untilStreaming();
    await changeItems(setting, 2);
    await setting.assertConverged();
    assert.deepEqual(await serving(setting), before);
    assert.deepEqual(await physicals(setting), before);
    // By the definition that it was made from, which is not read again at every start.
    assert.equal(service.log.match(/snapshot begins/g)?.length, 2);
    const verified = await setting.command(['verify']);
    assert.equal(verified.code, 0, verified.stderr);
    await service.stop();
  });

  it('takes in a definition that is new, and refuses one that is wrong, while the service goes on', async (t) => {
    await using setting = await openSetting(t, { own: items });
    await using service = setting.run();
    await service.untilStreaming();
    const before = await serving(setting);
    const wrong = itemsDefinition('things').replace('name: name', 'name: nmae');
    await setting.define({ definitions: { ...items.definitions, 'things.yaml': wrong } });
    const { code, stderr } = await setting.command(['reindex', '--index', 'things']);
    assert.equal(code, 2);
    assert.match(stderr, /PROJ_DEFINITION_UNKNOWN_NAME.*nmae/s);
    const untaken = itemsDefinition('things', { type: 'nothing' });
    await setting.define({ definitions: { ...items.definitions, 'things.yaml': untaken } });
    const declined = await setting.command(['reindex', '--index', 'things']);
    assert.match(declined.stderr, /PROJ_INDEX_REFUSED: .*things\.yaml:6:35: .*nothing/);
    await setting.define({
      definitions: { ...items.definitions, 'things.yaml': itemsDefinition('things') },
      expected: { ...items.expected, things: itemDocuments },
    });
    const added = await setting.command(['reindex', '--index', 'things']);
    assert.equal(added.code, 0, added.stderr);
    await changeItems(setting, 1);
    await setting.assertConverged();
    assert.deepEqual(await serving(setting), before);
    await service.stop();
  });

  it('gives up a definition that fails for very many rows, and the service stays up', async (t) => {
    await using setting = await openSetting(t, { own: items });
    await using service = setting.run();
    await service.untilStreaming();
    const before = await serving(setting);
    const wrongs = [
      items.definitions['items.yaml']?.replace(
        'name: name',
        'name: { expression: "(100 / (id / 200))::text" }',
      ),
      itemsDefinition('items', { type: 'integer' }),
    ];
    for (const wrong of wrongs) {
      await setting.define({ definitions: { 'items.yaml': wrong ?? '' } });
      const { code, stderr } = await setting.command(['reindex']);
      assert.equal(code, 1);
      assert.match(stderr, /PROJ_REINDEX_ENDED.*(SQLSTATE 22012|mapper|parsing)/);
      await service.untilStreaming();
      await setting.assertConverged();
      assert.deepEqual(await physicals(setting), before);
    }
    await service.stop();
  });

  it('works where no service runs, and leaves the old index by --keep', async (t) => {
    await using setting = await openSetting(t, { own: items });
    {
      await using service = setting.run();
      await service.untilStreaming();
      await service.stop();
    }
    const before = await serving(setting);
    await changeItems(setting, 1);
    const { code, stdout, stderr } = await setting.command(['reindex', '--keep']);
    assert.equal(code, 0, stderr);
    assert.match(stdout, /is kept/);
    const after = await serving(setting);
    assert.notDeepEqual(after, before);
    assert.deepEqual(await physicals(setting), [...before, ...after]);
    await using next = setting.run();
    await next.untilStreaming();
    await changeItems(setting, 2);
    await setting.assertConverged();
    assert.deepEqual(await physicals(setting), [...before, ...after]);
    await next.stop();
  });
});

/** Waits until the new index is half filled, and gives its name. */
async function half(setting: Setting, service: Service): Promise<string> {
  const { physical } = await waitFor(
    async () => {
      const reindex = await reindexOf(setting);
      return reindex?.state === 'running' && reindex.physical !== null && reindex;
    },
    { timeoutMs: PATIENCE_MS },
  );
  const { written } = await service.until(({ state }) => state === 'snapshotting');
  await service.until((status) => status.state === 'snapshotting' && status.written >= written + 40);
  return physical ?? '';
}

function reindexOf({ redis, database }: Setting): Promise<Reindex | null> {
  return createReindexStore(redis, database.name).read('items');
}
