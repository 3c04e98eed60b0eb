import { randomUUID } from 'node:crypto';
import { createHistory, type History } from '../checkpoint/history.ts';
import { decideStart, resyncRequired, type StartDecision } from '../checkpoint/start.ts';
import { createCheckpointStore, type CheckpointStore } from '../checkpoint/store.ts';
import type { Settings } from '../config/settings.ts';
import { basisOf, type Basis } from '../definition/basis.ts';
import { hasRowSecurity, preparePlan, type PreparedPlan } from '../definition/prepare.ts';
import type { IndexAdmin, Origin } from '../loader/indexes.ts';
import { failpoint } from '../ops/failpoint.ts';
import type { Logger } from '../ops/log.ts';
import type { Track } from '../replication/message.ts';
import { createPgoutputDecoder } from '../replication/pgoutput.ts';
import { readPublished } from '../replication/publication.ts';
import { createSlot, dropSlot, readSlot, slotBusy } from '../replication/slot.ts';
import { openStream, type ReplicationStream } from '../replication/stream.ts';
import { createWal2jsonDecoder } from '../replication/wal2json.ts';
import { createRouter, type Router } from '../router/router.ts';
import { sqlState, withClient } from '../servers/postgres.ts';
import type { Position } from '../shared/position.ts';
import { BeginAgainError } from './begin-again.ts';
import type { Connections } from './connections.ts';
import { findProblems, mend } from './preflight.ts';
import { createRebuildMarker, type Rebuild, type RebuildMarker } from './rebuild.ts';
import { readServerIdentity, readWalSenderTimeout } from './server-identity.ts';
import { readStatus } from './status.ts';
import { waitForTurn } from './turn.ts';

/** The slot, held: what a session works with. */
export interface Hold {
  readonly plan: PreparedPlan;
  /** What the documents of each index rest on beside the rows, by the index's name. */
  readonly bases: ReadonlyMap<string, Basis>;
  readonly router: Router;
  readonly stream: ReplicationStream;
  readonly checkpoints: CheckpointStore;
  readonly rebuild: RebuildMarker;
  readonly origin: Origin;
  /** All that ends at or before this is durable. */
  readonly durable: Position;
  readonly history: History;
}

/** How to build everything anew: the old indexes are dropped at once, or serve until the new ones are complete. */
export type StartOver = 'drop' | 'beside';

export interface HoldOptions {
  readonly settings: Settings;
  readonly connections: Connections;
  readonly indexes: IndexAdmin;
  /** Build everything anew, unless a rebuild is under way already. */
  readonly startOver: StartOver | null;
  /** Wait for as long as another holds the slot. */
  readonly isStandby: boolean;
  /** The process of the server that sends the stream: the last session's, and then this one's. */
  readonly sender: { pid: number | null };
  readonly log: Logger;
  readonly signal: AbortSignal;
}

/**
 * Prepares the plan and Postgres, decides where to start (invariant 7), and takes hold of the slot.
 *
 * @throws ProjectorError `PROJ_RESYNC_REQUIRED`, `PROJ_SLOT_BUSY`, `PROJ_PREFLIGHT`, or a definition's own.
 */
