import assert from 'node:assert/strict';
import { it } from 'node:test';
import { preparePlan } from '../../src/definition/prepare.ts';
import { createIndexAdmin } from '../../src/loader/indexes.ts';
import { loadSettings } from '../../src/config/settings.ts';
import { KEPT_WHOLE } from '../../src/loader/kept-source.ts';
import { createLogger } from '../../src/ops/log.ts';
import { openConnections } from '../../src/service/connections.ts';
import { createEyes } from '../../src/verify/look.ts';
import { openSetting } from '../service/support/setting.ts';

const FILMS = 20;
const LOOKS = 15;

/**
 * Rows that go back to what they were before: between two looks at which a row is the same, its document may have been
 * another, and rightly.
 */
it('a document that goes to and fro is never taken for drift', async (t) => {
  await using setting = await openSetting(t);
  await using service = setting.run({ CHECKPOINT_INTERVAL_MS: '50' });
  await service.untilStreaming();
  await using connections = openConnections(
    loadSettings({ ...setting.database.env, DEFINITIONS_DIR: 'definitions' }),
    createLogger('fatal'),
    new AbortController().signal,
  );
  const { elasticsearch, retry, preparedQuery } = connections;
  const plan = await preparePlan(setting.admin, 'definitions');
  const index = plan.indexes.find(({ name }) => name === 'movies');
  assert.ok(index);
  const { name, indexPrefix } = setting.database;
  const [made] = await createIndexAdmin(elasticsearch, { name, prefix: indexPrefix }).find(index);
  const eyes = createEyes({
    index,
    physical: made?.physical ?? '',
    query: preparedQuery,
    kept: KEPT_WHOLE,
    elasticsearch,
    retry: retry.elasticsearch,
    signal: new AbortController().signal,
  });

  const ids = Array.from({ length: FILMS }, () => crypto.randomUUID());
  const state = { isEnding: false };
  /** One half of the films comes and goes, the other changes to and fro. */
  const edit = async (): Promise<void> => {
    await using client = await setting.database.connect();
    const [coming, changing] = [ids.slice(FILMS / 2), ids.slice(0, FILMS / 2)];
    const insert = `insert into content.film_work (id, title, rating) values ($1, 'Film', 1)`;
    for (const id of changing) await client.query(insert, [id]);
    for (let round = 0; !state.isEnding; round++) {
      for (const id of coming) {
        await client.query(
          round % 2 === 0 ? insert : `delete from content.film_work where id = $1`,
          [id].slice(0, 1),
        );
      }
      for (const id of changing) {
        await client.query('update content.film_work set rating = $2 where id = $1', [id, round % 2]);
      }
    }
  };
  const editing = edit();
  let suspected = 0;
  for (let round = 0; round < LOOKS; round++) {
    const suspects = await eyes.look(ids);
    suspected += suspects.length;
    await setting.covered();
    assert.deepEqual([...(await eyes.confirm(suspects))], []);
  }
  state.isEnding = true;
  await editing;
  assert.ok(suspected > LOOKS, `only ${suspected} documents differed at a look`);
  await setting.assertConverged();
  assert.deepEqual(await eyes.look(ids), []);
  await service.stop();
});
