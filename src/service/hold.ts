import { randomUUID } from 'node:crypto';
import { createHistory, type History } from '../checkpoint/history.ts';
import { nothingCovered, type Coverage } from '../checkpoint/coverage.ts';
import { decideStart, resyncRequired, type StartDecision } from '../checkpoint/start.ts';
import { createCheckpointStore, type CheckpointStore } from '../checkpoint/store.ts';
import type { Settings } from '../config/settings.ts';
import { basisOf, type Basis } from '../definition/basis.ts';
import { loadDefinitions, type Definition } from '../definition/load.ts';
import { hasRowSecurity, prepareDefinitions, type PreparedPlan } from '../definition/prepare.ts';
import type { IndexPlan } from '../definition/plan.ts';
import type { Origin } from '../loader/index-meta.ts';
import type { IndexAdmin, PhysicalIndex } from '../loader/indexes.ts';
import { ProjectorError } from '../ops/errors.ts';
import { failpoint } from '../ops/failpoint.ts';
import type { Logger } from '../ops/log.ts';
import type { Track } from '../replication/message.ts';
import { createPgoutputDecoder } from '../replication/pgoutput.ts';
import { readPublished } from '../replication/publication.ts';
import { createSlot, dropSlot, readSlot, slotBusy } from '../replication/slot.ts';
import { openStream, type ReplicationStream } from '../replication/stream.ts';
import { createWal2jsonDecoder } from '../replication/wal2json.ts';
import { createRouter, type Router } from '../router/router.ts';
import { sqlState, tryReplication } from '../servers/postgres.ts';
import type { Position } from '../shared/position.ts';
import { BeginAgainError } from './begin-again.ts';
import type { Connections } from './connections.ts';
import { chartCourses, courseInWords, definitionsOf, stuck, type ChartedCourse } from './courses.ts';
import { assertOurs, assertSlotIsOurs } from './ownership.ts';
import { findServiceProblems, mend } from './preflight.ts';
import { createRebuildMarker, type Rebuild, type RebuildMarker } from './rebuild.ts';
import { findRefusals, type RefusedIndex, type Refusals } from './refused-indexes.ts';
import { createReindexStore } from './reindexes.ts';
import { readServerIdentity, readWalSenderTimeout } from './server-identity.ts';
import { hasStatus } from './status.ts';
import { waitForTurn } from './turn.ts';

/** The slot, held: what a session works with. */
export interface Hold {
  /** Of all indexes that are followed, those that are being replaced among them. */
  readonly plan: PreparedPlan;
  /** What is to be done with each index that has a definition, by its name. */
  readonly courses: ReadonlyMap<string, ChartedCourse>;
  /** Those that are not made, since Elasticsearch refuses their definitions. */
  readonly refused: readonly RefusedIndex[];
  /** What the documents of each index rest on beside the rows, by the index's name. */
  readonly bases: ReadonlyMap<string, Basis>;
  readonly router: Router;
  readonly stream: ReplicationStream;
  readonly checkpoints: CheckpointStore;
  readonly rebuild: RebuildMarker;
  readonly origin: Origin;
  /** The indexes that all before `durable` is durable in; null: in every one. */
  readonly coverage: Coverage | null;
  /** All that ends at or before this is durable. */
  readonly durable: Position;
  readonly history: History;
}

/** The physical indexes that there are, by the alias of their definition. */
type FoundIndexes = ReadonlyMap<string, readonly PhysicalIndex[]>;

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
  /** What Elasticsearch has refused to make, in this session and those before. */
  readonly refusals: Refusals;
  /** When this process began, as its status says. */
  readonly startedAt: string;
  /** Whether a command does something once, which is to be about indexes that are there. */
  readonly isCommand: boolean;
  /** Whether everything may be made on an empty system. */
  readonly mayCreate: boolean;
  /** Whether the slot was made by this very start, in an earlier session. */
  readonly hasMadeSlot: boolean;
  /** Told that this start has made the slot, on an empty system. */
  readonly onSlotMade: (incarnation: string) => void;
  readonly log: Logger;
  readonly signal: AbortSignal;
}