export async function takeHold(options: HoldOptions): Promise<Hold> {
  const { settings, connections, indexes, isStandby, log, signal } = options;
  const { retry, redis, waits } = connections;
  const slot = settings.name;
  const checkpoints = createCheckpointStore(redis, settings.name, randomUUID());
  const marker = createRebuildMarker(redis, settings.name);

  const inPostgres = <T>(work: Parameters<typeof withClient<T>>[2]): Promise<T> =>
    retry.postgres(() =>
      withClient(settings.databaseUrl, `projector ${slot}`, work, settings.requestTimeoutMs),
    );

  // Before anything is prepared: it might not be so any more after the wait.
  await waitForTurn({
    slot,
    readSlot: () => inPostgres((client) => readSlot(client, slot)),
    ownSenderPid: options.sender.pid,
    isStandby,
    isHolderAlive: async () => (await retry.redis(() => readStatus(redis, slot))) !== null,
    endHolder: async (pid) => {
      log.warn({ pid }, 'the holder of the slot is silent; ending its connection');
      await inPostgres((client) => client.query('select pg_terminate_backend($1)', [pid]));
    },
    onWait: () => {
      waits.set('slot', 'another process to let go of it');
      log.info({ slot }, isStandby ? 'standing by' : 'waiting for the slot to be free');
    },
    now: () => performance.now(),
    signal,
  }).finally(() => waits.delete('slot'));

  const prepared = await inPostgres(async (client) => {
    const plan = await preparePlan(client, settings.definitionsDir);
    const mended = await mend(client, await findProblems(client, plan, settings));
    for (const sql of mended) log.info({ sql }, 'prepared Postgres');
    const published = await readPublished(client, settings);
    const bases = new Map(plan.indexes.map((index) => [index.name, basisOf(index, plan.catalog, published)]));
    return { plan, bases, walSenderTimeoutMs: await readWalSenderTimeout(client) };
  });
  const { plan, bases } = prepared;
  if (!hasRowSecurity(plan)) connections.refuseHiddenRows();
  const router = createRouter(plan);
  const track: Track = (table) => router.track(table);
  const decoder =
    settings.decoder === 'wal2json'
      ? createWal2jsonDecoder({ tables: plan.tables, track })
      : createPgoutputDecoder({ publication: slot, track });

  const findIndexes = async (): Promise<Awaited<ReturnType<IndexAdmin['find']>>> => {
    const found = await Promise.all(
      plan.indexes.map((index) => retry.elasticsearch(() => indexes.find(index))),
    );
    return found.flat();
  };

  /** Clears the way for a new beginning, or goes on with clearing it. */
  const clear = async (rebuild: Rebuild): Promise<Rebuild> => {
    if (rebuild.isCleared) return rebuild;
    log.warn({ dropsIndexes: rebuild.dropsIndexes }, 'building everything anew');
    await retry.redis(() => marker.write(rebuild));
    // Invariant 7: the checkpoint goes before a new slot comes.
    await retry.redis(() => checkpoints.clear());
    await inPostgres((client) => dropSlot(client, slot));
    if (rebuild.dropsIndexes)
      for (const index of plan.indexes) await retry.elasticsearch(() => indexes.drop(index));
    failpoint('after-drop');
    const cleared = { ...rebuild, isCleared: true };
    await retry.redis(() => marker.write(cleared));
    return cleared;
  };

  const decide = async (rebuild: Rebuild | null): Promise<StartDecision> =>
    decideStart({
      ...(await inPostgres(async (client) => ({
        server: await readServerIdentity(client),
        slot: await readSlot(client, slot),
      }))),
      plugin: decoder.plugin,
      checkpoint: await retry.redis(() => checkpoints.read()),
      indexes: await findIndexes(),
      rebuilding: rebuild?.incarnation ?? null,
    });

  const anew = (how: StartOver): Rebuild => ({
    incarnation: randomUUID(),
    dropsIndexes: how === 'drop',
    isCleared: false,
  });
  let rebuild = await retry.redis(() => marker.read());
  if (!rebuild && options.startOver) rebuild = anew(options.startOver);
  if (rebuild) rebuild = await clear(rebuild);
  let decision = await decide(rebuild);
  const onResync = settings.shouldDropIndex
    ? 'drop'
    : rebuild || settings.resync === 'auto'
      ? 'beside'
      : null;
  if (decision.kind === 'resync' && onResync) {
    log.warn({ reason: decision.reason }, 'what is there does not belong together');
    rebuild = await clear(anew(onResync));
    decision = await decide(rebuild);
  }
  if (decision.kind === 'resync') throw resyncRequired(`cannot go on from where it was: ${decision.reason}`);

  const start =
    decision.kind === 'resume'
      ? decision
      : await (async () => {
          await retry.redis(() => checkpoints.clear());
          const from = await inPostgres((client) => createSlot(client, slot, decoder.plugin));
          // By this process perhaps, which has not got the answer: then it begins where the slot does.
          if (from === null) throw new BeginAgainError(`the slot ${slot} has been made meanwhile`);
          failpoint('after-slot');
          return { from, durable: { lsn: from, lastCommit: null }, incarnation: decision.incarnation };
        })();
  const { systemIdentifier, timeline, database } = await inPostgres(readServerIdentity);
  const incarnation = start.incarnation ?? randomUUID();

  const stream = await retry.postgres(() =>
    openStream({
      databaseUrl: settings.databaseUrl,
      slot,
      decoder,
      from: start.from,
      queueBytes: settings.queueBytes,
      walSenderTimeoutMs: prepared.walSenderTimeoutMs,
      silenceMs: settings.requestTimeoutMs,
    }).catch((error: unknown) => {
      throw sqlState(error) === '55006' ? slotBusy(slot, error) : error;
    }),
  );
  options.sender.pid = stream.senderPid;
  try {
    await retry.redis(() => checkpoints.takeOver());
    const origin = { systemIdentifier, timeline, database, incarnation };
    await retry.redis(() => checkpoints.store({ ...start.durable, origin }));
    return {
      plan,
      bases,
      router,
      stream,
      checkpoints,
      rebuild: marker,
      origin,
      durable: start.durable,
      history: createHistory(start),
    };
  } catch (error) {
    await stream[Symbol.asyncDispose]();
    throw error;
  }
}
