import { isNetworkError } from './network-error.ts';

/**
 * What Redis says that may pass: it loads its data, is full, cannot save, has been made a replica, or has lost its own
 * replicas. https://redis.io/docs/latest/develop/reference/protocol-spec/#simple-errors
 */
const PASSING = /^(LOADING|BUSY|READONLY|MASTERDOWN|OOM|MISCONF|NOREPLICAS)$/;
/** What one says that is a node of a cluster. */
const OF_CLUSTER = /^(MOVED|ASK|CROSSSLOT|CLUSTERDOWN|TRYAGAIN)$/;

/** What the client itself says of a connection that is not there. */
const AWAY = /isn't writeable|connection is closed|max retries|timed out|socket timeout|command aborted/i;

/**
 * The code that Redis' answer begins with: `WRONGTYPE`; undefined for another error. Redis 6 puts what happens in a
 * script into words of its own: `ERR Error running script (call to f_…): @user_script:8: @user_script: 8: -OOM …`.
 */
export function replyCode(error: unknown): string | undefined {
  if (!(error instanceof Error) || error.name !== 'ReplyError') return undefined;
  const [, inScript] = /^ERR Error running script .*?: -([A-Z]+) /s.exec(error.message) ?? [];
  return inScript ?? /^[A-Z]+/.exec(error.message)?.[0] ?? '';
}

/** Whether trying again later can help: Redis is away, loading, or cannot take a write just now. */
export function isTransientRedisError(error: Error): boolean {
  const code = replyCode(error);
  if (code !== undefined) return PASSING.test(code) || /^ERR max number of clients/.test(error.message);
  return isNetworkError(error) || error.name === 'MaxRetriesPerRequestError' || AWAY.test(error.message);
}

/** Whether the one that answers is a node of a cluster: the keys of one projector may lie on several. */
export function isOfCluster(error: Error): boolean {
  return OF_CLUSTER.test(replyCode(error) ?? '') || /in cluster mode/.test(error.message);
}
