import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { below, randomOf } from '../../dev/load/random.ts';
import { formatLsn } from '../../src/shared/lsn.ts';
import { cascadeKeyChanges, seedRows } from '../service/support/edits.ts';
import { openSetting, type Setting } from '../service/support/setting.ts';
import { startWriters } from '../service/support/writers.ts';
import { deleteByHand, writeByHand } from '../service/support/by-hand.ts';
import { differing, verify } from './support/verify.ts';

const film = (ordinal: number): string => `00000000-0000-4000-8000-${String(ordinal).padStart(12, '0')}`;

/** What a command may not change: the slot, what Redis keeps, the indexes with their documents. */
async function everything({ admin, database, redis }: Setting): Promise<unknown> {
  const { rows } = await admin.query(
    `select slot_name, confirmed_flush_lsn, (select count(*)::int from pg_publication) as publications
     from pg_replication_slots where database = current_database()`,
  );
  // How far the last snapshot had come is only shown.
  const keys = (await redis.keys(`projector:${database.name}:*`)).filter(
    (key) => !key.includes(':snapshot:'),
  );
  const { elasticsearchUrl, indexPrefix } = database;
  const indexes = await fetch(
    `${elasticsearchUrl}/_cat/indices/${indexPrefix}*?h=index,uuid,docs.count&s=index&expand_wildcards=all`,
  );
  const checkpoint = await redis.get(`projector:${database.name}:checkpoint`);
  return { rows, keys: keys.toSorted(), checkpoint, indexes: await indexes.text() };
}

/** Films without people or genres. */
async function insertFilms({ admin }: Setting, count: number): Promise<void> {
  await admin.query(
    `insert into content.film_work (id, title, rating)
     select ('00000000-0000-4000-8000-' || lpad(i::text, 12, '0'))::uuid, 'Film ' || i, 5.5
     from generate_series(1, $1::integer) i`,
    [count],
  );
}

