import { randomBytes } from 'node:crypto';
import { createAccount } from '../../admin/server/login/accounts.ts';
import { openServices } from '../../admin/server/services.ts';
import { loadSettings } from '../../admin/server/settings.ts';
import { buildFrontEnd } from '../site/front-end.ts';
import { openNginx } from '../site/nginx.ts';
import { openSiteServer } from '../site/site.ts';
import { roles } from '../stack/database.ts';
import { findNginx } from '../stack/nginx-program.ts';
import type { Stack } from '../stack/stack.ts';
import type { Screen } from './screen.ts';

/** The films' site as the demo runs it, and who may edit there. */
export interface DemoSite {
  readonly url: string;
  readonly user: string;
  readonly password: string;
}

/**
 * Starts the films' site, with nginx before it where there is one, and makes an administrator, whose password is
 * another one in each demo. What it starts ends with `resources`.
 */
export async function startSite(
  stack: Stack,
  serviceUrl: string,
  screen: Screen,
  resources: AsyncDisposableStack,
  signal: AbortSignal,
): Promise<DemoSite> {
  const say = (line: string): void => screen.say(screen.faint(line));
  const root = await buildFrontEnd(say);
  const settings = {
    FILMS_DATABASE_URL: stack.postgres.urlOf('films', roles.adminSite),
    REDIS_URL: stack.redis.url,
    ELASTICSEARCH_URL: stack.elasticsearch.url,
    SITE_FRONT_END: root,
    LOG_LEVEL: 'warn',
  };
  const user = 'demo';
  const password = randomBytes(9).toString('base64url');
  {
    await using services = openServices(loadSettings(settings), () => undefined);
    await createAccount(services.database.query, user, password);
  }
  const site = resources.use(await openSiteServer(settings));
  await site.start(signal);
  const { host } = new URL(serviceUrl);
  const nginx = await findNginx(say).then(
    () => openNginx({ admin: `127.0.0.1:${site.port}`, console: host, root, preferredPorts: [8080] }),
    () => undefined,
  );
  if (nginx === undefined) {
    say('There is no nginx here, so the site answers by itself.');
    return { url: site.url, user, password };
  }
  resources.use(nginx);
  await nginx.start(signal);
  return { url: nginx.url, user, password };
}
