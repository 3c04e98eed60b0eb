import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { eventually } from '../support/wait.ts';
import { openSetting } from './support/setting.ts';

describe('projector run', () => {
  it('snapshots what is there, and follows what changes', async (t) => {
    await using setting = await openSetting(t);
    const { admin } = setting;
    await admin.query(`insert into content.person (id, full_name)
                       values ('00000000-0000-4000-8000-000000000001', 'Andrei Tarkovsky')`);
    await admin.query(`insert into content.film_work (id, title)
                       values ('00000000-0000-4000-8000-000000000002', 'Solaris')`);
    await using service = setting.run();
    await service.untilStreaming();
    await setting.assertConverged();

    await admin.query(`insert into content.person_film_work (film_work_id, person_id, role)
                       select f.id, p.id, 'director' from content.film_work f, content.person p`);
    await admin.query(`update content.film_work set rating = 8.1, description = 'A planet thinks.'`);
    await setting.assertConverged();
    await admin.query(`delete from content.film_work`);
    await setting.assertConverged();
    await service.stop();
  });

  it('has stored and acknowledged the same when it is stopped; what it had not come to, the next does', async (t) => {
    await using setting = await openSetting(t);
    await using service = setting.run();
    await service.untilStreaming();
    await setting.admin.query(
      `insert into content.genre (name) select 'Genre ' || i from generate_series(1, 200) i`,
    );
    await service.until(({ changes }) => changes >= 200);
    await service.stop();
    assert.equal((await setting.slot())?.confirmedFlush, (await setting.checkpoint())?.lsn);
    await eventually(async () => assert.equal((await setting.slot())?.activePid, null));

    await using next = setting.run();
    await setting.assertConverged();
    assert.equal((await setting.documents('genres')).length, 200);
    await next.stop();
  });
});