/**
 * Prepares the plan and Postgres, decides where to start (invariant 7), and takes hold of the slot.
 *
 * @throws ProjectorError `PROJ_RESYNC_REQUIRED`, `PROJ_SLOT_BUSY`, `PROJ_PREFLIGHT`, `PROJ_NAME_TAKEN`,
 *   `PROJ_INDEX_FOREIGN`, or a definition's own;
 *   `PROJ_INDEX_REFUSED` where there is nothing to follow but what Elasticsearch refuses.
 */
export async function takeHold(options: HoldOptions): Promise<Hold> {
  const { settings, connections, indexes, isStandby, log, signal } = options;
  const { retry, redis, waits, inPostgres } = connections;
  const slot = settings.name;
  const checkpoints = createCheckpointStore(redis, settings.name, randomUUID());
  const marker = createRebuildMarker(redis, settings.name);

  // Another database's is none that may be waited for, or taken from whoever holds it.
  await inPostgres((client) => assertSlotIsOurs(client, slot));

  // Before anything is prepared: it might not be so any more after the wait.
  await waitForTurn({
    slot,
    readSlot: () => inPostgres((client) => readSlot(client, slot)),
    ownSenderPid: options.sender.pid,
    isStandby,
    isHolderAlive: () => retry.redis(() => hasStatus(redis, slot)),
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

  const prepare = (definitions: readonly Definition[]): Promise<PreparedPlan> =>
    inPostgres(async (client) => {
      const plan = await prepareDefinitions(client, definitions);
      const mended = await mend(client, await findServiceProblems(client, plan, settings));
      for (const sql of mended) log.info({ sql }, 'prepared Postgres');
      return plan;
    });
  const definitions = await loadDefinitions(settings.definitionsDir);
  const named = definitions.map(({ spec }) => ({ alias: spec.index }));
  let rebuild = await retry.redis(() => marker.read());
  const startsOver = rebuild ? null : options.startOver;
  await assertOurs({
    name: slot,
    defined: named,
    checkpoint: await retry.redis(() => checkpoints.read()),
    isRebuilding: rebuild !== null,
    dropsIndexes: startsOver === 'drop' || (rebuild !== null && rebuild.dropsIndexes && !rebuild.isCleared),
    startedAt: options.startedAt,
    indexes,
    redis,
    inPostgres,
    retry,
    signal,
  });
  const findIndexes = async (): Promise<FoundIndexes> =>
    new Map(
      await Promise.all(
        named.map(
          async (index) => [index.alias, await retry.elasticsearch(() => indexes.find(index))] as const,
        ),
      ),
    );

  /** Clears the way for a new beginning, or goes on with clearing it. */
  const clear = async (rebuild: Rebuild): Promise<Rebuild> => {
    if (rebuild.isCleared) return rebuild;
    log.warn({ dropsIndexes: rebuild.dropsIndexes }, 'building everything anew');
    await retry.redis(() => marker.write(rebuild));
    // Invariant 7: the checkpoint goes before a new slot comes.
    await retry.redis(() => checkpoints.clear());
    await inPostgres((client) => dropSlot(client, slot));
    if (rebuild.dropsIndexes)
      for (const index of named.filter(({ alias }) => !refusals.has(alias)))
        await retry.elasticsearch(() => indexes.drop(index));
    failpoint('after-drop');
    const cleared = { ...rebuild, isCleared: true };
    await retry.redis(() => marker.write(cleared));
    return cleared;
  };

  const decide = async (
    rebuild: Rebuild | null,
  ): Promise<{ decision: StartDecision; found: FoundIndexes }> => {
    const found = await findIndexes();
    const decision = decideStart({
      ...(await inPostgres(async (client) => ({
        server: await readServerIdentity(client),
        slot: await readSlot(client, slot),
      }))),
      plugin: settings.decoder,
      checkpoint: await retry.redis(() => checkpoints.read()),
      indexes: [...found.values()].flat().filter(({ isKept }) => !isKept),
      rebuilding: rebuild?.incarnation ?? null,
    });
    return { decision, found };
  };

  /** What is to be done with each index, now that it is known which of them belong to the slot. */
  const chart = async (
    defined: PreparedPlan,
    found: FoundIndexes,
    incarnation: string | null,
  ): Promise<ChartedCourse[]> => {
    const reindexes = createReindexStore(redis, slot);
    const courses = await chartCourses({
      defined: defined.indexes,
      find: ({ alias }) => Promise.resolve(found.get(alias) ?? []),
      readReindex: ({ alias }) => retry.redis(() => reindexes.read(alias)),
      inPostgres,
      refusals,
      incarnation,
      onChange: settings.definitionChanged,
    });
    for (const course of courses) {
      if (course.kind === 'stuck') throw stuck(course);
      const { index, what, refusal } = course;
      if (refusal && (course.kind === 'keep' || course.kind === 'refused'))
        log.error({ index: index.alias, code: refusal.code, reason: refusal.message }, courseInWords(course));
      if (what.length > 0) {
        const does = `its definition has changed: it ${courseInWords(course)}`;
        log.warn({ index: index.alias, changed: what }, does);
      }
    }
    return courses;
  };

  const anew = (how: StartOver): Rebuild => ({
    incarnation: randomUUID(),
    dropsIndexes: how === 'drop',
    isCleared: false,
  });
  if (options.isCommand && !options.hasMadeSlot && !rebuild)
    assertFound(settings, await decide(null), options.mayCreate);
  const defined = await prepare(definitions);
  /** Known before any index, or the slot, is made or dropped. */
  const refusals = await (async () => {
    const found = await findIndexes();
    const all = (index: IndexPlan): readonly PhysicalIndex[] => found.get(index.alias) ?? [];
    const refused = await findRefusals(
      defined.indexes,
      options.refusals,
      (index) => all(index).some(({ hash }) => hash === index.hash),
      (index) => retry.elasticsearch(() => indexes.tryOut(index)),
    );
    const [first] = refused.values();
    const isNothingElse = defined.indexes.every(
      (index) => refused.has(index.alias) && all(index).length === 0,
    );
    if (first && isNothingElse) throw first;
    return refused;
  })();

  if (startsOver) rebuild = anew(startsOver);
  if (rebuild) rebuild = await clear(rebuild);
  let { decision, found } = await decide(rebuild);
  const onResync =
    settings.shouldDropIndex && !options.isCommand
      ? 'drop'
      : rebuild || settings.resync === 'auto'
        ? 'beside'
        : null;
  if (decision.kind === 'resync' && onResync === 'beside' && decision.byHand && !rebuild)
    throw notByItself(decision.reason);
  if (decision.kind === 'resync' && onResync) {
    log.warn({ reason: decision.reason }, 'what is there does not belong together');
    rebuild = await clear(anew(onResync));
    ({ decision, found } = await decide(rebuild));
  }
  if (decision.kind === 'resync') throw resyncRequired(`cannot go on from where it was: ${decision.reason}`);

  const { incarnation: current } = decision;
  const courses = await chart(defined, found, decision.kind === 'resume' ? current : null);
  const inForce = definitionsOf(definitions, courses);
  const refusedCourses = courses.flatMap(({ kind, index, refusal }) =>
    refusal && (kind === 'keep' || kind === 'refused') ? [{ index, error: refusal }] : [],
  );
  const [nothingElse] = inForce.length === 0 ? refusedCourses : [];
  if (nothingElse) throw nothingElse.error;
  const isAsDefined =
    inForce.length === definitions.length && inForce.every((definition) => definitions.includes(definition));
  const plan = isAsDefined ? defined : await prepare(inForce);
  if (!hasRowSecurity(plan)) connections.refuseHiddenRows();
  const router = createRouter(plan);
  const track: Track = (table) => router.track(table);
  const decoder =
    settings.decoder === 'wal2json'
      ? createWal2jsonDecoder({ tables: plan.tables, track })
      : createPgoutputDecoder({ publication: slot, track });

  const start =
    decision.kind === 'resume'
      ? decision
      : await (async () => {
          await retry.redis(() => checkpoints.clear());
          // Where there can be no stream, no slot is to stay that keeps WAL.
          await retry.postgres(() => tryReplication(settings.databaseUrl, slot));
          const from = await inPostgres((client) => createSlot(client, slot, decoder.plugin));
          // By this process perhaps, which has not got the answer: then it begins where the slot does.
          if (from === null) throw new BeginAgainError(`the slot ${slot} has been made meanwhile`);
          const incarnation = decision.incarnation ?? randomUUID();
          if (!rebuild) options.onSlotMade(incarnation);
          failpoint('after-slot');
          const durable = { lsn: from, lastCommit: null };
          return { from, durable, incarnation, coverage: nothingCovered };
        })();
  const { systemIdentifier, timeline, database } = await inPostgres(readServerIdentity);
  const incarnation = start.incarnation ?? randomUUID();
  const { coverage } = start;
  const { bases, refused, walSenderTimeoutMs } = await inPostgres(async (client) => {
    const published = await readPublished(client, settings);
    return {
      bases: new Map(plan.indexes.map((index) => [index.name, basisOf(index, plan.catalog, published)])),
      refused: refusedCourses.map((one) => ({
        ...one,
        basis: basisOf(one.index, defined.catalog, published),
      })),
      walSenderTimeoutMs: await readWalSenderTimeout(client),
    };
  });

  const stream = await retry.postgres(() =>
    openStream({
      databaseUrl: settings.databaseUrl,
      slot,
      decoder,
      from: start.from,
      queueBytes: settings.queueBytes,
      walSenderTimeoutMs,
      silenceMs: settings.requestTimeoutMs,
    }).catch((error: unknown) => {
      throw sqlState(error) === '55006' ? slotBusy(slot, error) : error;
    }),
  );
  options.sender.pid = stream.senderPid;
  try {
    await retry.redis(() => checkpoints.takeOver());
    const origin = { systemIdentifier, timeline, database, incarnation };
    await retry.redis(() => checkpoints.store({ ...start.durable, origin, coverage }));
    return {
      plan,
      courses: new Map(courses.map((course) => [course.index.alias, course])),
      refused,
      bases,
      router,
      stream,
      checkpoints,
      rebuild: marker,
      origin,
      coverage,
      durable: start.durable,
      history: createHistory(start),
    };
  } catch (error) {
    await stream[Symbol.asyncDispose]();
    throw error;
  }
}

/** A command is about indexes that are there: under another prefix, or on another cluster, it is not to make others. */
function assertFound(
  { name, indexPrefix }: Settings,
  { decision, found }: { readonly decision: StartDecision; readonly found: FoundIndexes },
  mayCreate: boolean,
): void {
  if ([...found.values()].flat().length > 0) return;
  if (decision.kind === 'resync' || (decision.kind === 'create' && mayCreate)) return;
  const aliases = [...found.keys()].map((alias) => `${indexPrefix}${alias}`).join(', ');
  throw new ProjectorError(
    'PROJ_INDEX_MISSING',
    `none of the indexes that this command is about is one of the projector ${name}: ${aliases}`,
    'Look at INDEX_PREFIX, ELASTICSEARCH_URL and PROJECTOR_NAME. If they are as they should be, `projector run` builds ' +
      'the indexes.',
  );
}

function notByItself(reason: string): ProjectorError {
  return new ProjectorError(
    'PROJ_INDEX_FOREIGN',
    `RESYNC=auto does not replace these indexes, which may be those of a copy of this database: ${reason}`,
    "If they are this projector's, run `projector resync`. Else set another PROJECTOR_NAME or INDEX_PREFIX.",
  );
}
