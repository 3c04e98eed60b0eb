import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createLogger } from '../../src/ops/log.ts';
import { ProjectorError } from '../../src/ops/errors.ts';
import { nameServer } from '../../src/servers/named-errors.ts';
import { createOutages } from '../../src/servers/outages.ts';
import { isTransientRedisError } from '../../src/servers/redis-errors.ts';
import { createRetry } from '../../src/servers/retry.ts';

const refused = (server: 'redis' | 'elasticsearch'): Error =>
  nameServer(Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' }), {
    server,
    address: 'cache:6379',
  });

/** A retry of actions for Elasticsearch, on a clock that goes on by 3 s with each attempt. */
function openRetry(patienceMs?: number) {
  const logged: { readonly msg: string; readonly server: string; readonly error?: string }[] = [];
  const waits = new Map<string, string>();
  const clock = { ms: 0 };
  const log = createLogger('info', {
    write: (line) => logged.push(JSON.parse(line) as (typeof logged)[number]),
  });
  const retry = createRetry({
    server: 'elasticsearch',
    isTransient: isTransientRedisError,
    outages: createOutages(log, waits, () => clock.ms),
    ...(patienceMs !== undefined && { patienceMs }),
    signal: new AbortController().signal,
    now: () => clock.ms,
  });
  let attempts = 0;
  return {
    logged,
    waits,
    /** Fails by these in turn, then succeeds. */
    run: (failures: readonly Error[]) =>
      retry(() => {
        clock.ms += 3_000;
        const failure = failures[attempts++];
        return failure ? Promise.reject(failure) : Promise.resolve('done');
      }),
  };
}

describe('what is tried again', () => {
  it('names the server that failed, be it another than the one that was asked, and says when it is back', async () => {
    const { logged, waits, run } = openRetry();
    const running = run([refused('redis'), refused('elasticsearch')]);
    assert.equal(await running, 'done');
    assert.deepEqual(
      logged.map(({ server, msg, error }) => [server, msg, error]),
      [
        ['redis', 'redis failed; retrying', 'redis at cache:6379: connect ECONNREFUSED'],
        ['redis', 'redis answers again', undefined],
        [
          'elasticsearch',
          'elasticsearch failed; retrying',
          'elasticsearch at cache:6379: connect ECONNREFUSED',
        ],
        ['elasticsearch', 'elasticsearch answers again', undefined],
      ],
    );
    assert.deepEqual([...waits], []);
  });

  it('tells of a wait that lasts, and how long the server was away', async () => {
    const { logged, run } = openRetry();
    await run([refused('elasticsearch'), refused('elasticsearch'), refused('elasticsearch')]);
    assert.deepEqual(
      logged.map(({ msg }) => msg),
      ['elasticsearch failed; retrying', 'elasticsearch answers again'],
    );
    assert.equal((logged[1] as { awaySeconds?: number } | undefined)?.awaySeconds, 9);
  });

  it('is given up once the patience has ended', async () => {
    const { run, waits } = openRetry(5_000);
    await assert.rejects(
      run([refused('redis'), refused('redis'), refused('redis')]),
      (error) =>
        error instanceof ProjectorError &&
        error.code === 'PROJ_SERVER_UNAVAILABLE' &&
        error.message === 'redis at cache:6379: connect ECONNREFUSED' &&
        error.fix.includes('REDIS_URL'),
    );
    assert.deepEqual([...waits], []);
  });
});
