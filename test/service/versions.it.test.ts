import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { describe, it } from 'node:test';
import { createDelivery } from '../../src/loader/delivery.ts';
import { createLoader, type Write } from '../../src/loader/loader.ts';
import { createElasticsearch } from '../../src/servers/elasticsearch.ts';
import { sharedServers } from '../support/shared-servers.ts';
import { getDocument } from './support/documents.ts';
import { currentLsn, openSetting } from './support/setting.ts';

describe("a document's version", () => {
  it('is an LSN, up to which the document has every commit', async (t) => {
    await using setting = await openSetting(t);
    const { admin } = setting;
    await using service = setting.run();
    await service.untilStreaming();
    await setting.covered();
    const before = await currentLsn(admin);
    await admin.query(`insert into content.genre (name) values ('Noir')`);
    await setting.covered();
    const after = await currentLsn(admin);
    const [genre] = await setting.documents('genres');
    assert.ok(genre && genre.version > before && genre.version <= after);
    await service.stop();
  });

  it('keeps a late write of before a deletion from bringing the document back', async () => {
    await using index = await openIndex();
    assert.deepEqual(await index.write(10n, { present: ['film'] }), { accepted: 1, superseded: 0 });
    assert.deepEqual(await index.write(20n, { missing: ['film'] }), { accepted: 1, superseded: 0 });
    assert.deepEqual(await index.write(15n, { present: ['film'] }), { accepted: 0, superseded: 1 });
    assert.equal(await index.get('film'), null);
    assert.deepEqual(await index.write(20n, { present: ['film'] }), { accepted: 1, superseded: 0 });
    assert.equal((await index.get('film'))?.version, 20n);
  });

  it('lets a write of before a newer one count as done', async () => {
    await using index = await openIndex();
    await index.write(20n, { present: ['film'] });
    assert.deepEqual(await index.write(10n, { present: ['film', 'other'] }), { accepted: 1, superseded: 1 });
    assert.equal((await index.get('film'))?.version, 20n);
    assert.deepEqual(await index.write(10n, { missing: ['film'] }), { accepted: 0, superseded: 1 });
    assert.equal((await index.get('film'))?.version, 20n);
  });
});

interface WrittenIndex extends AsyncDisposable {
  write(
    version: bigint,
    ids: { readonly present?: readonly string[]; readonly missing?: readonly string[] },
  ): Promise<{ accepted: number; superseded: number }>;
  get(id: string): ReturnType<typeof getDocument>;
}

/** An index, and a loader that writes to it. */
async function openIndex(): Promise<WrittenIndex> {
  const { elasticsearchUrl } = sharedServers();
  const client = createElasticsearch({ elasticsearchUrls: [elasticsearchUrl] }, 30_000);
  const physical = `t_${randomBytes(6).toString('hex')}`;
  const writeAlias = `${physical}-write`;
  await client.indices.create({ index: physical, aliases: { [writeAlias]: {} } });
  const load = createLoader(
    createDelivery({
      client,
      bulkBytes: 1_000_000,
      assertHolder: () => Promise.resolve(),
      retry: (action) => action(),
      now: () => 0,
    }),
  );
  return {
    async write(version, { present = [], missing = [] }) {
      const documents = present.map((id) => ({ id, json: '{}' }));
      const resolved = { documents, missing, unmade: [], unread: [] };
      const write: Write = { writeAlias, resolved, version, readAtMs: 0 };
      const { accepted, superseded, refused, expired } = await load(write);
      assert.deepEqual({ refused, expired }, { refused: [], expired: [] });
      return { accepted, superseded };
    },
    get: (id) => getDocument(elasticsearchUrl, physical, id),
    [Symbol.asyncDispose]: async () => {
      await client.indices.delete({ index: physical });
      await client.close();
    },
  };
}
