import type { FastifyInstance } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { z } from 'zod';
import type { Query } from '../database.ts';
import { SiteError } from '../errors.ts';
import { parse } from '../parse.ts';
import { findAccount, type Account } from './accounts.ts';
import { giveToken, readToken, takeToken } from './guard.ts';
import { maxPasswordLength, verifyPassword } from './passwords.ts';
import type { Sessions } from './sessions.ts';

const credentials = z.strictObject({
  name: z.string().max(64),
  password: z.string().max(maxPasswordLength),
});

/** So many attempts from one address, and so many at one account, before the next has to wait. */
const perAddress = { max: 10, timeWindow: 60_000 };
const perAccount = { max: 30, timeWindow: 15 * 60_000 };

export function addLoginRoutes(app: FastifyInstance, query: Query, sessions: Sessions): void {
  const countByAccount = app.createRateLimit({
    ...perAccount,
    keyGenerator: ({ body }) => parse(credentials, body).name,
  });

  app.withTypeProvider<ZodTypeProvider>().post(
    '/api/admin/login',
    {
      schema: { body: credentials },
      config: { open: true, rateLimit: perAddress },
    },
    async (request, reply): Promise<Account> => {
      const attempts = await countByAccount(request);
      if (!attempts.isAllowed && attempts.isExceeded) {
        throw new SiteError('too_many_requests', 'Too many attempts at this account.');
      }
      const { name, password } = request.body;
      const account = await findAccount(query, name);
      if (!(await verifyPassword(password, account?.password_hash)) || account === undefined) {
        throw new SiteError('wrong_login', 'Name or password is wrong.');
      }
      // Another token than before: one that somebody has slipped in is worth nothing.
      const before = readToken(request);
      if (before !== undefined) await sessions.end(before);
      const who = { id: account.id, name: account.name };
      giveToken(request, reply, await sessions.start(who));
      return who;
    },
  );

  app.get('/api/admin/session', ({ account }) => account);

  app.post('/api/admin/logout', async (request, reply) => {
    await sessions.end(readToken(request) ?? '');
    takeToken(request, reply);
    return reply.code(204).send();
  });

  app.post('/api/admin/logout-everywhere', async (request, reply) => {
    if (request.account !== null) await sessions.endAll(request.account.id);
    takeToken(request, reply);
    return reply.code(204).send();
  });
}
