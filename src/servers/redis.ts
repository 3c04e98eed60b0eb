import type { ConnectionOptions } from 'node:tls';
import { Redis } from 'ioredis';
import type { Settings } from '../config/settings.ts';
import { ProjectorError } from '../ops/errors.ts';
import { isAddress } from '../shared/is-address.ts';
import { readCaFile } from './ca-file.ts';
import { firstAnswer } from './first-answer.ts';
import { formatServer, nameServer, type ServerAddress } from './named-errors.ts';
import { isTransientRedisError, replyCode } from './redis-errors.ts';
import { asRefusal, clusterError, tlsError } from './refusals.ts';
import { isTlsFailure } from './tls-failure.ts';

export type { Redis };

/** Where Redis is, and how it is trusted. */
export type RedisAccess = Pick<Settings, 'redisUrl'> & Partial<Pick<Settings, 'redisCaFile'>>;

const ANSWER_TIMEOUT_MS = 10_000;

/**
 * A Redis connection that reconnects by itself. Commands fail at once while it is away, so that the caller's retry
 * policy, and with it the named wait, sees the failure. One that does not answer is given up, and another made. Once
 * Redis has refused the login, TLS has not come about, or it is the wrong server, it does not reconnect, and every command
 * fails with that.
 *
 * @throws ProjectorError `PROJ_SETTINGS_INVALID` when the CA's file cannot be read.
 */
export function createRedis(access: RedisAccess, answerTimeoutMs = ANSWER_TIMEOUT_MS): Redis {
  const timeoutMs = Math.min(answerTimeoutMs, ANSWER_TIMEOUT_MS);
  let lastFailure: Error | null = null;
  let refusal: Error | null = null;
  const where = redisAddress(access.redisUrl);
  let isLooking: Promise<void> | null = null;
  const tls = tlsOptions(access);
  const redis = new Redis(access.redisUrl, {
    lazyConnect: true,
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    autoResendUnfulfilledCommands: false,
    // It would take a right of its own.
    disableClientInfo: true,
    connectTimeout: 5_000,
    commandTimeout: timeoutMs,
    // A half-open connection would time out again and again.
    socketTimeout: timeoutMs,
    // It may have been demoted, and its name lead to the new master by now.
    reconnectOnError(error) {
      const isReadOnly = replyCode(error) === 'READONLY';
      if (isReadOnly) lastFailure = nameServer(error, where);
      return isReadOnly;
    },
    retryStrategy: (attempt) => (refusal ? null : Math.min(50 * 2 ** attempt, 2_000)),
    ...(tls && { tls }),
  });
  const lookForTls = async (silence: Error): Promise<void> => {
    if (!(await answersInClear(redis.options))) return;
    refusal ??= tlsError(where, new Error('it answers in clear text', { cause: silence }));
    redis.disconnect();
  };
  redis.on('error', (error: Error) => {
    lastFailure = nameServer(error, where);
    refusal ??= isTlsFailure(error) ? tlsError(where, error) : asRefusal(error);
    if (tls && 'code' in error && error.code === 'ETIMEDOUT') isLooking = lookForTls(error);
  });
  redis.on('ready', () => (lastFailure = null));
  /** The library itself tells only that the connection is closed, and not why. */
  const explain = (error: Error): Error => {
    if (refusal) return refusal;
    if (!isOfClosedConnection(error)) return nameServer(error, where);
    if (lastFailure && isTransientRedisError(lastFailure)) return lastFailure;
    return nameServer(new Error('the connection is closed', { cause: error }), where);
  };
  const connect = redis.connect.bind(redis);
  redis.connect = async () => {
    try {
      await connect();
    } catch (error) {
      await isLooking;
      throw refusal ?? lastFailure ?? nameServer(error, where);
    }
  };
  const sendCommand = redis.sendCommand.bind(redis);
  redis.sendCommand = (command, stream) => {
    const reject = command.reject.bind(command);
    command.reject = (error) => reject(explain(error));
    if (!refusal) return sendCommand(command, stream);
    command.reject(refusal);
    return command.promise;
  };
  return redis;
}

/**
 * Whether Redis is a replica, which takes no writes.
 *
 * @throws ProjectorError `PROJ_WRONG_SERVER` where it is a node of a cluster: it refuses only what concerns two keys.
 */
export async function isReplica(redis: Redis): Promise<boolean> {
  // A user may be without the right to ask.
  const info = await redis.info().catch((error: unknown) => {
    if (replyCode(error) === 'NOPERM') return '';
    throw error;
  });
  if (/^redis_mode:cluster/m.test(info)) throw clusterError(addressOf(redis));
  return /^role:slave/m.test(info);
}

/** The error for a replica, for whoever does not wait until it is promoted. */
export function replicaError(redis: Redis): ProjectorError {
  return new ProjectorError(
    'PROJ_SERVER_UNAVAILABLE',
    `${formatServer(addressOf(redis))}: it is a replica, which takes no writes`,
    'Name the master in REDIS_URL, or promote this server; the service waits until then.',
  );
}

function addressOf({ options: { host = 'localhost', port = 6379 } }: Redis): ServerAddress {
  return { server: 'redis', address: `${host}:${port}` };
}

/** Where the URL leads. */
function redisAddress(redisUrl: string): ServerAddress {
  const { hostname, port } = new URL(redisUrl);
  return { server: 'redis', address: `${hostname}:${port || 6379}` };
}

/** What the library says of a command that has not been sent, or was not answered when the connection ended. */
function isOfClosedConnection({ name, message }: Error): boolean {
  return name === 'MaxRetriesPerRequestError' || /isn't writeable|connection is closed/i.test(message);
}

/** Undefined without TLS. The library does not say of itself which host it wants. */
function tlsOptions({ redisUrl, redisCaFile }: RedisAccess): ConnectionOptions | undefined {
  const { protocol, hostname } = new URL(redisUrl);
  if (protocol !== 'rediss:') return undefined;
  const ca = readCaFile('REDIS_CA_FILE', redisCaFile);
  return { ...(ca && { ca }), ...(!isAddress(hostname) && { servername: hostname }) };
}

/** Whether Redis answers without TLS: to a client that begins with TLS such a one says nothing at all. */
async function answersInClear({ host = '', port = 0 }: Redis['options']): Promise<boolean> {
  return /^[+-]/.test((await firstAnswer({ host, port }, 'PING\r\n')) ?? '');
}
