import { LogicalReplicationService } from 'pg-logical-replication';
import type { Socket } from 'node:net';
import type { Client } from 'pg';
import { nameServer } from '../servers/named-errors.ts';
import { connectionConfig, postgresAddress } from '../servers/postgres-connection.ts';
import { beginSession, explainRefusedConnection } from '../servers/postgres-session.ts';
import { isShuttingDown } from '../servers/postgres.ts';
import { backendPid, watchSilence } from '../servers/silence.ts';
import { formatLsn, maxLsn, parseLsn, type Lsn } from '../shared/lsn.ts';
import type { Decoder, ReplicationMessage } from './message.ts';

export interface StreamOptions {
  readonly databaseUrl: string;
  readonly slot: string;
  readonly decoder: Decoder;
  /** Where to start: nothing before it is needed again. It is what is acknowledged until something newer is. */
  readonly from: Lsn;
  /** The socket is not read while more than this many bytes of messages wait. */
  readonly queueBytes: number;
  /** The `wal_sender_timeout` of the role's sessions in milliseconds; 0 when there is none. */
  readonly walSenderTimeoutMs: number;
  /** A connection that is silent for longer, although asked to answer, is looked into, in milliseconds. */
  readonly silenceMs: number;
}

export interface ReplicationStream extends AsyncDisposable {
  /**
   * The messages that have come since the last call, in order, at least one, at most `limit`. Rejects when the stream
   * has failed, after all that came before the failure was read.
   */
  read(limit: number, signal: AbortSignal): Promise<ReplicationMessage[]>;
  /** Throws when the stream has failed, whether all that came before was read or not. */
  assertStreaming(): void;
  /** Tells the server that all up to here is durable; a smaller LSN than before is ignored. */
  acknowledge(lsn: Lsn): void;
  /** Bytes of messages that wait to be read. */
  readonly queuedBytes: number;
  /** The process of the server that sends the stream. */
  readonly senderPid: number;
}

const LIVENESS_MS = 10_000;
/** A role may have one that no pause of a busy process is shorter than. */
const MIN_WAL_SENDER_TIMEOUT_MS = 5_000;
const CLOSE_TIMEOUT_MS = 5_000;
/** What the queue is charged for a message beside its own bytes. */
const MESSAGE_OVERHEAD_BYTES = 200;

/**
 * Follows a slot through pg-logical-replication, used the one way that loses nothing: no automatic and no timed
 * acknowledgement of the library's (both confirm work that is only received), messages queued here in bytes, and our
 * own timer that repeats the last durable LSN, whatever the pipeline does, well within `wal_sender_timeout`.
 * https://www.postgresql.org/docs/current/protocol-replication.html
 *
 * Resolves once the server streams; rejects with its error when it refuses (slot busy: SQLSTATE 55006).
 */
