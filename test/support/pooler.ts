import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

/** What a pooler does with a connection that begins. */
export type PoolerManner =
  /** It refuses the start-up parameter `options`, as PgBouncer does unless told otherwise. */
  | 'refuses options'
  /** It leaves it out, as with `ignore_startup_parameters = options`. */
  | 'ignores options'
  /** It carries ordinary connections only. */
  | 'refuses replication';

/** What stands before a Postgres and treats start-up packets as a pooler does. Disposing closes it. */
export interface Pooler extends AsyncDisposable {
  /** The Postgres' URL by way of it. */
  readonly url: string;
}

/** https://www.postgresql.org/docs/current/protocol-message-formats.html#PROTOCOL-MESSAGE-FORMATS-STARTUPMESSAGE */
export async function openPooler(databaseUrl: string, manner: PoolerManner): Promise<Pooler> {
  const target = new URL(databaseUrl);
  const sockets = new Set<Socket>();
  const server = createServer((client) => {
    const upstream = connect({ host: target.hostname, port: Number(target.port) });
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on('error', () => socket.destroy()).on('close', () => sockets.delete(socket));
    }
    client.on('close', () => upstream.destroy());
    upstream.on('close', () => client.destroy());
    client.once('data', (packet) => {
      const parameters = readParameters(packet);
      const refused =
        (manner === 'refuses options' && parameters.has('options') && 'options') ||
        (manner === 'refuses replication' && parameters.has('replication') && 'replication');
      if (refused) {
        client.end(errorMessage(`unsupported startup parameter: ${refused}`));
        return;
      }
      if (manner === 'ignores options') parameters.delete('options');
      upstream.write(startupMessage(parameters));
      client.pipe(upstream).pipe(client);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = new URL(databaseUrl);
  url.hostname = '127.0.0.1';
  url.port = String((server.address() as AddressInfo).port);
  return {
    url: url.href,
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

function readParameters(packet: Buffer): Map<string, string> {
  // Its length and the protocol's version come first.
  const texts = packet.subarray(8).toString('utf8').split('\0');
  const parameters = new Map<string, string>();
  for (let at = 0; texts[at]; at += 2) parameters.set(texts[at] ?? '', texts[at + 1] ?? '');
  return parameters;
}

function startupMessage(parameters: ReadonlyMap<string, string>): Buffer {
  const text = [...parameters].map(([name, value]) => `${name}\0${value}\0`);
  const body = Buffer.concat([Buffer.from([0, 3, 0, 0]), Buffer.from(`${text.join('')}\0`)]);
  return framed(body);
}

function errorMessage(message: string): Buffer {
  const fields = Buffer.from(`SFATAL\0VFATAL\0C08P01\0M${message}\0\0`);
  return Buffer.concat([Buffer.from('E'), framed(fields)]);
}

function framed(body: Buffer): Buffer {
  const length = Buffer.alloc(4);
  length.writeInt32BE(body.length + 4);
  return Buffer.concat([length, body]);
}
