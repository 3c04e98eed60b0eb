import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { changeItems, items } from './support/items.ts';
import { writeByHand } from './support/by-hand.ts';
import { watchReadiness } from './support/readiness.ts';
import { openSetting } from './support/setting.ts';

describe('projector pause', () => {
  it('has the service hold the slot and write nothing, through a restart, until it is resumed', async (t) => {
    await using setting = await openSetting(t, { own: items });
    await using service = setting.run();
    await service.untilStreaming();
    await changeItems(setting, 1);
    const paused = await setting.command(['pause']);
    assert.equal(paused.code, 0, paused.stderr);
    // What was committed before is in, or comes when it goes on.
    const before = await setting.documents('items');
    await changeItems(setting, 2);
    const { waits, reasons, pausedSince } = await service.until(
      ({ state, waits: { pause } }) => state === 'paused' && pause,
    );
    assert.deepEqual(
      reasons.map(({ reason }) => reason),
      ['paused'],
    );
    assert.notEqual(pausedSince, null);
    assert.match(waits['pause'] ?? '', /keeps [\d.]+ MiB of WAL/);
    assert.notEqual((await setting.slot())?.activePid ?? null, null);
    const refused = await setting.command(['snapshot']);
    assert.equal(refused.code, 1);
    assert.match(refused.stderr, /PROJ_PAUSED/);
    await service.stop();

    await using next = setting.run();
    const { indexes } = await next.until(({ state }) => state === 'paused');
    assert.deepEqual(Object.keys(indexes), ['items']);
    assert.match((await setting.command(['status'])).stdout, /paused {5}since \d{4}-.* \(projector resume\)/);
    assert.deepEqual(await setting.documents('items'), before);
    const resumed = await setting.command(['resume']);
    assert.equal(resumed.code, 0, resumed.stderr);
    await next.untilStreaming();
    await setting.assertConverged();
    await next.stop();
  });

  it('pauses the next service where none runs', async (t) => {
    await using setting = await openSetting(t, { own: items });
    assert.equal((await setting.command(['pause'])).code, 0);
    await using ready = await watchReadiness(t);
    await using service = setting.run(ready.settings);
    await service.until(({ state }) => state === 'paused');
    await ready.turns('it is paused', async () => {
      assert.equal((await setting.command(['resume'])).code, 0);
    });
    await service.untilStreaming();
    await setting.assertConverged();
    await service.stop();
  });
});

describe('projector snapshot --where', () => {
  it('reads the documents of some rows again, and those alone', async (t) => {
    await using setting = await openSetting(t, { own: items });
    await using service = setting.run();
    await service.untilStreaming();
    await setting.covered();
    for (const id of ['7', '8']) await writeByHand(setting, 'items', id, { name: 'by hand' });
    const part = (where: string): ReturnType<typeof setting.command> =>
      setting.command(['snapshot', '--index', 'items', '--where', where]);
    const { code, stderr } = await part('id between 1 and 7');
    assert.equal(code, 0, stderr);
    assert.match(stderr, /7 of 7/);
    assert.deepEqual((await setting.document('items', '7'))?.source, { name: 'Item 7' });
    assert.deepEqual((await setting.document('items', '8'))?.source, { name: 'by hand' });
    for (const where of ['nmae is null', 'id < random()', 'id in (select 1)', 'true) or (true', 'id']) {
      const wrong = await part(where);
      assert.equal(wrong.code, 2, where);
      assert.match(wrong.stderr, /PROJ_WHERE_INVALID/);
    }
    await service.stop();

    // Without a service.
    assert.equal((await part('id = 8')).code, 0);
    await using next = setting.run();
    await next.untilStreaming();
    await setting.assertConverged();
    await next.stop();
  });
});
