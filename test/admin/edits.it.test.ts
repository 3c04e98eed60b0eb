import assert from 'node:assert/strict';
import { it } from 'node:test';
import { Redis } from 'ioredis';
import { openEditLog } from '../../admin/server/edits.ts';
import { createDatabase } from '../support/servers.ts';

it('a change of a document is that of the last edit up to its version which touched what it shows', async () => {
  await using database = await createDatabase({ schema: 'none' });
  const redis = new Redis(database.redisUrl);
  const edits = openEditLog(redis, `${database.name}:`);
  await edits.note({ lsn: 100, at: 1_000, touched: ['film'] });
  await edits.note({ lsn: 200, at: 2_000, touched: ['film', 'person'] });
  await edits.note({ lsn: 300, at: 3_000, touched: ['another film'] });
  const film = new Set(['film']);

  assert.equal(await edits.commitTime(0, 250, film), 2_000);
  // Read when its commit record had begun to come by, and nothing since the edit was noted.
  assert.equal(await edits.commitTime(0, 200, film), 2_000);
  assert.equal(await edits.commitTime(0, 199, film), 1_000);
  assert.equal(await edits.commitTime(0, 400, new Set(['person'])), 2_000);
  assert.equal(await edits.commitTime(201, 400, film), null);
  assert.equal(await edits.commitTime(0, 400, new Set(['a third'])), null);
  redis.disconnect();
});
