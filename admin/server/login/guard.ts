import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { SiteError } from '../errors.ts';
import type { Account } from './accounts.ts';
import type { Sessions } from './sessions.ts';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Whether it answers those who have not logged in. Without it a route is closed. */
    readonly open?: boolean;
  }
  interface FastifyRequest {
    /** Who asks; null on open routes, where nobody looks. */
    account: Account | null;
  }
}

const safeMethods = ['GET', 'HEAD', 'OPTIONS'];

/**
 * Closes every route that does not say that it is open, and refuses what another site has a browser send. The browser
 * says where a request comes from, and no page can change that; what says nothing of it is no browser, and has no
 * cookie that it was not given.
 *
 * @see https://cheatsheetseries.owasp.org/cheatsheets/Cross-Site_Request_Forgery_Prevention_Cheat_Sheet.html#fetch-metadata-headers
 */
export function guardRoutes(app: FastifyInstance, sessions: Sessions): void {
  app.decorateRequest('account', null);
  app.addHook('onRequest', async (request) => {
    if (!safeMethods.includes(request.method) && isCrossSite(request)) {
      throw new SiteError('cross_site', 'The request comes from another site.');
    }
    // What is not there below /api/ is closed, too: whoever has not logged in learns nothing of what there is.
    const open = request.is404 ? !request.url.startsWith('/api/') : request.routeOptions.config.open;
    if (open === true) return;
    const token = readToken(request);
    request.account = token === undefined ? null : await sessions.find(token);
    if (request.account === null) throw new SiteError('login_required', 'Log in first.');
  });
}

function isCrossSite(request: FastifyRequest): boolean {
  const site = request.headers['sec-fetch-site'];
  if (site !== undefined) return site !== 'same-origin';
  const { origin } = request.headers;
  return origin !== undefined && URL.parse(origin)?.host !== request.host;
}

/** By TLS the name makes the browser hold to Secure, to the whole host, and to this host alone. */
function cookieName(request: FastifyRequest): string {
  return request.protocol === 'https' ? '__Host-session' : 'session';
}

export function readToken(request: FastifyRequest): string | undefined {
  return request.cookies[cookieName(request)];
}

export function giveToken(request: FastifyRequest, reply: FastifyReply, token: string): void {
  reply.setCookie(cookieName(request), token, {
    path: '/',
    httpOnly: true,
    sameSite: 'strict',
    secure: request.protocol === 'https',
  });
}

export function takeToken(request: FastifyRequest, reply: FastifyReply): void {
  reply.clearCookie(cookieName(request), { path: '/', secure: request.protocol === 'https' });
}
