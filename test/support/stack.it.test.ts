import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { connect } from '../../dev/stack/database.ts';
import { checkout } from '../../dev/stack/paths.ts';
import { identifyProcess, isRunning } from '../../dev/stack/process-identity.ts';
import { startElasticsearch, startPostgres, startRedis } from '../../dev/stack/stack.ts';
import { waitFor } from './wait.ts';

describe('Postgres of the stack', () => {
  it('keeps its port and its rows through a shutdown and kill -9', async () => {
    await using postgres = await startPostgres();
    {
      await using client = await connect(postgres.url);
      await client.query('create table film (title text)');
    }
    for (const end of [
      () => postgres.stop(),
      () => postgres.stop('immediate'),
      () => postgres.kill('SIGKILL'),
    ]) {
      await end();
      assert.equal(postgres.pid, undefined);
      await postgres.start();
      await using client = await connect(postgres.url);
      await client.query(`insert into film values ('Solaris')`);
    }
    await using client = await connect(postgres.url);
    assert.equal((await client.query('select from film')).rowCount, 3);
  });

  it('lets ALTER SYSTEM win over its settings', async () => {
    await using postgres = await startPostgres({ wal_sender_timeout: '5s' });
    await using client = await connect(postgres.url);
    await client.query(`alter system set wal_sender_timeout = '7s'`);
    await client.query('select pg_reload_conf()');
    await waitFor(async () => {
      const { rows } = await client.query<{ setting: string }>('select current_setting($1) as setting', [
        'wal_sender_timeout',
      ]);
      return rows[0]?.setting === '7s';
    });
  });
});

describe('Redis of the stack', () => {
  it('stops although a test has frozen it', async () => {
    await using redis = await startRedis();
    await redis.kill('SIGSTOP');
    await redis.stop();
    assert.equal(redis.pid, undefined);
  });

  it('says why it does not come up', async () => {
    await using redis = await startRedis();
    await redis.stop();
    await using thief = spawnListener(redis.port);
    await once(thief.process.stdout, 'data');
    await assert.rejects(redis.start(), /Redis has not come up.*bind: Address already in use/s);
  });
});

describe('Elasticsearch of the stack', () => {
  it('keeps its port and its documents through kill -9', async () => {
    await using elasticsearch = await startElasticsearch();
    const document = `${elasticsearch.url}/films/_doc/1`;
    const stored = await fetch(document, {
      method: 'PUT',
      headers: { 'content-type': 'application/json' },
      body: '{"title":"Solaris"}',
    });
    assert.equal(stored.status, 201, await stored.text());
    await elasticsearch.kill('SIGKILL');
    await elasticsearch.start();
    const found = (await (await fetch(document)).json()) as { _source: unknown };
    assert.deepEqual(found._source, { title: 'Solaris' });
  });
});

describe('A process that is killed', () => {
  it('leaves no server and no folder behind', async () => {
    const script = `
      import { startRedis } from './dev/stack/stack.ts';
      const redis = await startRedis();
      console.log(JSON.stringify([redis.pid, redis.log]));
      setInterval(() => {}, 1000);
    `;
    const starter = spawn(process.execPath, ['--input-type=module', '--eval', script], {
      cwd: checkout,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const [line] = (await once(starter.stdout, 'data')) as [Buffer];
    const [pid, log] = JSON.parse(line.toString()) as [number, string];
    const redis = identifyProcess(pid);
    assert.ok(redis);

    starter.kill('SIGKILL');
    await waitFor(() => !isRunning(redis) && !existsSync(join(log, '..')));
  });
});

/** Another process that listens on the port. */
function spawnListener(port: number) {
  const script = `require('node:net').createServer().listen(${port}, '127.0.0.1', () => console.log('listening'))`;
  const child = spawn(process.execPath, ['--eval', script], { stdio: ['ignore', 'pipe', 'ignore'] });
  return {
    process: child,
    [Symbol.asyncDispose]: async () => {
      child.kill();
      await once(child, 'exit');
    },
  };
}