describe('projector verify', () => {
  it('finds what was edited by hand in Elasticsearch, and mends it', async (t) => {
    await using setting = await openSetting(t);
    await insertFilms(setting, 1_200);
    await setting.admin.query(`insert into content.genre (name) values ('Noir')`);
    await using service = setting.run();
    await service.untilStreaming();
    assert.equal((await verify(setting)).code, 0);

    const stored = (await setting.document('movies', film(2)))?.source as object;
    await deleteByHand(setting, 'movies', film(1));
    await writeByHand(setting, 'movies', film(2), {
      ...stored,
      title: 'Another',
      imdb_rating: 5.5,
      genres: ['Noir'],
    });
    await writeByHand(setting, 'movies', film(3), { title: 'Film 3' });
    await writeByHand(setting, 'movies', film(9_999), { ...stored, id: film(9_999) });
    await writeByHand(setting, 'movies', 'no uuid', { title: 'Film' });
    await writeByHand(setting, 'movies', film(4).toUpperCase().replace('0', 'A'), { title: 'Film' });

    const found = await verify(setting);
    assert.equal(found.code, 4, found.stderr);
    const movies = found.of('movies');
    assert.deepEqual(differing(movies), {
      missing: [film(1)],
      extra: [film(9_999), film(4).toUpperCase().replace('0', 'A'), 'no uuid'].toSorted(),
      stale: [film(2), film(3)],
    });
    assert.deepEqual(movies.stale.fields[film(2)], ['genres', 'title']);
    assert.equal(movies.rows, 1_200);
    assert.deepEqual(differing(found.of('genres')), {});
    const { stdout } = await setting.command(['verify', '--index', 'movies']);
    assert.match(stdout, new RegExp(`missing\n  ${film(1)}\n`));
    assert.match(stdout, new RegExp(`${film(2)} \\(genres, title\\)`));
    assert.doesNotMatch(stdout, /Another/);

    const repaired = await verify(setting, '--repair');
    assert.equal(repaired.code, 0, repaired.stderr);
    assert.equal(repaired.of('movies').mended, 6);
    await setting.assertConverged();
    assert.equal((await verify(setting)).code, 0);
    await service.stop();
  });

  it('finds rows whose change the stream did not carry, and mends them', async (t) => {
    await using setting = await openSetting(t);
    await insertFilms(setting, 20);
    // It would notice by itself, before verify does.
    await using service = setting.run({ SCHEMA_CHECK_INTERVAL_MS: '3600000' });
    await service.untilStreaming();
    await setting.covered();
    const { admin, database } = setting;
    await admin.query(`alter publication ${database.name} drop table content.film_work`);
    await admin.query(`update content.film_work set rating = 1 where id = $1`, [film(1)]);
    await admin.query(`delete from content.film_work where id = $1`, [film(2)]);
    await admin.query(`insert into content.film_work (id, title) values ($1, 'New')`, [film(30)]);
    await admin.query(`alter publication ${database.name} add table content.film_work`);
    const found = await verify(setting);
    assert.equal(found.code, 4, found.stderr);
    assert.deepEqual(differing(found.of('movies')), {
      missing: [film(30)],
      extra: [film(2)],
      stale: [film(1)],
    });
    const repaired = await verify(setting, '--repair');
    assert.equal(repaired.code, 0, repaired.stderr);
    assert.equal(repaired.of('movies').mended, 3);
    await setting.assertConverged();
    await service.stop();
  });

  it('does all of it without the service, too', async (t) => {
    await using setting = await openSetting(t);
    await insertFilms(setting, 20);
    await using service = setting.run();
    await service.untilStreaming();
    await service.stop();
    await deleteByHand(setting, 'movies', film(1));
    await writeByHand(setting, 'movies', film(2), { title: 'Film 2' });
    await writeByHand(setting, 'movies', film(30), { title: 'Film 30' });
    const drift = { missing: [film(1)], extra: [film(30)], stale: [film(2)] };
    const found = await verify(setting);
    assert.equal(found.code, 4, found.stderr);
    assert.deepEqual(differing(found.of('movies')), drift);
    const repaired = await verify(setting, '--repair');
    assert.equal(repaired.code, 0, repaired.stderr);
    assert.deepEqual(differing(repaired.of('movies')), drift);
    assert.equal(repaired.of('movies').mended, 3);

    await using again = setting.run();
    await again.untilStreaming();
    await setting.assertConverged();
    await again.stop();
  });

  it('changes nothing where no service runs, and says that what differs may be behind', async (t) => {
    await using setting = await openSetting(t);
    await insertFilms(setting, 300);
    await using service = setting.run();
    await service.untilStreaming();
    await service.stop();
    const { admin } = setting;
    await admin.query('update content.film_work set rating = 9 where id < $1', [film(200)]);
    await admin.query('delete from content.film_work where id > $1', [film(250)]);
    await admin.query(
      `insert into content.film_work (title) select 'New ' || i from generate_series(1, 100) i`,
    );
    const before = await everything(setting);
    const found = await verify(setting);
    assert.equal(found.code, 4, found.stderr);
    const { missing, extra, stale } = found.of('movies');
    assert.deepEqual([missing.count, extra.count, stale.count], [100, 50, 199]);
    assert.equal(found.unfollowed?.since, formatLsn((await setting.checkpoint())?.lsn ?? 0n));
    const { stdout } = await setting.command(['verify']);
    assert.match(stdout, /The service is not running\. Changes since the resume point .* may only be behind/);
    assert.deepEqual(await everything(setting), before);

    await using again = setting.run();
    await again.untilStreaming();
    const followed = await verify(setting);
    assert.equal(followed.code, 0, followed.stderr);
    assert.equal(followed.unfollowed, null);
    assert.equal(followed.of('movies').documents, 350);
    await again.stop();
  });

  it('says that there is nothing to verify, and makes nothing, where there is no index', async (t) => {
    await using setting = await openSetting(t);
    const mistyped = { INDEX_PREFIX: `${setting.database.indexPrefix}mistyped-` };
    const refuses = async (settings: Readonly<Record<string, string>>, ...commands: string[][]) => {
      const before = await everything(setting);
      for (const command of commands) {
        const { code, stderr } = await setting.command(command, settings);
        assert.equal(code, 1, stderr);
        assert.match(stderr, /PROJ_INDEX_MISSING: .*-genres.*\n {2}fix: Look at INDEX_PREFIX/);
      }
      assert.deepEqual(await everything(setting), before);
    };
    await refuses({}, ['verify'], ['verify', '--repair']);
    await insertFilms(setting, 20);
    await using service = setting.run();
    await service.untilStreaming();
    await service.stop();
    await setting.admin.query('update content.film_work set rating = 2');
    const commands = [['verify'], ['verify', '--repair'], ['snapshot'], ['reindex'], ['resync']];
    await refuses(mistyped, ...commands);
    // Nor is anything dropped that only a start may drop.
    await refuses({ ...mistyped, ES_SHOULD_DROP_INDEX: 'TRUE' }, ['verify', '--repair'], ['snapshot']);
    await using again = setting.run();
    await again.untilStreaming();
    await setting.assertConverged();
    assert.ok(!again.log.includes('snapshot begins'));
    await again.stop();
  });

  it('takes for no drift what changes while it looks', async (t) => {
    await using setting = await openSetting(t);
    await cascadeKeyChanges(setting.admin);
    await seedRows(setting.admin, randomOf(1, 0));
    await using service = setting.run();
    await service.untilStreaming();
    const random = randomOf(2, 0);
    const state = { isEnding: false };
    // A film that comes and goes, so that a look meets every mixture of both.
    const flicker = async (): Promise<void> => {
      await using client = await setting.database.connect();
      while (!state.isEnding) {
        await client.query(`insert into content.film_work (id, title) values ($1, 'Here')`, [film(1)]);
        await delay(below(random, 30));
        await client.query('delete from content.film_work where id = $1', [film(1)]);
        await delay(below(random, 30));
      }
    };
    const flickering = flicker();
    {
      await using writers = startWriters(setting.database, 2, 1);
      for (let run = 1; run <= 2; run++) {
        const [found] = await Promise.all([verify(setting), writers.goOn(250)]);
        assert.equal(found.code, 0, found.stdout + found.stderr);
      }
    }
    state.isEnding = true;
    await flickering;
    await setting.assertConverged();
    await service.stop();
  });
});
