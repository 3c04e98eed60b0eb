import assert from 'node:assert/strict';
import { it } from 'node:test';
import { readPublished } from '../../src/replication/publication.ts';
import { isTransientPostgresError } from '../../src/servers/postgres.ts';
import { createDatabase } from '../support/servers.ts';
import { waitFor } from '../support/wait.ts';

it('a table that is dropped while the published ones are read is no fault: the next reading is without it', async () => {
  await using database = await createDatabase();
  const admin = await database.connect();
  const reader = await database.connect();
  try {
    await admin.query(`
      create table public.kept (id int primary key);
      create table public.dropped (id int primary key);
      create publication films for table public.kept, public.dropped`);
    const read = () => readPublished(reader, { name: 'films' });
    assert.equal((await read()).size, 2);
    const { rows } = await reader.query<{ pid: number }>('select pg_backend_pid() as pid');

    await admin.query('begin');
    await admin.query('drop table public.dropped');
    let isOver = false;
    const reading = read().finally(() => {
      isOver = true;
    });
    reading.catch(() => undefined);
    await waitFor(async () => {
      const waiting = await admin.query(
        `select from pg_stat_activity where pid = $1 and wait_event_type = 'Lock'`,
        [rows[0]?.pid],
      );
      return isOver || waiting.rowCount === 1;
    });
    await admin.query('commit');
    // Some versions of Postgres look into no table for this, and so have not waited.
    await reading.catch((error: unknown) => {
      assert.ok(error instanceof Error && isTransientPostgresError(error), String(error));
    });
    assert.equal((await read()).size, 1);
  } finally {
    await Promise.all([admin.end(), reader.end()]);
  }
});
