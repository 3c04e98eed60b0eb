import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { sharedServers } from '../support/shared-servers.ts';
import { waitFor } from '../support/wait.ts';
import { writeByHand } from './support/by-hand.ts';
import { openHeldElasticsearch } from './support/held-elasticsearch.ts';
import { openSetting, type Setting } from './support/setting.ts';

describe('after a TRUNCATE', () => {
  it('of a link table, its links are gone from the documents', async (t) => {
    await using setting = await openSetting(t);
    await insertLinkedFilms(setting);
    await using service = setting.run();
    await service.untilStreaming();
    await setting.assertConverged();
    await setting.admin.query('truncate content.person_film_work');
    await setting.assertConverged();
    await service.stop();
  });

  it('of the root, its documents are gone', async (t) => {
    await using setting = await openSetting(t);
    await insertLinkedFilms(setting);
    await using service = setting.run();
    await service.untilStreaming();
    await setting.admin.query(`begin; truncate content.film_work cascade;
                               insert into content.film_work (title) values ('Another'); commit`);
    await setting.assertConverged();
    assert.equal((await setting.documents('movies')).length, 1);
    await service.stop();
  });

  it('of the root, documents that somebody wrote by hand are gone too, whatever their ids', async (t) => {
    await using setting = await openSetting(t);
    await using service = setting.run();
    await service.untilStreaming();
    for (const id of ['no uuid', '00000000-0000-4000-8000-00000000000A'])
      await writeByHand(setting, 'movies', id, { title: 'Film' });
    await setting.admin.query('truncate content.film_work cascade');
    await setting.assertConverged();
    await service.stop();
  });

  it("of the root, a snapshot's chunk that was read before leaves nothing behind", async (t) => {
    await using elasticsearch = await openHeldElasticsearch(sharedServers().elasticsearchUrl);
    await using setting = await openSetting(t);
    const { admin } = setting;
    await insertLinkedFilms(setting);
    await using service = setting.run({ ELASTICSEARCH_URL: elasticsearch.url });
    await service.untilStreaming();
    // The documents of before, so that the chunk has something to bring back.
    await admin.query('delete from content.film_work');
    await setting.covered();
    await insertLinkedFilms(setting);
    await setting.covered();

    elasticsearch.hold('movies');
    const snapshot = setting.command(['snapshot', '--index', 'movies']);
    await waitFor(() => elasticsearch.held === 1, { timeoutMs: 60_000 });
    const { queuedBytes } = await service.until(() => true);
    await admin.query('truncate content.film_work cascade');
    // The stream stands at the TRUNCATE, or has gone past it.
    await waitFor(async () => {
      await admin.query('insert into content.genre (name) values (gen_random_uuid()::text)');
      const status = await service.until(() => true);
      return status.queuedBytes > queuedBytes || (await setting.documents('genres')).length > 1;
    });
    elasticsearch.release();
    assert.equal((await snapshot).code, 0);
    await setting.assertConverged();
    assert.equal((await setting.documents('movies')).length, 0);
    await service.stop();
  });
});

async function insertLinkedFilms({ admin }: Setting): Promise<void> {
  await admin.query(`
    insert into content.film_work (title) select 'Film ' || i from generate_series(1, 20) i;
    insert into content.person (full_name) select 'Person ' || i from generate_series(1, 3) i;
    insert into content.genre (name) values ('Drama') on conflict do nothing;
    insert into content.genre_film_work (film_work_id, genre_id)
      select f.id, g.id from content.film_work f, content.genre g;
    insert into content.person_film_work (film_work_id, person_id, role)
      select f.id, p.id, 'actor' from content.film_work f, content.person p`);
}
