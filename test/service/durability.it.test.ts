import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { startPostgres } from '../../dev/stack/stack.ts';
import { formatLsn, parseLsn } from '../../src/shared/lsn.ts';
import { sharedServers } from '../support/shared-servers.ts';
import { waitFor } from '../support/wait.ts';
import { openHeldElasticsearch } from './support/held-elasticsearch.ts';
import { currentLsn, openSetting, type Setting } from './support/setting.ts';
import type { Service } from './support/service.ts';
import { startWriters } from './support/writers.ts';

/** Longer than what is accepted takes to be stored, and then acknowledged. */
const RIPENED_MS = 3_000;

describe('what is stored and acknowledged', () => {
  it('is nothing that Elasticsearch has not accepted', async (t) => {
    await using elasticsearch = await openHeldElasticsearch(sharedServers().elasticsearchUrl);
    await using setting = await openSetting(t);
    // A batch of one is a full one, which need not wait for another that is under way.
    await using service = setting.spawn({ ELASTICSEARCH_URL: elasticsearch.url, BATCH_SIZE: '1' });
    await service.untilStreaming();
    await setting.covered();

    elasticsearch.hold('movies');
    await setting.admin.query(`insert into content.film_work (title) values ('Stalker')`);
    const filmEnd = await currentLsn(setting.admin);
    await setting.admin.query(`insert into content.genre (name) values ('Science fiction')`);
    const after = await currentLsn(setting.admin);
    await waitFor(() => elasticsearch.held === 1);
    // The genre is accepted, the stream has gone past both, and what may be stored and acknowledged then is.
    await waitFor(async () => (await setting.documents('genres')).length === 1);
    await service.until(({ covered }) => parseLsn(covered ?? '0/0') >= after);
    const passedAt = Date.now();
    await service.until(({ at }) => Date.parse(at) > passedAt + RIPENED_MS);
    const stored = (await setting.checkpoint())?.lsn ?? 0n;
    assert.ok(stored < filmEnd, `${formatLsn(stored)} is not before ${formatLsn(filmEnd)}`);
    assert.ok(((await setting.slot())?.confirmedFlush ?? 0n) <= stored);

    await service.kill();
    elasticsearch.release();
    await using next = setting.run();
    await setting.assertConverged();
    await next.stop();
  });

  it('is the end of a commit, exactly: the commit next to it is not lost', async (t) => {
    await using postgres = await startPostgres({ autovacuum: 'off' });
    await using elasticsearch = await openHeldElasticsearch(sharedServers().elasticsearchUrl);
    await using setting = await openSetting(t, { postgres });
    await using service = setting.spawn({ ELASTICSEARCH_URL: elasticsearch.url });
    await service.untilStreaming();

    elasticsearch.hold('genres');
    const end = await commitTwoNextToEachOther(setting, service);
    await waitFor(() => elasticsearch.held === 1);
    await setting.confirmedUpTo(end);
    assert.equal(formatLsn((await setting.slot())?.confirmedFlush ?? 0n), formatLsn(end));
    await service.kill();
    assert.deepEqual(await setting.documents('genres'), []);

    await using next = setting.run();
    await setting.assertConverged();
    assert.equal((await setting.documents('genres')).length, 1);
    await next.stop();
    const confirmed = (await setting.slot())?.confirmedFlush;
    assert.equal(confirmed, (await setting.checkpoint())?.lsn);
  });

  it('is never further in the slot than in Redis, and after a stop the same', async (t) => {
    await using setting = await openSetting(t);
    await using service = setting.run({ CHECKPOINT_INTERVAL_MS: '0' });
    await service.untilStreaming();
    await using writers = startWriters(setting.database, 2, 1);
    const edits = writers.goOn(600);
    const sampled = new Set<bigint>();
    const beyond: string[] = [];
    await waitFor(async () => {
      const confirmed = (await setting.slot())?.confirmedFlush ?? 0n;
      const stored = (await setting.checkpoint())?.lsn ?? 0n;
      if (confirmed > stored) beyond.push(`${formatLsn(confirmed)} > ${formatLsn(stored)}`);
      return sampled.add(confirmed).size >= 4;
    });
    assert.deepEqual(beyond, []);
    await edits;
    await service.stop();
    assert.equal((await setting.slot())?.confirmedFlush, (await setting.checkpoint())?.lsn);
  });

  it('goes on in an idle database while others write', async (t) => {
    await using setting = await openSetting(t);
    await using service = setting.run();
    await service.untilStreaming();
    await setting.admin.query('create table unwatched (word text)');
    await setting.admin.query(`insert into unwatched select 'word' from generate_series(1, 10000)`);
    const written = await currentLsn(setting.admin);
    await setting.confirmedUpTo(written);
    await service.stop();
  });
});

/**
 * Commits a film, and a genre so that no byte is between the two commit records, when the service has followed the
 * first. Gives the end of the film's.
 */
async function commitTwoNextToEachOther({ admin, database }: Setting, service: Service): Promise<bigint> {
  await using other = await database.connect();
  for (;;) {
    await admin.query('begin');
    await admin.query(`insert into content.genre (name) values ('Drama')`);
    await other.query(`insert into content.film_work (title) values ('The Mirror')`);
    const end = await currentLsn(other);
    await service.until(({ covered }) => parseLsn(covered ?? '0/0') >= end);
    const isNext = (await currentLsn(other)) === end;
    await admin.query(isNext ? 'commit' : 'rollback');
    if (isNext) return end;
  }
}
