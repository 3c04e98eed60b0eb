import { ProjectorError } from '../ops/errors.ts';

/** Which server a wait or an error is about, for people: `waiting for elasticsearch`. */
export type ServerName = 'postgres' | 'redis' | 'elasticsearch';

export const serverNames: readonly ServerName[] = ['postgres', 'redis', 'elasticsearch'];

/** A server and its address: `host:port`, never with a login; null where that is not known. */
export interface ServerAddress {
  readonly server: ServerName;
  readonly address: string | null;
}

const WHERE: unique symbol = Symbol('where');

/**
 * Notes on an error which server it came from, for `describeError`, unless that is known. Gives the error back. A coded
 * error says all that there is to say.
 */
export function nameServer<E>(error: E, where: ServerAddress): E {
  if (error instanceof Error && !(error instanceof ProjectorError) && !serverOf(error))
    Object.defineProperty(error, WHERE, { value: where });
  return error;
}

/** The server that an error came from; undefined where it came from none. */
export function serverOf(error: unknown): ServerAddress | undefined {
  return error instanceof Error ? (error as { readonly [WHERE]?: ServerAddress })[WHERE] : undefined;
}

/** `redis at 127.0.0.1:6379`. */
export function formatServer({ server, address }: ServerAddress): string {
  return address === null ? server : `${server} at ${address}`;
}

/** What went wrong, on one line, and with which server where it was one. */
export function describeError(error: unknown): string {
  const where = serverOf(error);
  return where ? `${formatServer(where)}: ${reasonOf(error)}` : reasonOf(error);
}

/** Whole pages may come as an error's message. */
const MAX_REASON = 300;

/** An error's message on one line. One for a name with several addresses has its message in those for each of them. */
export function reasonOf(error: unknown): string {
  if (error instanceof AggregateError) return error.errors.map(reasonOf).join('; ');
  const text = error instanceof Error ? error.message : String(error);
  const line = text.replaceAll(/\s+/g, ' ').trim();
  return line.length > MAX_REASON ? `${line.slice(0, MAX_REASON)}…` : line;
}
