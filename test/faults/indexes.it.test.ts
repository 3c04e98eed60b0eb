import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { randomOf } from '../../dev/load/random.ts';
import { seedRows } from '../service/support/edits.ts';
import { watchReadiness, type ReadinessWatch } from '../service/support/readiness.ts';
import type { Service } from '../service/support/service.ts';
import { openSetting, type Setting } from '../service/support/setting.ts';
import { startWriters } from '../service/support/writers.ts';
import { waitFor } from '../support/wait.ts';
import { assertRefuses, assertResyncMends } from './support/refusal.ts';

describe('an index that is changed by hand while the service runs', () => {
  it('is waited for while it takes no writes', async (t) => {
    await using setting = await openSeeded(t);
    await using ready = await watchReadiness(t);
    await using service = setting.run(ready.settings);
    await service.untilStreaming();
    await using writers = startWriters(setting.database, 2, 1);
    const blocks = ['index.blocks.write', 'index.blocks.read_only_allow_delete', 'index.blocks.read_only'];
    for (const block of blocks) {
      const physical = await servingIndex(setting);
      await ready.turns('an index is closed, or read-only', async (turned) => {
        await ask(setting, 'PUT', `${physical}/_settings`, { [block]: true });
        await writers.goOn(100);
        await setting.admin.query(`insert into content.film_work (title) values ('Stalker')`);
        await service.until(({ waits }) => waits['elasticsearch'], { what: `it to wait for ${block}` });
        await turned();
        await ask(setting, 'PUT', `${physical}/_settings`, { [block]: null });
      });
      await setting.assertConverged();
    }
    await service.stop();
  });

  it('is built anew when it was deleted, which is noticed though nothing changes', async (t) => {
    await using setting = await openSeeded(t);
    await using ready = await watchReadiness(t);
    await using service = setting.run(ready.settings);
    await service.untilStreaming();
    await setting.covered();
    await ready.turns('an index is deleted, or its alias moved', async () => {
      await ask(setting, 'DELETE', await servingIndex(setting));
      await assertMissing(service);
    });
    await assertBuiltAnew(setting, ready);
  });

  it('is served again when its alias was moved to another index', async (t) => {
    await using setting = await openSeeded(t);
    await using ready = await watchReadiness(t);
    await using service = setting.run(ready.settings);
    await service.untilStreaming();
    await setting.covered();
    const physical = await servingIndex(setting);
    const alias = `${setting.database.indexPrefix}movies`;
    const other = `${setting.database.indexPrefix}another`;
    await ask(setting, 'PUT', other, {});
    await ready.turns('an index is deleted, or its alias moved', async () => {
      await ask(setting, 'POST', '_aliases', {
        actions: [{ remove: { index: physical, alias } }, { add: { index: other, alias } }],
      });
      await assertMissing(service);
    });
    await assertBuiltAnew(setting, ready);
    assert.notEqual(await servingIndex(setting), other);
  });

  it('is refused when it was restored from an older copy', async (t) => {
    await using setting = await openSeeded(t);
    await using service = setting.spawn();
    await service.untilStreaming();
    await setting.covered();
    const restore = await copyIndex(setting, await servingIndex(setting));
    await setting.admin.query(`update content.film_work set rating = 3`);
    await setting.covered();
    // A restore deletes it first, and that is another fault.
    service.signal('SIGSTOP');
    await restore();
    await assertRefuses(setting, service, () => Promise.resolve(service.signal('SIGCONT')));
    await assertResyncMends(setting);
  });

  it('is refused when it was restored from an older copy while the service was stopped', async (t) => {
    await using setting = await openSeeded(t);
    await using first = setting.run();
    await first.untilStreaming();
    await setting.covered();
    const restore = await copyIndex(setting, await servingIndex(setting));
    await setting.admin.query(`update content.film_work set rating = 3`);
    await setting.covered();
    await first.stop();
    await restore();
    await using service = setting.run();
    await assertRefuses(setting, service);
    await assertResyncMends(setting);
  });
});

async function openSeeded(t: TestContext): Promise<Setting> {
  const setting = await openSetting(t);
  await seedRows(setting.admin, randomOf(1, 0));
  return setting;
}

async function assertMissing(service: Service): Promise<void> {
  assert.deepEqual(await service.ended, { code: 1, signal: null }, service.log);
  assert.match(service.log, /PROJ_INDEX_MISSING/);
}

async function assertBuiltAnew(setting: Setting, ready: ReadinessWatch): Promise<void> {
  await using next = setting.run(ready.settings);
  await next.untilStreaming();
  await ready.isReady();
  await setting.assertConverged();
  await next.stop();
}

/** The one index that the alias of the films leads to. */
async function servingIndex(setting: Setting): Promise<string> {
  const found = await ask(setting, 'GET', `_alias/${setting.database.indexPrefix}movies`);
  const [physical, ...others] = Object.keys(found);
  assert.ok(physical !== undefined && others.length === 0, JSON.stringify(found));
  return physical;
}

interface CopiedIndex {
  readonly aliases: object;
  readonly mappings: object;
  readonly settings: { readonly index: { readonly analysis?: object } };
}

/** Remembers an index with its documents. What it gives puts them back as a restore does: same name, another index. */
async function copyIndex(setting: Setting, physical: string): Promise<() => Promise<void>> {
  const found = (await ask(setting, 'GET', physical)) as Record<string, CopiedIndex>;
  const { aliases, mappings, settings } = found[physical] ?? {};
  const documents = await setting.documents('movies');
  return async () => {
    await ask(setting, 'DELETE', physical);
    await ask(setting, 'PUT', physical, {
      aliases,
      mappings,
      settings: { analysis: settings?.index.analysis },
    });
    await Promise.all(
      documents.map(({ id, version, source }) =>
        ask(setting, 'PUT', `${physical}/_doc/${id}?version=${version}&version_type=external_gte`, source),
      ),
    );
    await waitFor(async () => (await setting.documents('movies')).length === documents.length);
  };
}

async function ask({ database }: Setting, method: string, path: string, body?: unknown): Promise<object> {
  const response = await fetch(`${database.elasticsearchUrl}/${path}`, {
    method,
    ...(body !== undefined && {
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    }),
  });
  const text = await response.text();
  assert.ok(response.ok, `${method} ${path}: ${response.status} ${text}`);
  return JSON.parse(text) as object;
}
