import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { escapeLiteral } from 'pg';
import { items, physicals } from './support/items.ts';
import { openDefinitionsFolder } from './support/own-schema.ts';
import { openSetting, type Setting } from './support/setting.ts';
import { waitFor } from '../support/wait.ts';

describe('an index that is not ours', () => {
  it('is refused by check and run, which leave nothing, and stays through teardown', async (t) => {
    await using setting = await openSetting(t, { own: items });
    const { indexPrefix, name } = setting.database;
    // An index of our alias's name, and one of our dead letters' name, which is met only once the slot is made.
    for (const [index, checks] of [
      [`${indexPrefix}items`, 3],
      [`${indexPrefix}${name}-dead-letters`, 0],
    ] as const) {
      await ask(setting, 'POST', `${index}/_doc?refresh`, { precious: 1 });
      const checked = await setting.command(['check']);
      assert.equal(checked.code, checks, checked.stdout);
      if (checks > 0) assert.match(checked.stderr, new RegExp(`PROJ_INDEX_FOREIGN: .*${index}`));
      await using service = setting.run();
      assert.deepEqual(await service.ended, { code: 3, signal: null }, service.log);
      assert.match(service.log, new RegExp(`PROJ_INDEX_FOREIGN: .*${index}`));
      assert.equal(await setting.slot(), null);
      assert.equal(await setting.checkpoint(), null);
      assert.deepEqual(await physicals(setting), []);
      assert.equal((await setting.command(['teardown', '--yes'])).code, 0);
      assert.match(await ask(setting, 'GET', `${index}/_count`), /"count":1,/);
      await ask(setting, 'DELETE', index);
      assert.equal((await setting.command(['init'])).code, 0);
    }
    await using service = setting.run();
    await service.untilStreaming();
    await setting.assertConverged();
    await service.stop();
  });

  it('is deleted by a run with ES_SHOULD_DROP_INDEX=TRUE, which check says, where it has our name', async (t) => {
    await using setting = await openSetting(t, { own: items });
    const drop = { ES_SHOULD_DROP_INDEX: 'TRUE' };
    await ask(setting, 'POST', `${setting.database.indexPrefix}items/_doc?refresh`, { precious: 1 });
    const checked = await setting.command(['check'], drop);
    assert.equal(checked.code, 0, checked.stderr);
    assert.match(checked.stdout, /which no projector made, is deleted \(ES_SHOULD_DROP_INDEX\)/);
    await using service = setting.run(drop);
    await service.untilStreaming();
    await setting.assertConverged();
    await service.stop();
  });

  it('is a copy of an index of ours that somebody has made under another name', async (t) => {
    await using setting = await openSetting(t, { own: items });
    await followed(setting);
    const [physical = ''] = await physicals(setting);
    const copied = JSON.parse(await ask(setting, 'GET', `${physical}/_mapping`)) as Record<string, object>;
    const copy = `${setting.database.indexPrefix}items-copy`;
    await ask(setting, 'PUT', copy, copied[physical]);
    await followed(setting);
    assert.equal((await setting.command(['teardown', '--yes'])).code, 0);
    assert.deepEqual(await physicals(setting), [copy]);
  });
});

describe('projector teardown', () => {
  it('needs no definitions, may be given twice, and is refused while the service runs', async (t) => {
    await using setting = await openSetting(t, { own: items });
    await using folder = await openDefinitionsFolder();
    await folder.write({ 'broken.yaml': 'index: [' });
    await using service = setting.run();
    await service.untilStreaming();
    const refused = await setting.command(['teardown', '--yes']);
    assert.equal(refused.code, 6, refused.stdout);
    assert.match(refused.stderr, /PROJ_SLOT_BUSY/);
    await setting.assertConverged();
    await service.stop();
    await released(setting);
    for (const DEFINITIONS_DIR of [folder.path, `${folder.path}/absent`]) {
      const { code, stderr } = await setting.command(['teardown', '--yes'], { DEFINITIONS_DIR });
      assert.equal(code, 0, stderr);
      assert.equal(await setting.slot(), null);
      assert.deepEqual(await setting.redis.keys(`projector:${setting.database.name}:*`), []);
      const { indexPrefix } = setting.database;
      assert.equal(await ask(setting, 'GET', `_cat/indices/${indexPrefix}*?expand_wildcards=all`), '');
    }
  });

  it('leaves what its role may not drop, with the SQL for it, and removes all else', async (t) => {
    await using setting = await openSetting(t, { own: items });
    await followed(setting);
    await released(setting);
    const { admin, database, redis } = setting;
    const owner = `${database.name}_owner`;
    const url = new URL(database.adminUrl);
    await admin.query(
      `create role ${owner} login password ${escapeLiteral(decodeURIComponent(url.password))}`,
    );
    url.username = owner;
    try {
      const asOwner = { ADMIN_DATABASE_URL: url.href };
      const { code, stderr } = await setting.command(['teardown', '--yes'], asOwner);
      assert.equal(code, 1, stderr);
      assert.match(stderr, /PROJ_TEARDOWN_INCOMPLETE: .*slot .* and the publication/);
      assert.deepEqual(await physicals(setting), []);
      assert.deepEqual(await redis.keys(`projector:${database.name}:*`), []);
      const statements = stderr.split('\n').filter((line) => line.endsWith(';'));
      assert.equal(statements.length, 2, stderr);
      for (const statement of statements) await admin.query(statement);
      assert.equal(await setting.slot(), null);
      assert.equal((await setting.command(['teardown', '--yes'], asOwner)).code, 0);
    } finally {
      await admin.query(`drop role ${owner}`);
    }
  });
});

async function followed(setting: Setting): Promise<void> {
  await using service = setting.run();
  await service.untilStreaming();
  await setting.assertConverged();
  await service.stop();
}

/** Postgres may notice a little later that the service has gone. */
async function released(setting: Setting): Promise<void> {
  await waitFor(async () => (await setting.slot())?.activePid === null);
}

async function ask({ database }: Setting, method: string, path: string, body?: unknown): Promise<string> {
  const response = await fetch(`${database.elasticsearchUrl}/${path}`, {
    method,
    ...(body !== undefined && {
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    }),
  });
  const text = await response.text();
  assert.ok(response.ok, `${method} ${path}: ${response.status} ${text}`);
  return text;
}
