import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { decideStart, type StartDecision } from '../checkpoint/start.ts';
import { createCheckpointStore, type CheckpointStore } from '../checkpoint/store.ts';
import type { Settings } from '../config/settings.ts';
import { preparePlan, type PreparedPlan } from '../definition/prepare.ts';
import type { IndexAdmin, Origin } from '../loader/indexes.ts';
import { ProjectorError } from '../ops/errors.ts';
import { failpoint } from '../ops/failpoint.ts';
import type { Logger } from '../ops/log.ts';
import type { TrackedTable } from '../replication/message.ts';
import { createPgoutputDecoder } from '../replication/pgoutput.ts';
import { createSlot, dropSlot, readSlot, slotBusy } from '../replication/slot.ts';
import { openStream, type ReplicationStream } from '../replication/stream.ts';
import { createWal2jsonDecoder } from '../replication/wal2json.ts';
import { createRouter, type Router } from '../router/router.ts';
import { sqlState, withClient } from '../servers/postgres.ts';
import type { Lsn } from '../shared/lsn.ts';
import type { Connections } from './connections.ts';
import { findProblems, mend } from './preflight.ts';
import { createRebuildMarker, type RebuildMarker } from './rebuild.ts';
import { readServerIdentity, readWalSenderTimeout } from './server-identity.ts';

/** The slot, held: what a session works with. */
export interface Hold {
  readonly plan: PreparedPlan;
  readonly router: Router;
  readonly stream: ReplicationStream;
  readonly checkpoints: CheckpointStore;
  readonly rebuild: RebuildMarker;
  readonly origin: Origin;
  /** All that ends at or before this is durable. */
  readonly durable: Lsn;
  readonly expectXid: number | null;
}

export interface HoldOptions {
  readonly settings: Settings;
  readonly connections: Connections;
  readonly indexes: IndexAdmin;
  /** Drop the indexes, the resume point and the slot first, unless a rebuild is under way already. */
  readonly dropFirst: boolean;
  readonly log: Logger;
  readonly signal: AbortSignal;
}

/** How long another holder is given to go away: a connection that has just died may still be noticed as such. */
const SLOT_PATIENCE_MS = 5_000;
const SLOT_POLL_MS = 100;

/**
 * Prepares the plan and Postgres, decides where to start (invariant 7), and takes hold of the slot.
 *
 * @throws ProjectorError `PROJ_RESYNC_REQUIRED`, `PROJ_SLOT_BUSY`, `PROJ_PREFLIGHT`, or a definition's own.
 */
export async function takeHold(options: HoldOptions): Promise<Hold> {
  const { settings, connections, indexes, dropFirst, log, signal } = options;
  const { retry, redis } = connections;
  const slot = settings.name;
  const checkpoints = createCheckpointStore(redis, settings.name, randomUUID());
  const rebuild = createRebuildMarker(redis, settings.name);

  const prepared = await retry.postgres(() =>
    withClient(settings.databaseUrl, `projector ${slot}`, async (client) => {
      const plan = await preparePlan(client, settings.definitionsDir);
      const mended = await mend(client, await findProblems(client, plan, settings));
      for (const sql of mended) log.info({ sql }, 'prepared Postgres');
      return { plan, walSenderTimeoutMs: await readWalSenderTimeout(client) };
    }),
  );
  const { plan } = prepared;
  const router = createRouter(plan);
  const track = (schema: string, name: string): TrackedTable | undefined => router.track(schema, name);
  const decoder =
    settings.decoder === 'wal2json'
      ? createWal2jsonDecoder({ tables: plan.tables, track })
      : createPgoutputDecoder({ publication: slot, track });

  const inPostgres = <T>(work: Parameters<typeof withClient<T>>[2]): Promise<T> =>
    retry.postgres(() => withClient(settings.databaseUrl, `projector ${slot}`, work));

  const findIndexes = async (): Promise<Awaited<ReturnType<IndexAdmin['find']>>> => {
    const found = await Promise.all(
      plan.indexes.map((index) => retry.elasticsearch(() => indexes.find(index))),
    );
    return found.flat();
  };

  const dropAll = async (): Promise<void> => {
    log.warn('dropping the indexes, the resume point and the slot, to build them anew');
    // Invariant 7: the checkpoint goes before a new slot comes.
    await retry.redis(() => checkpoints.clear());
    await inPostgres((client) => dropSlot(client, slot));
    for (const index of plan.indexes) await retry.elasticsearch(() => indexes.drop(index));
    failpoint('after-drop');
    await retry.redis(() => rebuild.begin());
  };

  const decide = async (): Promise<StartDecision> => {
    const facts = await inPostgres(async (client) => ({
      server: await readServerIdentity(client),
      slot: await readSlot(client, slot),
    }));
    if (facts.slot?.activePid) await slotToBeFree();
    return decideStart({
      ...facts,
      plugin: decoder.plugin,
      checkpoint: await retry.redis(() => checkpoints.read()),
      indexes: await findIndexes(),
    });
  };

  const slotToBeFree = async (): Promise<void> => {
    const deadline = Date.now() + SLOT_PATIENCE_MS;
    for (;;) {
      const state = await inPostgres((client) => readSlot(client, slot));
      if (!state?.activePid) return;
      if (Date.now() > deadline) throw slotBusy(slot, undefined);
      await delay(SLOT_POLL_MS, undefined, { signal });
    }
  };

  await slotToBeFree();
  const isRebuilding = await retry.redis(() => rebuild.isUnderWay());
  if (dropFirst && !isRebuilding) await dropAll();
  let decision = await decide();
  if (decision.kind === 'resync' && (settings.shouldDropIndex || isRebuilding)) {
    log.warn({ reason: decision.reason }, 'what is there does not belong together');
    await dropAll();
    decision = await decide();
  }
  if (decision.kind === 'resync') {
    throw new ProjectorError(
      'PROJ_RESYNC_REQUIRED',
      `cannot go on from where it was: ${decision.reason}`,
      'Rebuild once with ES_SHOULD_DROP_INDEX=TRUE: it makes a new slot and new indexes.',
    );
  }

  const start =
    decision.kind === 'resume'
      ? decision
      : await (async () => {
          await retry.redis(() => checkpoints.clear());
          const from = await inPostgres((client) => createSlot(client, slot, decoder.plugin));
          failpoint('after-slot');
          return { from, durable: from, expectXid: null, incarnation: null };
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
    }).catch((error: unknown) => {
      throw sqlState(error) === '55006' ? slotBusy(slot, error) : error;
    }),
  );
  try {
    await retry.redis(() => checkpoints.takeOver());
    const origin = { systemIdentifier, timeline, database, incarnation };
    await retry.redis(() => checkpoints.store({ lsn: start.durable, xid: start.expectXid, origin }));
    return {
      plan,
      router,
      stream,
      checkpoints,
      rebuild,
      origin,
      durable: start.durable,
      expectXid: start.expectXid,
    };
  } catch (error) {
    await stream[Symbol.asyncDispose]();
    throw error;
  }
}
