import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { describe, it } from 'node:test';
import { openTcpProxy } from './tcp-proxy.ts';
import { waitFor } from './wait.ts';

describe('a link that can be disturbed', () => {
  it('carries both ways, and its end', async () => {
    await using echo = await openEcho();
    await using proxy = await openTcpProxy(echo.url);
    const client = dial(proxy.url);
    client.socket.write('Solaris');
    await waitFor(() => client.received === 'Solaris');
    client.socket.end();
    await once(client.socket, 'close');
  });

  it('that is cut ends what there is, and takes nothing new', async () => {
    await using echo = await openEcho();
    await using proxy = await openTcpProxy(echo.url);
    const client = dial(proxy.url);
    proxy.set({ kind: 'cut' });
    await waitFor(() => client.socket.destroyed && echo.connections === 0);
    const another = dial(proxy.url);
    await waitFor(() => another.socket.destroyed);
    assert.equal(echo.connections, 0);
  });

  it('that is delayed or throttled carries the same later', async () => {
    await using echo = await openEcho();
    await using proxy = await openTcpProxy(echo.url);
    const client = dial(proxy.url);
    for (const state of [
      { kind: 'delayed', ms: 50 },
      { kind: 'throttled', bytesPerSecond: 100 },
    ] as const) {
      proxy.set(state);
      client.received = '';
      const before = performance.now();
      client.socket.write('Stalker...');
      await waitFor(() => client.received === 'Stalker...');
      assert.ok(performance.now() - before >= 90, `it took ${performance.now() - before} ms only`);
    }
    client.socket.destroy();
  });

  it('that was half-open lets its connections never go on, and tells neither side', async () => {
    await using echo = await openEcho();
    await using proxy = await openTcpProxy(echo.url);
    const client = dial(proxy.url);
    client.socket.write('1');
    await waitFor(() => client.received === '1');
    proxy.set({ kind: 'frozen' });
    const meanwhile = dial(proxy.url);
    for (const { socket } of [client, meanwhile]) socket.write('2');
    await waitFor(() => echo.connections === 2);
    proxy.set({ kind: 'open' });
    const later = dial(proxy.url);
    later.socket.write('3');
    await waitFor(() => later.received === '3');
    assert.deepEqual([client.received, meanwhile.received], ['1', '']);
    client.socket.destroy();
    later.socket.destroy();
    await waitFor(() => echo.connections === 2);
    assert.equal(meanwhile.socket.destroyed, false);
  });
});

interface Echo extends AsyncDisposable {
  readonly url: string;
  readonly connections: number;
}

async function openEcho(): Promise<Echo> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket)).on('error', () => undefined);
    socket.pipe(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `tcp://127.0.0.1:${(server.address() as AddressInfo).port}`,
    get connections() {
      return sockets.size;
    },
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

function dial(url: string): { readonly socket: Socket; received: string } {
  const socket = connect({ host: '127.0.0.1', port: Number(new URL(url).port) });
  const client = { socket, received: '' };
  socket.on('error', () => undefined);
  socket.setEncoding('utf8').on('data', (text: string) => (client.received += text));
  return client;
}
