import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { RequestListener } from 'node:http';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { describe, it } from 'node:test';
import { openHttpServer } from '../support/http-server.ts';
import { waitFor } from '../support/wait.ts';
import { openPooler } from '../support/pooler.ts';
import { openSetting } from '../service/support/setting.ts';

const json = { 'content-type': 'application/json' };
const ofElasticsearch = { ...json, 'x-elastic-product': 'Elasticsearch' };
const openSearch = { version: { distribution: 'opensearch', number: '2.19.6' } };
const tooNew = { error: { type: 'media_type_header_exception', reason: 'Invalid media-type' }, status: 400 };

/** What may answer at ELASTICSEARCH_URL, and what is said of it. */
const webServers: Readonly<Record<string, readonly [RequestListener, RegExp]>> = {
  'a login page': [
    (_, response) => response.writeHead(200, { 'content-type': 'text/html' }).end('<html>Sign in</html>'),
    /a web page, as of a login or a proxy \(HTTP 200\)/,
  ],
  'a redirect': [
    (_, response) => response.writeHead(302, { location: 'https://sso.example/login?token=secret' }).end(),
    /leads elsewhere \(HTTP 302 to sso\.example\)/,
  ],
  'an API without such a path': [
    (_, response) => response.writeHead(404, json).end('{"error":"Not Found","status":404}'),
    /something else \(HTTP 404, application\/json\)/,
  ],
  OpenSearch: [
    ({ url }, response) =>
      url === '/'
        ? response.writeHead(200, json).end(JSON.stringify(openSearch))
        : response.writeHead(406, json).end('{"error":"Content-Type header is not supported","status":406}'),
    /OpenSearch/,
  ],
  'an Elasticsearch 7.10': [
    ({ url }, response) =>
      url === '/'
        ? response
            .writeHead(200, json)
            .end('{"version":{"number":"7.10.2"},"tagline":"You Know, for Search"}')
        : response.writeHead(406, json).end('{"error":"Content-Type header is not supported","status":406}'),
    /older than 8|7\.10\.2/,
  ],
  'an Elasticsearch 7.17': [
    (_, response) => response.writeHead(400, ofElasticsearch).end(JSON.stringify(tooNew)),
    /older than 8/,
  ],
};

describe('something else where a server should be: the service and check end with a cause and a fix, be it', () => {
  it('at any of the three addresses', async (t) => {
    await using setting = await openSetting(t);
    const { database } = setting;
    await using stack = new AsyncDisposableStack();
    const cases: { what: string; env: Readonly<Record<string, string>>; says: RegExp }[] = [];
    for (const [what, [listener, says]] of Object.entries(webServers)) {
      const { url } = stack.use(await openHttpServer(listener));
      cases.push({ what, env: { ELASTICSEARCH_URL: url }, says });
    }
    const { url: webUrl } = stack.use(
      await openHttpServer((_, response) => response.writeHead(404, json).end('{}')),
    );
    const web = new URL(webUrl);
    const redis = new URL(database.redisUrl);
    const silent = stack.use(await openGreeter('SSH-2.0-OpenSSH_9.2\r\n'));
    const at = (
      url: string,
      { hostname, port }: { hostname: string; port: string },
      path?: string,
    ): string => {
      const other = new URL(url);
      Object.assign(other, { hostname, port, ...(path !== undefined && { pathname: path }) });
      return other.href;
    };
    /** A Postgres that does not answer is not looked into before. */
    const impatient = { REQUEST_TIMEOUT_MS: '1500' };
    const { url: databaseUrl } = database;
    const own = new URL(databaseUrl);
    cases.push(
      { what: 'HTTP for Redis', env: { REDIS_URL: `redis://${web.host}` }, says: /what answers is no Redis/ },
      {
        what: 'no such database of Redis',
        env: { REDIS_URL: at(database.redisUrl, redis, '/99') },
        says: /no database of that number: .*DB index.*\n {2}fix: REDIS_URL ends/,
      },
      {
        what: 'no such database',
        env: { DATABASE_URL: at(databaseUrl, own, '/nowhere') },
        says: /"nowhere" does not exist/,
      },
      {
        what: 'HTTP for Postgres',
        env: { DATABASE_URL: at(databaseUrl, web) },
        says: /what answers is no Postgres/,
      },
      {
        what: 'Redis for Postgres',
        env: { DATABASE_URL: at(databaseUrl, redis), ...impatient },
        says: /what answers is no Postgres/,
      },
      {
        what: 'SSH for Postgres',
        env: { DATABASE_URL: at(databaseUrl, silent), ...impatient },
        says: /what answers is no Postgres/,
      },
    );
    for (const manner of ['refuses options', 'ignores options', 'refuses replication'] as const) {
      const { url } = stack.use(await openPooler(databaseUrl, manner));
      cases.push({
        what: `a pooler that ${manner}`,
        env: { DATABASE_URL: url },
        says: /a connection pooler stands before/,
      });
    }

    const wrong: string[] = [];
    const expect = (what: string, says: RegExp, code: number | null, text: string): void => {
      const [, message = ''] =
        /^PROJ_WRONG_SERVER: (\w+ at (?:127\.0\.0\.1|localhost):\d+: [^]*\n {2}fix: .+)$/m.exec(text) ?? [];
      if (code !== 2 || !says.test(message) || /secret/.test(text)) wrong.push(`${what}: ${code}: ${text}`);
    };
    await Promise.all(
      cases.map(async ({ what, env, says }) => {
        if (!('REQUEST_TIMEOUT_MS' in env)) {
          const { code, stderr } = await setting.command(['check'], env);
          expect(`check, ${what}`, says, code, stderr);
        }
        await using service = setting.run(env);
        const end: { code?: number | null } = {};
        void service.ended.then(({ code: ended }) => (end.code = ended));
        await waitFor(() => end.code !== undefined, { timeoutMs: 30_000 }).catch(() => undefined);
        expect(`run, ${what}`, says, end.code ?? null, service.log);
      }),
    );
    assert.deepEqual(wrong, []);
    assert.equal(await setting.slot(), null);
  });
});

/** A server that says something to whoever connects, and listens no further. */
async function openGreeter(greeting: string): Promise<AsyncDisposable & { hostname: string; port: string }> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined).write(greeting);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    hostname: '127.0.0.1',
    port: String((server.address() as AddressInfo).port),
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}
