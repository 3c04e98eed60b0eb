// node wip/measure.ts in worktree; 36,000 films, service, site
import { mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import { tmpdir } from 'node:os';
import { gzipSync } from 'node:zlib';
import { readFileSync, globSync } from 'node:fs';
const w = './';
const { startStack, stackEnvironment } = await import(w + 'dev/stack/stack.ts');
const { connect } = await import(w + 'dev/stack/database.ts');
const { loadFilms } = await import(w + 'dev/load/load.ts');
const { demoFilms } = await import(w + 'dev/demo/films.ts');
const { startService } = await import(w + 'dev/demo/service.ts');
const { openSiteServer } = await import(w + 'dev/site/site.ts');
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
const folder = await mkdtemp(join(tmpdir(), 'measure-'));
r.use(
  await startService(folder, {
    DATABASE_URL: env.DATABASE_URL,
    REDIS_URL: env.REDIS_URL,
    ELASTICSEARCH_URL: env.ELASTICSEARCH_URL,
    DEFINITIONS_DIR: w + 'definitions',
    HTTP_PORT: '0',
  }),
);
for (;;) {
  const c = await fetch(env.ELASTICSEARCH_URL + '/movies/_count')
    .then((x) => x.json())
    .catch(() => ({}));
  if (c.count >= 36000) break;
  await new Promise((x) => setTimeout(x, 500));
}
await fetch(env.ELASTICSEARCH_URL + '/movies,persons/_refresh', { method: 'POST' });
const settings = {
  FILMS_DATABASE_URL: env.FILMS_DATABASE_URL,
  REDIS_URL: env.REDIS_URL,
  ELASTICSEARCH_URL: env.ELASTICSEARCH_URL,
  LOG_LEVEL: 'fatal',
  SITE_FRONT_END: '/nowhere',
};
{
  await using s = openServices(loadSettings(settings), () => {});
  await createAccount(s.database.query, 'm', 'mmmmmmmmmmmmmmmm');
}
const site = r.use(await openSiteServer(settings));
await site.start();
const texts = [
  'matrix',
  'the lost ark',
  'spielbreg',
  'летят журавли',
  'star wa',
  's',
  'st',
  'alien resurection',
  'man of the year',
  'pulp fiction tarantino',
  'drama',
  'love story',
  'harison ford',
  'a',
  'night of the living dead',
  'king',
  '',
];
const filters = ['', '&genre=Drama', '&from=1990&to=1999', '&sort=newest', '&sort=title', '&sort=rating'];
const q = (v: number[], p: number) =>
  v.toSorted((a, b) => a - b)[Math.min(v.length - 1, Math.floor(v.length * p))];
const show = (name: string, v: number[]) =>
  console.log(
    name.padEnd(40),
    'p50',
    q(v, 0.5)!.toFixed(1),
    'p95',
    q(v, 0.95)!.toFixed(1),
    'max',
    q(v, 1)!.toFixed(1),
    'n',
    v.length,
  );
async function one(url: string, headers = {}) {
  const t = performance.now();
  const a = await fetch(site.url + url, { headers });
  await a.text();
  if (!a.ok) console.log(url, a.status);
  return performance.now() - t;
}
for (let i = 0; i < 200; i++)
  await one('/api/v1/search?q=' + encodeURIComponent(texts[i % texts.length]!) + filters[i % filters.length]);
for (const label of ['20 searches a second', '20 searches a second, 10 pages open']) {
  const ends: AbortController[] = [];
  if (label.includes('open'))
    for (let i = 0; i < 10; i++) {
      const c = new AbortController();
      ends.push(c);
      void fetch(site.url + '/api/v1/search/live?q=' + encodeURIComponent(texts[i]!), { signal: c.signal })
        .then(async (x) => {
          for await (const _ of x.body!);
        })
        .catch(() => {});
    }
  const times: Promise<number>[] = [];
  for (let i = 0; i < 600; i++) {
    const text = texts[Math.floor(Math.random() * texts.length)]!;
    const cut = text.slice(0, 1 + Math.floor(Math.random() * text.length));
    times.push(
      one(
        '/api/v1/search?q=' +
          encodeURIComponent(Math.random() < 0.5 ? text : cut) +
          filters[Math.floor(Math.random() * filters.length)],
      ),
    );
    await new Promise((x) => setTimeout(x, 50));
  }
  show(label, await Promise.all(times));
  for (const c of ends) c.abort();
}
for (const text of texts) {
  const v: number[] = [];
  for (let i = 0; i < 10; i++) v.push(await one('/api/v1/search?q=' + encodeURIComponent(text)));
  show('  ' + text, v);
}
const login = await fetch(site.url + '/api/admin/login', {
  method: 'POST',
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify({ name: 'm', password: 'mmmmmmmmmmmmmmmm' }),
});
const cookie = login.headers.getSetCookie()[0]!.split(';')[0]!;
const genre = (await (await fetch(site.url + '/api/admin/genres', { headers: { cookie } })).json()).rows[0]
  .id;
const person = (await (await fetch(site.url + '/api/admin/persons', { headers: { cookie } })).json()).rows[0]
  .id;
for (const path of [
  '/films',
  '/films?page=1400',
  '/films?q=night',
  '/films?q=xyzzy',
  '/films?sort=rating&order=desc',
  '/films?sort=modified&order=desc&per_page=100',
  `/films?genre=${genre}&year_from=1990&rating_from=5`,
  `/films?person=${person}`,
  '/persons',
  '/persons?q=a',
  '/persons?q=smith',
  '/persons?page=1000',
  '/genres',
  '/genres?sort=film_count',
]) {
  const v: number[] = [];
  for (let i = 0; i < 20; i++) v.push(await one('/api/admin' + path, { cookie }));
  show('list ' + path.slice(0, 34), v);
}
for (const path of ['/api/v1/movies/', '/api/v1/movies/?page=last']) {
  const v: number[] = [];
  for (let i = 0; i < 20; i++) v.push(await one(path));
  show(path, v);
}
