import { createHash, randomBytes } from 'node:crypto';
import type { Redis } from 'ioredis';
import { z } from 'zod';
import type { Account } from './accounts.ts';

const session = z.object({
  account: z.object({ id: z.string(), name: z.string() }),
  /** In ms since 1970. */
  startedAt: z.number(),
});

/**
 * Sessions in Redis. A session is known by its token, 256 random bits that only the browser has: Redis has their
 * hash. It ends an hour after its last use, and twelve hours after its start.
 */
export interface Sessions {
  /** Starts one, and gives its token. */
  start(account: Account): Promise<string>;
  find(token: string): Promise<Account | null>;
  end(token: string): Promise<void>;
  /** Ends every session of the account. */
  endAll(accountId: string): Promise<void>;
}

const idleMs = 3_600_000;
const longestMs = 12 * 3_600_000;

export function openSessions(redis: Redis, prefix: string, now: () => number = Date.now): Sessions {
  const sessionKey = (token: string): string =>
    `${prefix}session:${createHash('sha256').update(token).digest('base64url')}`;
  const accountKey = (id: string): string => `${prefix}sessions:${id}`;

  return {
    async start(account) {
      const token = randomBytes(32).toString('base64url');
      const key = sessionKey(token);
      const stored: z.output<typeof session> = { account, startedAt: now() };
      await redis
        .pipeline()
        .set(key, JSON.stringify(stored), 'PX', idleMs)
        .sadd(accountKey(account.id), key)
        .pexpire(accountKey(account.id), longestMs)
        .exec();
      return token;
    },
    async find(token) {
      const key = sessionKey(token);
      const text = await redis.get(key);
      if (text === null) return null;
      const { account, startedAt } = session.parse(JSON.parse(text));
      const leftMs = startedAt + longestMs - now();
      if (leftMs > 0) await redis.pexpire(key, Math.min(idleMs, leftMs));
      else await redis.unlink(key);
      return leftMs > 0 ? account : null;
    },
    async end(token) {
      await redis.unlink(sessionKey(token));
    },
    async endAll(accountId) {
      const keys = await redis.smembers(accountKey(accountId));
      await redis.unlink(accountKey(accountId), ...keys);
    },
  };
}
