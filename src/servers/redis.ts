import { connect as connectSocket } from 'node:net';
import type { ConnectionOptions } from 'node:tls';
import { Redis } from 'ioredis';
import type { Settings } from '../config/settings.ts';
import { isAddress } from '../shared/is-address.ts';
import { readCaFile } from './ca-file.ts';
import { isNetworkError } from './postgres.ts';
import { asRefusal, tlsError } from './refusals.ts';
import { isTlsFailure } from './tls-failure.ts';

export type { Redis };

/** Where Redis is, and how it is trusted. */
export type RedisAccess = Pick<Settings, 'redisUrl'> & Partial<Pick<Settings, 'redisCaFile'>>;

const ANSWER_TIMEOUT_MS = 10_000;

/**
 * A Redis connection that reconnects by itself. Commands fail at once while it is away, so that the caller's retry
 * policy, and with it the named wait, sees the failure. One that does not answer is given up, and another made. Once
 * Redis has refused the login, or TLS has not come about, it does not reconnect, and every command fails with that.
 *
 * @throws ProjectorError `PROJ_SETTINGS_INVALID` when the CA's file cannot be read.
 */
export function createRedis(access: RedisAccess, answerTimeoutMs = ANSWER_TIMEOUT_MS): Redis {
  const timeoutMs = Math.min(answerTimeoutMs, ANSWER_TIMEOUT_MS);
  let lastFailure: Error | null = null;
  let refusal: Error | null = null;
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
    retryStrategy: (attempt) => (refusal ? null : Math.min(50 * 2 ** attempt, 2_000)),
    ...(tls && { tls }),
  });
  const lookForTls = async (silence: Error): Promise<void> => {
    if (!(await answersInClear(redis.options))) return;
    refusal = tlsError('redis', new Error('it answers in clear text', { cause: silence }));
    redis.disconnect();
  };
  redis.on('error', (error: Error) => {
    lastFailure = error;
    refusal = isTlsFailure(error) ? tlsError('redis', error) : asRefusal(error);
    if (tls && 'code' in error && error.code === 'ETIMEDOUT') isLooking = lookForTls(error);
  });
  // The library itself tells only that the connection is closed, and not why.
  const connect = redis.connect.bind(redis);
  redis.connect = async () => {
    try {
      await connect();
    } catch (error) {
      await isLooking;
      throw refusal ?? lastFailure ?? error;
    }
  };
  const sendCommand = redis.sendCommand.bind(redis);
  redis.sendCommand = (command, stream) => {
    if (!refusal) return sendCommand(command, stream);
    command.reject(refusal);
    return command.promise;
  };
  return redis;
}

/** Undefined without TLS. The library does not say of itself which host it wants. */
function tlsOptions({ redisUrl, redisCaFile }: RedisAccess): ConnectionOptions | undefined {
  const { protocol, hostname } = new URL(redisUrl);
  if (protocol !== 'rediss:') return undefined;
  const ca = readCaFile('REDIS_CA_FILE', redisCaFile);
  return { ...(ca && { ca }), ...(!isAddress(hostname) && { servername: hostname }) };
}

const CLEAR_TIMEOUT_MS = 1_000;

/** Whether Redis answers without TLS: to a client that begins with TLS such a one says nothing at all. */
function answersInClear({ host = '', port = 0 }: Redis['options']): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const socket = connectSocket({ host, port, timeout: CLEAR_TIMEOUT_MS }, () => socket.write('PING\r\n'));
  socket.once('data', (answer) => resolve(/^[+-]/.test(answer.toString('latin1'))));
  const isSilent = (): void => resolve(false);
  socket.once('error', isSilent).once('timeout', isSilent).once('close', isSilent);
  return promise.finally(() => socket.destroy());
}

const TRANSIENT_MESSAGES =
  /^(LOADING|BUSY|READONLY|MASTERDOWN|TRYAGAIN|CLUSTERDOWN|OOM|MISCONF)|isn't writeable|connection is closed|max retries|timed out/i;

/** Whether trying again later can help: Redis is away, loading, or cannot take a write just now. */
export function isTransientRedisError(error: Error): boolean {
  return (
    isNetworkError(error) ||
    error.name === 'MaxRetriesPerRequestError' ||
    TRANSIENT_MESSAGES.test(error.message)
  );
}
