import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import pg from 'pg';
import { connectionConfig } from './postgres-connection.ts';

export interface SilenceOptions {
  readonly databaseUrl: string;
  readonly applicationName: string;
  /** The connection is looked into after one to two times of this, in milliseconds. */
  readonly silenceMs: number;
  /** Told instead of destroying the connection. */
  readonly onSilence?: () => void;
}

/**
 * Watches a connection from which something is awaited; gives a function that ends the watch. When nothing has come
 * from it for a while, Postgres is asked, on another connection, whether its backend is at work. If so, it may take its
 * time, however long. If not, or if there is no answer to that either, the connection is half-open (forgotten by
 * something between, which no TCP keepalive finds when it is a proxy), and is destroyed: then what waits for it fails
 * as with any broken connection.
 */
export function watchSilence(client: pg.Client, options: SilenceOptions): () => void {
  const socket = client.connection.stream as Duplex & Pick<Socket, 'bytesRead' | 'isPaused' | 'destroy'>;
  const state = { bytesRead: socket.bytesRead, isAsking: false, isOver: false };
  const look = async (): Promise<void> => {
    const hasSpoken = (): boolean => socket.bytesRead !== state.bytesRead || socket.isPaused();
    if (hasSpoken() || (await isAtWork(client, options)) || hasSpoken() || state.isOver) {
      state.bytesRead = socket.bytesRead;
      return;
    }
    if (options.onSilence) options.onSilence();
    else socket.destroy(new Error('connection terminated: it is silent'));
  };
  const timer = setInterval(() => {
    if (state.isAsking) return;
    state.isAsking = true;
    void look().finally(() => (state.isAsking = false));
  }, options.silenceMs);
  return () => {
    state.isOver = true;
    clearInterval(timer);
  };
}

/** The process that serves a connection. */
export function backendPid(client: pg.Client): number {
  // The type definitions lack it.
  return (client as unknown as { processID: number | null }).processID ?? 0;
}

/** Whether the client's backend does something other than wait for a client: to be asked, or to be read from. */
async function isAtWork(watched: pg.Client, options: SilenceOptions): Promise<boolean> {
  const { databaseUrl, applicationName, silenceMs } = options;
  const client = new pg.Client({
    ...connectionConfig(databaseUrl, applicationName, silenceMs),
    query_timeout: silenceMs,
  });
  client.on('error', () => undefined);
  try {
    await client.connect();
    const { rowCount } = await client.query(
      `select from pg_stat_activity
       where pid = $1 and (wait_event_type is null or wait_event_type not in ('Client', 'Activity'))`,
      [backendPid(watched)],
    );
    return rowCount === 1;
  } catch {
    return false;
  } finally {
    client.connection.stream.destroy();
  }
}
