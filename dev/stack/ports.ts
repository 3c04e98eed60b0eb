import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';

/** Below the range that systems take the ports of outgoing connections from, so that a stopped server finds its own again. */
const lowest = 20_000;
const highest = 32_000;

/** The first of `preferred` that nobody listens on, else a random free one. */
export async function choosePort(preferred: readonly number[] = []): Promise<number> {
  for (const port of preferred) {
    if (await isFree(port)) return port;
  }
  for (;;) {
    const port = randomInt(lowest, highest);
    if (await isFree(port)) return port;
  }
}

function isFree(port: number): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const server = createServer();
  server.once('error', () => resolve(false));
  server.listen({ port, host: '127.0.0.1', exclusive: true }, () => server.close(() => resolve(true)));
  return promise;
}
