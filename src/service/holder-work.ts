import type { Settings } from '../config/settings.ts';
import { basisOf } from '../definition/basis.ts';
import { preparePart } from '../definition/part.ts';
import type { IndexPlan } from '../definition/plan.ts';
import { preparePlan, type PreparedPlan } from '../definition/prepare.ts';
import type { Origin } from '../loader/index-meta.ts';
import type { IndexAdmin } from '../loader/indexes.ts';
import { ProjectorError } from '../ops/errors.ts';
import { readPublished } from '../replication/publication.ts';
import type { Lsn } from '../shared/lsn.ts';
import type { Connections } from './connections.ts';
import type { Pipeline } from './pipeline.ts';
import { findProblems, mend } from './preflight.ts';
import { endReindex, newReindex, type ReindexStore } from './reindexes.ts';
import type { Snapshots } from './snapshots.ts';
import { findTarget, hasBefore, type BuildTarget } from './targets.ts';
import type { HolderWork } from './work.ts';

export interface HolderWorkOptions {
  readonly settings: Settings;
  readonly connections: Connections;
  readonly plan: PreparedPlan;
  readonly indexes: Pick<IndexAdmin, 'create'>;
  /** Of the slot that is held. */
  readonly origin: Origin;
  readonly targets: readonly BuildTarget[];
  readonly pipeline: Pipeline;
  readonly snapshots: Snapshots;
  readonly reindexes: ReindexStore;
  /** Settles once all that ends at or before it is durable. */
  readonly covered: (lsn: Lsn) => Promise<void>;
  /** Has another session follow this one, with the definitions and the indexes looked at anew. */
  readonly beginAgain: (why: string) => void;
}

/** What commands may ask of a session that follows the stream. */
export function createHolderWork(options: HolderWorkOptions): HolderWork {
  const { settings, connections, plan, indexes: admin, origin, targets, pipeline, snapshots } = options;
  const { reindexes, covered, beginAgain } = options;
  const { retry, inPostgres } = connections;
  const { deadLetters, newest, project } = pipeline;

  /** The definitions as they are now, once all is as they need it: the next session is to go on with them. */
  const prepareNext = (): Promise<PreparedPlan> =>
    inPostgres(async (client) => {
      const next = await preparePlan(client, settings.definitionsDir);
      await mend(client, await findProblems(client, next, settings));
      return next;
    });

  /** Made while the stream goes on, which the next session, that finds it, would keep waiting for it. */
  const create = async (index: IndexPlan, { catalog }: PreparedPlan): Promise<void> => {
    const published = await inPostgres((client) => readPublished(client, settings));
    const { parts } = basisOf(index, catalog, published);
    await retry.elasticsearch(() => admin.create(index, origin, parts));
  };

  return {
    snapshot: (indexes) => snapshots.run(indexes),

    async snapshotPart(name, where) {
      const { index } = findTarget(targets, name);
      await snapshots.runPart(name, await inPostgres((client) => preparePart(client, plan, index, where)));
    },

    async reindex({ id, indexes, keeps }) {
      const next = await prepareNext();
      const begun: (readonly [IndexPlan, ReturnType<typeof newReindex>])[] = [];
      for (const name of indexes) {
        const index = next.indexes.find(({ alias }) => alias === name) ?? unknown(name, next);
        const last = await retry.redis(() => reindexes.read(name));
        if (last?.id === id) continue;
        if (last?.state === 'running') throw underWay(name, last.startedAt);
        if (targets.some((target) => target.index.alias === name && snapshots.isBuilding(target)))
          throw refused(`the index ${name} is being built already`, 'Wait until it serves.');
        begun.push([index, newReindex({ id, isAskedFor: true, hash: index.hash, keeps }, new Date())]);
      }
      for (const [index] of begun) await create(index, next);
      for (const [{ alias }, reindex] of begun) await retry.redis(() => reindexes.write(alias, reindex));
      if (begun.length > 0) beginAgain('indexes are to be built anew');
    },

    async cancelReindex(indexes) {
      const chosen = indexes.length > 0 ? indexes : plan.indexes.map(({ alias }) => alias);
      let cancelled = 0;
      for (const name of new Set(chosen)) {
        const reindex = await retry.redis(() => reindexes.read(name));
        if (reindex?.state !== 'running') continue;
        if (!hasBefore(targets, { alias: name })) {
          throw refused(
            `the index that ${name} is to replace is not followed any more: its definition does not compile to the same`,
            'Let it go on.',
          );
        }
        if (!snapshots.cancel(findTarget(targets, name)))
          throw refused(
            `the new index of ${name} serves already`,
            'Give the old definition back, and reindex.',
          );
        await retry.redis(() => reindexes.write(name, endReindex(reindex, 'cancelled', new Date())));
        cancelled++;
      }
      if (cancelled === 0) throw nothingToCancel();
      beginAgain('the building of indexes was cancelled');
    },

    async reread(name, ids) {
      await newest();
      for (const target of targets.filter(
        ({ index }) => index.alias === findTarget(targets, name).index.alias,
      ))
        await project(target, ids);
    },

    dropDeadLetters: (physical, ids) => deadLetters.drop(physical, ids),

    alive: () => Promise.resolve(),
    covered,
  };
}

/** What commands may ask of a session that is paused: nothing that needs the stream. */
export function createPausedWork(error: ProjectorError): HolderWork {
  const refuse = (): Promise<never> => Promise.reject(error);
  return {
    snapshot: refuse,
    snapshotPart: refuse,
    reindex: refuse,
    cancelReindex: refuse,
    reread: refuse,
    dropDeadLetters: refuse,
    alive: refuse,
    covered: refuse,
  };
}

function unknown(name: string, { indexes }: PreparedPlan): never {
  throw new ProjectorError(
    'PROJ_USAGE',
    `there is no definition of ${name}`,
    `Choose from: ${indexes.map(({ alias }) => alias).join(', ')}.`,
  );
}

function underWay(name: string, since: string): ProjectorError {
  return refused(
    `the index ${name} is being built anew since ${since}`,
    `Wait until it serves (projector status), or give it up: projector reindex --cancel --index ${name}`,
  );
}

export function nothingToCancel(): ProjectorError {
  return refused('no index is being built anew', 'There is nothing to cancel.');
}

function refused(cause: string, fix: string): ProjectorError {
  return new ProjectorError('PROJ_REINDEX_REFUSED', cause, fix);
}
