import { connect, type NetConnectOpts } from 'node:net';

const TIMEOUT_MS = 1_000;

/** What a server says first to whoever sends it these bytes, a byte a character; null where it says nothing. */
export function firstAnswer(address: NetConnectOpts, bytes: string | Buffer): Promise<string | null> {
  const { promise, resolve } = Promise.withResolvers<string | null>();
  const socket = connect({ ...address, timeout: TIMEOUT_MS }, () => socket.write(bytes));
  socket.once('data', (answer) => resolve(answer.toString('latin1')));
  const isSilent = (): void => resolve(null);
  socket.once('error', isSilent).once('timeout', isSilent).once('close', isSilent);
  return promise.finally(() => socket.destroy());
}
