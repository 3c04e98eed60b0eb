import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { openSetting, type Setting } from './support/setting.ts';

describe('TRUNCATE', () => {
  for (const [what, statement, left] of [
    ['a link table', 'truncate content.person_film_work', 3],
    ['a far table with its links', 'truncate content.genre cascade', 3],
    ['the root', 'truncate content.film_work cascade', 0],
  ] as const) {
    it(`of ${what} reaches every document (invariant 11)`, async (t) => {
      await using setting = await openSetting(t);
      await insertFilms(setting);
      await using service = setting.run();
      await service.untilStreaming();
      await setting.assertConverged();
      // In one transaction with a row that stays.
      await setting.admin.query(
        `begin; ${statement}; insert into content.genre (name) values ('Noir'); commit`,
      );
      await setting.assertConverged();
      assert.equal((await setting.documents('movies')).length, left);
      await service.stop();
    });
  }
});

async function insertFilms({ admin }: Setting): Promise<void> {
  await admin.query(`
    insert into content.film_work (title) select 'Film ' || i from generate_series(1, 3) i;
    insert into content.person (full_name) select 'Person ' || i from generate_series(1, 3) i;
    insert into content.genre (name) select 'Genre ' || i from generate_series(1, 3) i;
    insert into content.person_film_work (film_work_id, person_id, role)
      select f.id, p.id, 'actor' from content.film_work f, content.person p;
    insert into content.genre_film_work (film_work_id, genre_id)
      select f.id, g.id from content.film_work f, content.genre g;
  `);
}
