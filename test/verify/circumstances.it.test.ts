import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { definitions, expectedSql, schemaSql } from '../definition/shipping.ts';
import { deleteByHand, writeByHand } from '../service/support/by-hand.ts';
import { startProjector } from '../service/support/child.ts';
import { openSetting } from '../service/support/setting.ts';
import { sharedServers } from '../support/shared-servers.ts';
import { openTcpProxy } from '../support/tcp-proxy.ts';
import { waitFor } from '../support/wait.ts';
import { differing, verify } from './support/verify.ts';

describe('projector verify', () => {
  it('reports dead-lettered documents apart, which are no drift', async (t) => {
    await using setting = await openSetting(t);
    await using service = setting.run();
    await service.untilStreaming();
    const id = '00000000-0000-4000-8000-000000000001';
    // Longer than a keyword may be.
    await setting.admin.query(
      `insert into content.film_work (id, title) values ($1, repeat('x', 40000)), (gen_random_uuid(), 'Solaris')`,
      [id],
    );
    for (const found of [await verify(setting), await verify(setting, '--repair')]) {
      assert.equal(found.code, 0, found.stderr);
      assert.deepEqual(differing(found.of('movies')), { deadLettered: [id] });
      assert.equal(found.of('movies').rows, 2);
    }
    await service.stop();
  });

  it('looks at the indexes that are named, and no others', async (t) => {
    await using setting = await openSetting(t);
    await using service = setting.run();
    await service.untilStreaming();
    await writeByHand(setting, 'movies', 'by hand', { title: 'Film' });
    const found = await verify(setting, '--index', 'genres', '--index', 'persons');
    assert.equal(found.code, 0, found.stderr);
    assert.deepEqual(found.indexes.toSorted(), ['genres', 'persons']);
    assert.equal((await verify(setting, '--index', 'movies')).code, 4);

    const unknown = await verify(setting, '--index', 'films');
    assert.equal(unknown.code, 2);
    assert.match(unknown.stderr, /PROJ_USAGE: there is no index films\n.*movies/);
    await service.stop();
  });

  it('says what writing again does not mend: a document at a version ahead of the WAL', async (t) => {
    await using setting = await openSetting(t);
    await setting.admin.query(`insert into content.genre (name) values ('Noir'), ('Drama')`);
    await using service = setting.run();
    await service.untilStreaming();
    const [ahead, edited] = await setting.documents('genres');
    assert.ok(ahead && edited);
    await writeByHand(setting, 'genres', ahead.id, { name: 'By hand' }, 2n ** 60n);
    await writeByHand(setting, 'genres', edited.id, { name: 'By hand' });
    const repaired = await verify(setting, '--repair', '--index', 'genres');
    assert.equal(repaired.code, 4, repaired.stderr);
    assert.deepEqual(differing(repaired.of('genres')), {
      stale: [ahead.id, edited.id].toSorted(),
      left: [ahead.id],
    });
    assert.equal(repaired.of('genres').mended, 1);
    const { stdout } = await setting.command(['verify', '--repair']);
    assert.match(stdout, /Documents mended: 0; still different: 1;.*projector resync/);
    await service.stop();
    assert.equal((await setting.command(['resync'])).code, 0);
    assert.equal((await verify(setting)).code, 0);
  });

  it('finds an alias that leads to another index, too', async (t) => {
    await using setting = await openSetting(t);
    await using service = setting.run();
    await service.untilStreaming();
    const { elasticsearchUrl, indexPrefix } = setting.database;
    const other = `${indexPrefix}movies-20200101t000000000`;
    const response = await fetch(`${elasticsearchUrl}/${other}`, {
      method: 'PUT',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ aliases: { [`${indexPrefix}movies`]: {} } }),
    });
    assert.ok(response.ok);
    const found = await verify(setting);
    assert.equal(found.code, 4, found.stderr);
    const { physical, aliasLeadsTo } = found.of('movies');
    assert.deepEqual(aliasLeadsTo, [other, physical]);
    const { stdout } = await setting.command(['verify']);
    assert.match(
      stdout,
      new RegExp(`leads to ${other} and ${physical}, and should lead to ${physical} alone`),
    );
    await service.stop();
  });

  it('waits for indexes that are being built, and does not look at what serves until then', async (t) => {
    await using setting = await openSetting(t);
    const { admin, database } = setting;
    await admin.query(
      `insert into content.film_work (title) select 'Film ' || i from generate_series(1, 300) i`,
    );
    await using first = setting.run();
    await first.untilStreaming();
    await first.stop();
    await admin.query('select pg_drop_replication_slot($1)', [database.name]);
    await admin.query('update content.film_work set rating = 2');
    await using service = setting.run({
      RESYNC: 'auto',
      SNAPSHOT_CHUNK_SIZE: '20',
      SNAPSHOT_MAX_RATE: '100',
    });
    await service.until(({ state, written }) => state === 'snapshotting' && written > 0);
    const found = await verify(setting);
    assert.equal(found.code, 0, found.stdout + found.stderr);
    assert.equal(found.of('movies').documents, 300);
    assert.match(found.stderr, /waiting until no snapshot is being made/);
    await setting.assertConverged();
    await service.stop();
  });

  it('compares documents of composite keys, of any schema', async (t) => {
    await using setting = await openSetting(t, {
      own: { sql: schemaSql, definitions, expected: expectedSql },
    });
    const { admin } = setting;
    await admin.query(`
      insert into sea.port values ('FI', 'a:b%', 'Turku'), ('SE', 'sto', 'Stockholm');
      insert into sea.ship (id, name, tonnage, spec) values (1, 'Vasa', 1210.50, '{"n": 12345678901234567890.10}');
      insert into sea.voyage (ship_id, no, from_country, from_code) values (1, 1, 'FI', 'a:b%'), (1, 2, 'SE', 'sto'), (1, 9, null, null)`);
    await using service = setting.run();
    await service.untilStreaming();
    assert.equal((await verify(setting)).code, 0);

    const ports = (await setting.documents('ports')).map(({ id }) => id).toSorted();
    await deleteByHand(setting, 'ports', ports[0] ?? '');
    await deleteByHand(setting, 'voyages', '1:2');
    for (const id of ['1', '1:9', '1:2:3', 'a:b']) await writeByHand(setting, 'voyages', id, { no: 9 });
    const found = await verify(setting);
    assert.equal(found.code, 4, found.stderr);
    assert.deepEqual(differing(found.of('ports')), { missing: [ports[0]] });
    assert.deepEqual(differing(found.of('voyages')), {
      missing: ['1:2'],
      extra: ['1', '1:2:3', '1:9', 'a:b'],
    });
    const repaired = await verify(setting, '--repair');
    assert.equal(repaired.code, 0, repaired.stdout + repaired.stderr);
    await setting.assertConverged();
    await service.stop();
  });

  it('waits a while for an Elasticsearch that is away, until it is back or Ctrl-C', async (t) => {
    await using elasticsearch = await openTcpProxy(sharedServers().elasticsearchUrl);
    await using setting = await openSetting(t);
    await using service = setting.run();
    await service.untilStreaming();
    elasticsearch.set({ kind: 'cut' });
    const env = { ...setting.database.env, ELASTICSEARCH_URL: elasticsearch.url };
    const [waiting, ended] = [startProjector(['verify'], env), startProjector(['verify'], env)];
    for (const { output } of [waiting, ended]) {
      await waitFor(() => output.stderr.includes('elasticsearch failed; retrying'), { timeoutMs: 60_000 });
    }
    ended.kill('SIGINT');
    assert.deepEqual(await ended.ended, { code: 1, signal: null }, ended.output.stderr);
    elasticsearch.set({ kind: 'open' });
    assert.deepEqual(await waiting.ended, { code: 0, signal: null }, waiting.output.stderr);
    assert.match(waiting.output.stdout, /Every document is what its rows make it/);
    await service.stop();
  });

  it('waits for the stream, until Ctrl-C', async (t) => {
    await using setting = await openSetting(t);
    await using service = setting.spawn();
    await service.untilStreaming();
    process.kill(service.pid, 'SIGSTOP');
    const child = startProjector(['verify'], setting.database.env);
    await waitFor(() => child.output.stderr.includes('waiting for the stream'), { timeoutMs: 60_000 });
    child.kill('SIGINT');
    assert.deepEqual(await child.ended, { code: 1, signal: null }, child.output.stderr);
    process.kill(service.pid, 'SIGCONT');
    await service.stop();
  });
});
