import assert from 'node:assert/strict';
import { it } from 'node:test';
import { isOfCluster, isTransientRedisError, replyCode } from '../../src/servers/redis-errors.ts';
import { asRefusal } from '../../src/servers/refusals.ts';

const full = "OOM command not allowed when used memory > 'maxmemory'.";
const readOnly = "READONLY You can't write against a read only replica.";
const ofScript = (said: string): string =>
  `ERR Error running script (call to f_1fd3): @user_script:8: @user_script: 8: -${said} `;

/** What Redis says, its code, and what comes of it: it waits, is a cluster, or has a code of ours. */
const replies: readonly (readonly [string, string, string])[] = [
  // Redis 6, in a script and outside of one; then 7.
  [ofScript(full), 'OOM', 'waits'],
  [ofScript(readOnly), 'READONLY', 'waits'],
  [ofScript('MISCONF Redis is configured to save RDB snapshots'), 'MISCONF', 'waits'],
  [ofScript('WRONGTYPE Operation against a key'), 'WRONGTYPE', 'PROJ_REDIS_KEY'],
  [full, 'OOM', 'waits'],
  [`${full} script: 1fd3, on @user_script:8.`, 'OOM', 'waits'],
  [`${readOnly} script: 1fd3, on @user_script:8.`, 'READONLY', 'waits'],
  ['MISCONF Errors writing to the AOF file: No space left on device', 'MISCONF', 'waits'],
  ['NOREPLICAS Not enough good replicas to write.', 'NOREPLICAS', 'waits'],
  ['LOADING Redis is loading the dataset in memory', 'LOADING', 'waits'],
  ['ERR max number of clients reached', 'ERR', 'waits'],
  ['MOVED 3999 10.0.0.2:6379', 'MOVED', 'cluster'],
  ["CROSSSLOT Keys in request don't hash to the same slot", 'CROSSSLOT', 'cluster'],
  ['CLUSTERDOWN Hash slot not served', 'CLUSTERDOWN', 'cluster'],
  ['ERR SELECT is not allowed in cluster mode', 'ERR', 'cluster'],
  ['ERR DB index is out of range', 'ERR', 'PROJ_WRONG_SERVER'],
  ['ERR invalid DB index', 'ERR', 'PROJ_WRONG_SERVER'],
  ["ERR unknown command 'EVAL', with args beginning with: ", 'ERR', 'PROJ_WRONG_SERVER'],
  ['WRONGTYPE Operation against a key holding the wrong kind of value', 'WRONGTYPE', 'PROJ_REDIS_KEY'],
  ['WRONGPASS invalid username-password pair', 'WRONGPASS', 'PROJ_ACCESS_DENIED'],
  ["NOPERM this user has no permissions to run the 'eval' command", 'NOPERM', 'PROJ_ACCESS_DENIED'],
  ['DENIED Redis is running in protected mode', 'DENIED', 'PROJ_ACCESS_DENIED'],
];

it('what Redis says is waited for, or has a code, in a script of Redis 6 too', () => {
  for (const [message, code, outcome] of replies) {
    const error = Object.assign(new Error(message), {
      name: 'ReplyError',
      command: {
        name: 'eval',
        args: ['script', 2, 'projector:films:epoch', 'projector:films:checkpoint', 'e'],
      },
    });
    assert.equal(replyCode(error), code, message);
    assert.equal(isTransientRedisError(error), outcome === 'waits', message);
    assert.equal(isOfCluster(error), outcome === 'cluster', message);
    const refusal = asRefusal(error);
    assert.equal(refusal?.code ?? 'waits', outcome === 'cluster' ? 'PROJ_WRONG_SERVER' : outcome, message);
    if (outcome === 'PROJ_REDIS_KEY')
      assert.match(refusal?.message ?? '', /projector:films:epoch or projector:films:checkpoint/);
  }
});
