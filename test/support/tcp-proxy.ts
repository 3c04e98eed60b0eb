import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/** How a link is. */
export type LinkState =
  | { readonly kind: 'open' }
  /** Connections end at once, those that there are and new ones. */
  | { readonly kind: 'cut' }
  /** Whatever is sent arrives this much later, and so does its answer. */
  | { readonly kind: 'delayed'; readonly ms: number }
  | { readonly kind: 'throttled'; readonly bytesPerSecond: number }
  /**
   * Half-open: connections stand, and nothing comes through. Those that live through it stay so for ever, whatever the
   * link is later, and neither side is told when the other goes: as when a router has forgotten them.
   */
  | { readonly kind: 'frozen' };

/** A link to a server, on loopback, that can be disturbed. Disposing closes it with all its connections. */
export interface TcpProxy extends AsyncDisposable {
  /** The server's URL by way of this link. */
  readonly url: string;
  /** How many connections have come so far. */
  readonly accepted: number;
  /** Disturbs the link, or mends it. */
  set(state: LinkState): void;
}

const open: LinkState = { kind: 'open' };
const never = new Promise<void>(() => undefined);

/** Opens a link to the server that a URL names. */
export async function openTcpProxy(serverUrl: string): Promise<TcpProxy> {
  const target = new URL(serverUrl);
  const sockets = new Set<Socket>();
  const frozen = new WeakSet<Socket>();
  let state: LinkState = open;
  let accepted = 0;

  /** Copies from one side to the other, as the link allows. */
  const relay = async (from: Socket, to: Socket): Promise<void> => {
    for await (const chunk of from as AsyncIterable<Buffer>) {
      if (state.kind === 'delayed') await sleep(state.ms);
      if (state.kind === 'throttled') await sleep((chunk.length / state.bytesPerSecond) * 1_000);
      if (frozen.has(from)) await never;
      if (!to.write(chunk)) await once(to, 'drain');
    }
    if (!frozen.has(from)) to.end();
  };

  const server = createServer({ allowHalfOpen: true }, (client) => {
    accepted++;
    if (state.kind === 'cut') {
      client.resetAndDestroy();
      return;
    }
    const upstream = connect({ host: target.hostname, port: Number(target.port), allowHalfOpen: true });
    for (const [socket, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      sockets.add(socket);
      if (state.kind === 'frozen') frozen.add(socket);
      const part = (): void => {
        if (!frozen.has(socket)) other.destroy();
      };
      socket.setNoDelay();
      socket.on('error', part);
      socket.on('close', () => {
        sockets.delete(socket);
        part();
      });
      relay(socket, other).catch(part);
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = new URL(serverUrl);
  url.hostname = '127.0.0.1';
  url.port = String((server.address() as AddressInfo).port);
  const cut = (): void => {
    for (const socket of sockets) socket.resetAndDestroy();
  };
  return {
    // Without the slash that URL adds where there is no path.
    url: serverUrl.endsWith('/') ? url.href : url.href.replace(/\/$/, ''),
    get accepted() {
      return accepted;
    },
    set(next) {
      state = next;
      if (state.kind === 'cut') cut();
      if (state.kind === 'frozen') for (const socket of sockets) frozen.add(socket);
    },
    [Symbol.asyncDispose]: async () => {
      cut();
      server.close();
      await once(server, 'close');
    },
  };
}
