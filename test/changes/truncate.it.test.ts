import assert from 'node:assert/strict';
import { it } from 'node:test';
import { randomOf } from '../../dev/load/random.ts';
import { seedRows } from '../service/support/edits.ts';
import { openSetting, type Setting } from '../service/support/setting.ts';

it('a TRUNCATE of any tables, however many and whatever comes with it, is in the documents', async (t) => {
  await using setting = await openSetting(t);
  const { admin } = setting;
  await admin.query('create table content.unread (id uuid primary key references content.genre_film_work)');
  await seedRows(admin, randomOf(1, 0));
  await using service = setting.run();
  await service.untilStreaming();
  await setting.assertConverged();

  for (const sql of [
    'truncate content.unread',
    // Far tables, whose links go with them.
    'truncate content.genre cascade',
    `begin;
     update content.film_work set title = 'before ' || title where title < 'S';
     truncate content.person cascade;
     insert into content.person (id, full_name) select gen_random_uuid(), 'Person ' || i from generate_series(1, 9) i;
     insert into content.person_film_work (film_work_id, person_id, role)
       select f.id, p.id, 'actor' from (select id from content.film_work limit 20) f, content.person p;
     savepoint s; truncate content.film_work cascade; rollback to s;
     commit`,
    `begin; truncate content.person_film_work; rollback`,
    // Several at once, of them a root, and rows that come after it under keys of before.
    `begin;
     create temporary table kept on commit drop as select id from content.film_work limit 30;
     truncate content.film_work, content.genre_film_work, content.person_film_work, content.unread;
     insert into content.film_work (id, title) select id, 'again' from kept;
     insert into content.person_film_work (film_work_id, person_id, role)
       select f.id, p.id, 'writer' from kept f, (select id from content.person limit 3) p;
     truncate content.unread;
     commit`,
    'truncate content.film_work, content.genre, content.person, content.genre_film_work, content.person_film_work, content.unread',
  ]) {
    await admin.query(sql);
    await setting.assertConverged();
  }
  assert.deepEqual(await countDocuments(setting), [0, 0, 0]);
  await service.stop();
});

async function countDocuments(setting: Setting): Promise<number[]> {
  const counts: number[] = [];
  for (const index of ['movies', 'genres', 'persons']) counts.push((await setting.documents(index)).length);
  return counts;
}
