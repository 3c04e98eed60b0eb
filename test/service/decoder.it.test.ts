import assert from 'node:assert/strict';
import { mkdtempDisposableSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { wantedVersions } from '../../dev/stack/versions.ts';
import { createDatabase } from '../support/servers.ts';
import { startProjector } from './support/child.ts';
import { openSetting } from './support/setting.ts';

const hasPlugin = wantedVersions().wal2json;

describe('DECODER=wal2json', () => {
  it('is refused where Postgres has not the plugin', { skip: hasPlugin && 'it has' }, async (t) => {
    await using setting = await openSetting(t);
    await using service = setting.run({ DECODER: 'wal2json' });
    assert.equal((await service.ended).code, 3);
    assert.match(service.log, /PROJ_PREFLIGHT: Postgres has no output plugin wal2json/);
  });

  it(
    'is refused for a slot of pgoutput',
    { skip: !hasPlugin && 'this Postgres has not wal2json' },
    async (t) => {
      await using setting = await openSetting(t);
      await using before = setting.run({ DECODER: 'pgoutput' });
      await before.untilStreaming();
      await before.stop();
      await using service = setting.run({ DECODER: 'wal2json' });
      assert.equal((await service.ended).code, 5);
      assert.match(service.log, /the replication slot decodes with pgoutput, not wal2json/);
    },
  );

  it('is refused for what wal2json cannot carry, and pgoutput can', async () => {
    await using database = await createDatabase({ schema: 'none' });
    await using client = await database.connect();
    await client.query(`
      create table public.part (id int primary key) partition by range (id);
      create table public.part_1 partition of public.part for values from (0) to (10);
      create table public.price (amount numeric primary key);
      create publication ${database.name} for table part, price with (publish_via_partition_root = true)`);
    using folder = mkdtempDisposableSync(join(tmpdir(), 'projector-definitions-'));
    for (const [table, key] of Object.entries({ part: 'id', price: 'amount' }))
      writeFileSync(
        join(folder.path, `${table}.yaml`),
        `index: ${table}\nroot: public.${table}\nfields: { key: ${key} }\n`,
      );
    const env = { ...database.env, DATABASE_URL: database.adminUrl, DEFINITIONS_DIR: folder.path };

    const refused = startProjector(['check'], { ...env, DECODER: 'wal2json' });
    assert.equal((await refused.ended).code, 3);
    assert.match(refused.output.stderr, /wal2json names the partitions of public\.part and not the table/);
    assert.match(refused.output.stderr, /NaN and Infinity of public\.price\.amount/);
    const accepted = startProjector(['check'], { ...env, DECODER: 'pgoutput' });
    assert.equal((await accepted.ended).code, 0, accepted.output.stderr);
  });
});
