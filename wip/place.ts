// A place to look at: 36,000 films, service, site, nginx, Chromium with remote debugging on 9333. node wip/place.ts
import { mkdtemp } from 'node:fs/promises';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { tmpdir } from 'node:os';
import { chromium } from 'playwright-core';
const w = '../';
const { startStack, stackEnvironment } = await import(w + 'dev/stack/stack.ts');
const { connect } = await import(w + 'dev/stack/database.ts');
const { loadFilms } = await import(w + 'dev/load/load.ts');
const { demoFilms } = await import(w + 'dev/demo/films.ts');
const { startService } = await import(w + 'dev/demo/service.ts');
const { openSiteServer } = await import(w + 'dev/site/site.ts');
const { openNginx } = await import(w + 'dev/site/nginx.ts');
const { findChromium } = await import(w + 'dev/stack/chromium-program.ts');
const { createAccount } = await import(w + 'admin/server/login/accounts.ts');
const { openServices } = await import(w + 'admin/server/services.ts');
const { loadSettings } = await import(w + 'admin/server/settings.ts');
await using r = new AsyncDisposableStack();
const stack = r.use(await startStack({}));
{
  await using client = await connect(stack.postgres.urlOf('films'));
  await loadFilms(client, demoFilms(), {});
  await client.query('analyze');
}
const env = stackEnvironment(stack);
const folder = await mkdtemp(join(tmpdir(), 'place-'));
r.use(await startService(folder, { DATABASE_URL: env.DATABASE_URL, REDIS_URL: env.REDIS_URL, ELASTICSEARCH_URL: env.ELASTICSEARCH_URL, DEFINITIONS_DIR: '/work/wt-admin/definitions', HTTP_PORT: '9777' }));
for (;;) {
  const c = await fetch(env.ELASTICSEARCH_URL + '/movies/_count').then((x) => x.json()).catch(() => ({}));
  if (c.count >= 36000) break;
  await new Promise((x) => setTimeout(x, 500));
}
await fetch(env.ELASTICSEARCH_URL + '/movies,persons/_refresh', { method: 'POST' });
const settings = { FILMS_DATABASE_URL: env.FILMS_DATABASE_URL, REDIS_URL: env.REDIS_URL, ELASTICSEARCH_URL: env.ELASTICSEARCH_URL, LOG_LEVEL: 'fatal', SITE_FRONT_END: '/nowhere' };
{ await using s = openServices(loadSettings(settings), () => {}); await createAccount(s.database.query, 'olga', 'correct horse battery'); }
const site = r.use(await openSiteServer(settings)); await site.start();
const nginx = r.use(await openNginx({ admin: `127.0.0.1:${site.port}`, console: '127.0.0.1:9777', root: '/tmp/dist' })); await nginx.start();
const browser = r.use(await chromium.launch({ executablePath: await findChromium(console.log), args: ['--no-sandbox', '--remote-debugging-port=9333'] }));
writeFileSync('/tmp/place.json', JSON.stringify({ url: nginx.url, site: site.url, pid: process.pid, ...env }));
console.log('ready', nginx.url, site.url);
await new Promise((x) => { for (const s of ['SIGTERM', 'SIGINT'] as const) process.once(s, x); });
