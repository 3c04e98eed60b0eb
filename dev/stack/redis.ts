import { once } from 'node:events';
import { mkdir } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { findRedis } from './redis-program.ts';
import { openServer, type Server, type ServerOptions } from './server.ts';

export interface RedisOptions extends ServerOptions {
  /** Settings on top of the usual ones. */
  readonly settings?: Readonly<Record<string, string | number>>;
}

/** A handle on the Redis in the folder, which may be running already; it is not started here. */
export function openRedis({ settings: own, ...options }: RedisOptions): Promise<Server> {
  return openServer(
    {
      name: 'Redis',
      url: (port) => `redis://127.0.0.1:${port}`,
      command: async (folder, port) => {
        const data = join(folder, 'data');
        await mkdir(data, { recursive: true });
        const settings = { port, bind: '127.0.0.1', dir: data, save: '', appendonly: 'yes', ...own };
        const args = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, String(value)]);
        return { file: await findRedis(), args };
      },
      probe: ping,
      startTimeoutMs: 30_000,
      endings: [{ signal: 'SIGTERM', timeoutMs: 10_000 }],
      abandonSignal: 'SIGTERM',
    },
    options,
  );
}

/** @see https://redis.io/docs/latest/develop/reference/protocol-spec/#inline-commands */
async function ping(port: number): Promise<void> {
  const signal = AbortSignal.timeout(1_000);
  const socket = connect({ port, host: '127.0.0.1', signal });
  try {
    await once(socket, 'connect', { signal });
    socket.write('PING\r\n');
    const [reply] = (await once(socket, 'data', { signal })) as [Buffer];
    if (!reply.toString().startsWith('+PONG')) throw new Error(`Redis says ${reply.toString().trim()}`);
  } finally {
    socket.destroy();
  }
}