export async function openStream(options: StreamOptions): Promise<ReplicationStream> {
  const { databaseUrl, slot, decoder, from, queueBytes, silenceMs } = options;
  const where = postgresAddress(databaseUrl);
  // 0 is for none.
  const isTooShort = options.walSenderTimeoutMs > 0 && options.walSenderTimeoutMs < MIN_WAL_SENDER_TIMEOUT_MS;
  const walSenderTimeoutMs = isTooShort ? MIN_WAL_SENDER_TIMEOUT_MS : options.walSenderTimeoutMs;
  const livenessMs = Math.min(LIVENESS_MS, silenceMs / 4, (walSenderTimeoutMs || Infinity) / 4);
  const config = connectionConfig(databaseUrl, slot, silenceMs, {
    wal_sender_timeout: `${walSenderTimeoutMs}ms`,
  });
  const service = new LogicalReplicationService(config, {
    acknowledge: { auto: false, timeoutSeconds: 0 },
  });

  let queue: ReplicationMessage[] = [];
  let sizes: number[] = [];
  let queuedBytes = 0;
  let paused = false;
  let failure: Error | undefined;
  let wake: (() => void) | undefined;
  let connection: Client | undefined;
  let stopWatching: (() => void) | undefined;
  const socket = (): Socket | undefined => connection?.connection.stream as Socket | undefined;

  const started = Promise.withResolvers<undefined>();
  const fail = (error: Error): void => {
    failure ??= nameServer(error, where);
    started.reject(error);
    wake?.();
  };
  const push = (message: ReplicationMessage, bytes: number): void => {
    queue.push(message);
    sizes.push(bytes);
    queuedBytes += bytes;
    if (queuedBytes > queueBytes && !paused) {
      paused = true;
      socket()?.pause();
    }
    wake?.();
  };

  let durable = from;
  const reply = (ping: boolean): void => {
    // The library sends one more than it is given, so the exact LSN (invariant 6) is asked for as its predecessor.
    service.acknowledge(formatLsn(durable - 1n), ping).catch(fail);
  };

  let isAsking = false;
  /**
   * A Postgres that shuts down waits until its walsenders' clients have acknowledged everything, and asks them to, again
   * and again. What waits for Elasticsearch is not acknowledged for as long as that takes, so the stream makes way.
   */
  const leaveIfShuttingDown = async (): Promise<void> => {
    if (isAsking) return;
    isAsking = true;
    if (await isShuttingDown(databaseUrl, slot))
      fail(new Error('connection terminated: Postgres shuts down'));
    isAsking = false;
  };

  service.on('error', fail);
  service.on('data', (_lsn, parsed: DecodedMessage | null) => {
    if (parsed === null || failure) return;
    if ('error' in parsed) fail(parsed.error);
    else push(parsed.message, parsed.bytes + MESSAGE_OVERHEAD_BYTES);
  });
  service.on('heartbeat', (lsn, _time, shouldRespond) => {
    push({ tag: 'keepalive', walEnd: parseLsn(lsn) }, MESSAGE_OVERHEAD_BYTES);
    if (!shouldRespond) return;
    reply(false);
    void leaveIfShuttingDown();
  });

  service.on('start', () => {
    socket()?.once('close', () =>
      fail(new Error('connection terminated: the replication connection closed')),
    );
    started.resolve(undefined);
  });
  const onConnect = async (client: Client): Promise<void> => {
    connection = client;
    stopWatching = watchSilence(client, {
      databaseUrl,
      applicationName: slot,
      silenceMs,
      onSilence: () => fail(new Error('connection terminated: the replication connection is silent')),
    });
    await beginSession(client, where);
  };
  service.subscribe(asPlugin(decoder, onConnect), slot, formatLsn(from)).then(
    () => fail(new Error('connection terminated: the server ended the replication stream')),
    (error: unknown) => fail(error instanceof Error ? error : new Error(String(error))),
  );
  const close = async (): Promise<void> => {
    clearInterval(liveness);
    stopWatching?.();
    socket()?.resume();
    const timeout = setTimeout(() => socket()?.destroy(), CLOSE_TIMEOUT_MS);
    await service.destroy().catch(() => undefined);
    clearTimeout(timeout);
  };
  const liveness = setInterval(() => reply(true), livenessMs);
  try {
    await started.promise;
  } catch (error) {
    await close();
    throw await explainRefusedConnection(error, where, config);
  }

  return {
    async read(limit, signal) {
      while (queue.length === 0) {
        if (failure) throw failure;
        signal.throwIfAborted();
        const woken = Promise.withResolvers<undefined>();
        wake = () => woken.resolve(undefined);
        signal.addEventListener('abort', wake, { once: true });
        await woken.promise;
        signal.removeEventListener('abort', wake);
        wake = undefined;
      }
      signal.throwIfAborted();
      const taken = queue.length <= limit ? queue : queue.slice(0, limit);
      queue = queue.length <= limit ? [] : queue.slice(limit);
      for (const bytes of sizes.slice(0, taken.length)) queuedBytes -= bytes;
      sizes = sizes.slice(taken.length);
      if (paused && queuedBytes < queueBytes / 2) {
        paused = false;
        socket()?.resume();
      }
      return taken;
    },
    assertStreaming() {
      if (failure) throw failure;
    },
    acknowledge(lsn) {
      if (lsn <= durable) return;
      durable = maxLsn(durable, lsn);
      reply(false);
    },
    get queuedBytes() {
      return queuedBytes;
    },
    senderPid: connection ? backendPid(connection) : 0,
    [Symbol.asyncDispose]: close,
  };
}

type DecodedMessage =
  { readonly message: ReplicationMessage; readonly bytes: number } | { readonly error: Error };

type Plugin = Parameters<LogicalReplicationService['subscribe']>[0];

/**
 * In SQL_ASCII a value may be any bytes. As UTF-8, which Postgres would check, one such value in a column that nobody reads
 * ends the stream for good.
 * https://www.postgresql.org/docs/current/multibyte.html
 */
const acceptAnyBytes = `
  select set_config('client_encoding', 'SQL_ASCII', false)
  where current_setting('server_encoding') = 'SQL_ASCII'`;

/** The library calls a plugin inside the socket's event handler, where an exception would end the process. */
function asPlugin(decoder: Decoder, onConnect: (client: Client) => Promise<void>): Plugin {
  // The library does not export its AbstractPlugin, of which it uses only the shape.
  return {
    options: null,
    name: decoder.plugin,
    async start(client, slot, from) {
      await onConnect(client);
      await client.query(acceptAnyBytes);
      return decoder.start(client, slot, from);
    },
    parse(buffer): DecodedMessage | null {
      try {
        const message = decoder.decode(buffer);
        return message && { message, bytes: buffer.length };
      } catch (error) {
        return { error: error instanceof Error ? error : new Error(String(error)) };
      }
    },
  };
}
