import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createPool, isTransientPostgresError, withClient } from '../../src/servers/postgres.ts';
import { createDatabase } from '../support/servers.ts';
import { openTcpProxy } from '../support/tcp-proxy.ts';

/** Longer than another connection takes to be made on a machine that is busy. */
const SILENCE_MS = 2_000;

describe('a connection to Postgres from which nothing comes', () => {
  it('is given up when it is half-open, and the query may be tried again', async () => {
    await using database = await createDatabase();
    await using link = await openTcpProxy(database.url);
    const pool = createPool(link.url, 'test', 1, SILENCE_MS);
    await pool.query({ text: `select 'once'` });
    link.set({ kind: 'frozen' });
    await assert.rejects(pool.query({ text: `select 'never'` }), isTransient);
    link.set({ kind: 'open' });
    assert.deepEqual(await pool.query({ text: `select 'again'` }), [['again']]);
    link.set({ kind: 'frozen' });
    await pool.end();
  });

  it('is given up when its link freezes while it answers', async () => {
    await using database = await createDatabase();
    await using link = await openTcpProxy(database.url);
    const reading = withClient(
      link.url,
      'test',
      async (client) => {
        const answer = client.query(`select repeat('x', 1000000) from generate_series(1, 100)`);
        link.set({ kind: 'frozen' });
        await answer;
      },
      SILENCE_MS,
    );
    await assert.rejects(reading, isTransient);
  });

  it('is waited for as long as Postgres is at work', async () => {
    await using database = await createDatabase();
    const sleep = `select pg_sleep(${(4 * SILENCE_MS) / 1_000}), 'slept'`;
    const { rows } = await withClient(database.url, 'test', (client) => client.query(sleep), SILENCE_MS);
    assert.equal((rows as { '?column?': string }[])[0]?.['?column?'], 'slept');
  });
});

function isTransient(error: unknown): boolean {
  return error instanceof Error && isTransientPostgresError(error);
}
