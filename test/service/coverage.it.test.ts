import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { OwnSchema } from './support/own-schema.ts';
import { openSetting, type Setting } from './support/setting.ts';

describe('changes that were never sent are in the documents all the same', () => {
  it('when a table was taken out of the publication and put back while the service was stopped', async (t) => {
    await using setting = await openSetting(t);
    await insertFilms(setting);
    await using first = setting.run();
    await first.untilStreaming();
    await setting.covered();
    await first.stop();
    await changeUnpublished(setting);
    await using service = setting.run();
    await service.untilStreaming();
    await setting.assertConverged();
    await service.stop();
  });

  it('when that was while the service ran', async (t) => {
    await using setting = await openSetting(t);
    await insertFilms(setting);
    await using service = setting.run();
    await service.untilStreaming();
    await setting.covered();
    const { written } = await service.until(() => true);
    await changeUnpublished(setting);
    await service.until((status) => status.state === 'streaming' && status.written > written);
    await setting.assertConverged();
    await service.stop();
  });

  it('when a table was dropped and made again: the service asks for the publication to be mended', async (t) => {
    await using setting = await openSetting(t, { own });
    const { admin } = setting;
    await admin.query(`insert into shop.item select i, 'Item ' || i from generate_series(1, 20) i`);
    await using first = setting.run();
    await first.untilStreaming();
    await setting.covered();
    await admin.query(`drop table shop.item; ${own.sql.replace('create schema shop;', '')}`);
    await admin.query(`insert into shop.item select i, 'New ' || i from generate_series(10, 30) i`);
    assert.deepEqual(await first.ended, { code: 3, signal: null }, first.log);
    assert.match(first.log, /PROJ_PREFLIGHT/);

    const { code, stderr } = await setting.command(['init']);
    assert.equal(code, 0, stderr);
    await using service = setting.run();
    await service.untilStreaming();
    await setting.assertConverged();
    await service.stop();
  });
});

describe('projector snapshot', () => {
  it('removes a document without a row', async (t) => {
    await using setting = await openSetting(t);
    await insertFilms(setting);
    await using service = setting.run();
    await service.untilStreaming();
    await setting.covered();
    const { elasticsearchUrl, indexPrefix } = setting.database;
    const nobody = '00000000-0000-4000-8000-000000000001';
    const answer = await fetch(`${elasticsearchUrl}/${indexPrefix}movies/_doc/${nobody}`, {
      method: 'PUT',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ title: 'Nothing' }),
    });
    assert.equal(answer.status, 201, await answer.text());
    const { code, stderr } = await setting.command(['snapshot', '--index', 'movies']);
    assert.equal(code, 0, stderr);
    await setting.assertConverged();
    await service.stop();
  });
});

const own: OwnSchema = {
  sql: `create schema shop; create table shop.item (id integer primary key, name text)`,
  definitions: { 'items.yaml': 'index: items\nroot: shop.item\nfields: { id: id, name: name }\n' },
  expected: { items: `select id::text, json_build_object('id', id, 'name', name) from shop.item` },
};

async function insertFilms({ admin }: Setting): Promise<void> {
  await admin.query(
    `insert into content.film_work (title) select 'Film ' || i from generate_series(1, 50) i`,
  );
}

async function changeUnpublished({ admin, database }: Setting): Promise<void> {
  await admin.query(`alter publication ${database.name} drop table content.film_work`);
  await admin.query(`delete from content.film_work where title = 'Film 1'`);
  await admin.query(`update content.film_work set rating = 4 where title = 'Film 2'`);
  await admin.query(`insert into content.film_work (title) values ('Film 51')`);
  await admin.query(`alter publication ${database.name} add table content.film_work`);
}
