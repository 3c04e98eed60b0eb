import assert from 'node:assert/strict';
import { it } from 'node:test';
import { json, openHttp, plain } from '../../src/ops/http.ts';

it('HTTP answers what there is, and says what there is not', async () => {
  await using server = await openHttp('127.0.0.1', 0, {
    '/well': () => plain('well\n'),
    '/ill': () => json({ ready: false }, 503),
    '/broken': () => Promise.reject(new Error('it broke')),
  });
  const ask = (path: string, method = 'GET'): Promise<Response> =>
    fetch(`http://127.0.0.1:${server.port}${path}`, { method });
  const well = await ask('/well?a=b');
  assert.deepEqual([well.status, await well.text()], [200, 'well\n']);
  assert.equal(well.headers.get('cache-control'), 'no-store');
  const head = await ask('/well', 'HEAD');
  assert.deepEqual([head.status, head.headers.get('content-length'), await head.text()], [200, '5', '']);
  const ill = await ask('/ill');
  assert.deepEqual([ill.status, await ill.json()], [503, { ready: false }]);
  assert.equal((await ask('/broken')).status, 500);
  const nothing = await ask('/constructor');
  assert.deepEqual([nothing.status, await nothing.text()], [404, 'There are: /well /ill /broken\n']);
  const post = await ask('/well', 'POST');
  assert.deepEqual([post.status, post.headers.get('allow')], [405, 'GET, HEAD']);
});

it('an address that is taken is an error with a code', async () => {
  await using first = await openHttp('127.0.0.1', 0, {});
  await assert.rejects(openHttp('127.0.0.1', first.port, {}), { code: 'PROJ_HTTP_ADDRESS' });
});
