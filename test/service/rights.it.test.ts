import assert from 'node:assert/strict';
import { it } from 'node:test';
import { openSetting } from './support/setting.ts';

it('a role without the rights to prepare Postgres is told the SQL', async (t) => {
  await using setting = await openSetting(t);
  const { admin, database } = setting;
  await admin.query(`drop publication ${database.name}`);
  await admin.query('alter table content.person_film_work replica identity default');
  await using service = setting.run();
  assert.deepEqual(await service.ended, { code: 3, signal: null });
  assert.match(service.log, /PROJ_PREFLIGHT/);
  assert.match(service.log, /create publication "?t_/);
  assert.match(service.log, /alter table .*person_film_work.* replica identity using index/);
  assert.equal(await setting.slot(), null);
});
