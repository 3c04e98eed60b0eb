import assert from 'node:assert/strict';
import { request } from 'node:http';
import { describe, it } from 'node:test';
import { json, openHttp, plain, type HttpOptions } from '../../src/ops/http.ts';

const open = (options: Partial<HttpOptions>): ReturnType<typeof openHttp> =>
  openHttp({ host: '127.0.0.1', port: 0, reads: {}, ...options });

interface Answer {
  readonly status: number;
  readonly code: string | null;
}

/** Asks with headers that `fetch` does not let anybody choose. */
function ask(
  port: number,
  options: { path: string; method?: string; headers?: Record<string, string>; body?: string },
): Promise<Answer> {
  const { promise, resolve, reject } = Promise.withResolvers<Answer>();
  const asking = request({ host: '127.0.0.1', port, ...options }, (response) => {
    let text = '';
    response.setEncoding('utf8').on('data', (part: string) => (text += part));
    response.on('end', () => {
      const isJson = response.headers['content-type']?.startsWith('application/json');
      const { error } = (isJson ? JSON.parse(text) : {}) as { error?: { code: string } };
      resolve({ status: response.statusCode ?? 0, code: error?.code ?? null });
    });
  });
  asking.on('error', reject);
  asking.end(options.body);
  return promise;
}

it('HTTP answers what there is, and says what there is not', async () => {
  await using server = await open({
    reads: {
      '/well': () => plain('well\n'),
      '/ill': () => json({ ready: false }, 503),
      '/broken': () => Promise.reject(new Error('it broke')),
    },
    actions: { '/do': async ({ json: sent }) => json({ sent: await sent() }) },
  });
  const asked = (path: string, method = 'GET', init: RequestInit = {}): Promise<Response> =>
    fetch(`http://127.0.0.1:${server.port}${path}`, { method, ...init });
  const well = await asked('/well?a=b');
  assert.deepEqual([well.status, await well.text()], [200, 'well\n']);
  assert.equal(well.headers.get('cache-control'), 'no-store');
  assert.match(well.headers.get('content-security-policy') ?? '', /^default-src 'none'; script-src 'self';/);
  const head = await asked('/well', 'HEAD');
  assert.deepEqual([head.status, head.headers.get('content-length'), await head.text()], [200, '5', '']);
  const ill = await asked('/ill');
  assert.deepEqual([ill.status, await ill.json()], [503, { ready: false }]);
  assert.equal((await asked('/broken')).status, 500);
  const nothing = await asked('/constructor');
  assert.deepEqual([nothing.status, await nothing.text()], [404, 'There are: /well /ill /broken /do\n']);
  const posted = await asked('/well', 'POST');
  assert.deepEqual([posted.status, posted.headers.get('allow')], [405, 'GET, HEAD']);
  const got = await asked('/do');
  assert.deepEqual([got.status, got.headers.get('allow')], [405, 'POST']);
  const done = await asked('/do', 'POST', {
    body: '{"a":1}',
    headers: { 'content-type': 'application/json; charset=utf-8' },
  });
  assert.deepEqual([done.status, await done.json()], [200, { sent: { a: 1 } }]);
});

it('an address that is taken is an error with a code', async () => {
  await using first = await open({});
  await assert.rejects(open({ port: first.port }), { code: 'PROJ_HTTP_ADDRESS' });
});

describe('HTTP refuses', () => {
  const isJson = { 'content-type': 'application/json' };

  it('what asks by the name of another, as a page does whose name was made to lead here', async () => {
    await using server = await open({ names: ['ops.example.com'], reads: { '/': () => plain('') } });
    for (const [host, status] of [
      ['127.0.0.1', 200],
      ['[::1]:9464', 200],
      ['localhost:9464', 200],
      ['projector:9464', 200],
      ['ops.example.com', 200],
      ['OPS.example.com:443', 200],
      ['example.com', 403],
      ['ops.example.com.evil.test', 403],
      ['127.0.0.1.evil.test', 403],
      ['a b', 403],
    ] as const)
      assert.equal((await ask(server.port, { path: '/', headers: { host } })).status, status, host);
  });

  it('what a page of another origin asks to be done', async () => {
    await using server = await open({ actions: { '/do': () => json({}) }, reads: { '/': () => plain('') } });
    const host = `127.0.0.1:${server.port}`;
    for (const [headers, status] of [
      [{}, 200],
      [{ 'sec-fetch-site': 'same-origin', origin: 'https://behind.a.proxy' }, 200],
      [{ 'sec-fetch-site': 'none' }, 200],
      [{ 'sec-fetch-site': 'same-site' }, 403],
      [{ 'sec-fetch-site': 'cross-site' }, 403],
      [{ origin: `http://${host}` }, 200],
      [{ origin: 'http://evil.test' }, 403],
      [{ origin: 'null' }, 403],
    ] as const) {
      const { status: given } = await ask(server.port, { path: '/do', method: 'POST', headers });
      assert.equal(given, status, JSON.stringify(headers));
    }
    const link = await ask(server.port, { path: '/', headers: { 'sec-fetch-site': 'cross-site' } });
    assert.equal(link.status, 200);
  });

  it('what is no JSON, or too much of it', async () => {
    await using server = await open({ actions: { '/do': async ({ json: sent }) => json(await sent()) } });
    const post = (headers: Record<string, string>, body: string): Promise<Answer> =>
      ask(server.port, { path: '/do', method: 'POST', headers, body });
    const refused = { status: 403, code: 'PROJ_HTTP_REFUSED' };
    assert.deepEqual(await post({ 'content-type': 'text/plain', 'content-length': '2' }, '{}'), refused);
    assert.deepEqual(await post({ ...isJson, 'content-length': '1' }, '{'), refused);
    assert.deepEqual(await post({ ...isJson, 'transfer-encoding': 'chunked' }, '{}'), refused);
    const much = JSON.stringify('a'.repeat(70_000));
    assert.deepEqual(await post({ ...isJson, 'content-length': String(much.length) }, much), refused);
    assert.equal((await post({ ...isJson, 'content-length': '2' }, '{}')).status, 200);
  });
});
