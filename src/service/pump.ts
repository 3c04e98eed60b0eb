import type { Debouncer } from '../debouncer/debouncer.ts';
import { ProjectorError } from '../ops/errors.ts';
import type { Gate } from '../replication/gate.ts';
import type { TrackedTable } from '../replication/message.ts';
import type { ReplicationStream } from '../replication/stream.ts';
import { pages, type QueryRows } from '../router/pages.ts';
import type { Router } from '../router/router.ts';
import { keyToId } from '../shared/document-key.ts';
import { formatLsn, maxLsn, type Lsn } from '../shared/lsn.ts';
import type { Dispatcher } from './dispatcher.ts';

/** The last commit that everything up to has been handed to the debouncer; `xid` is null for an idle advance. */
export interface CoveredCommit {
  readonly lsn: Lsn;
  readonly xid: number | null;
}

export interface PumpOptions {
  readonly stream: ReplicationStream;
  readonly gate: Gate;
  readonly router: Router;
  readonly debouncer: Debouncer;
  readonly dispatcher: Dispatcher;
  readonly query: QueryRows;
  /** Pages every id that an index's root or its physical index has; for a TRUNCATE. */
  readonly allIds: (index: string, isRoot: boolean) => AsyncIterable<readonly string[]>;
  /** All that ends at or before this is durable already. */
  readonly durable: Lsn;
  /** The transaction that has to come by, ending at `durable`, before any later one (invariant 7). */
  readonly expectXid: number | null;
  readonly onSettled: (lsn: Lsn) => void;
  readonly onCovered: (commit: CoveredCommit) => void;
  /** Counts changes, for the status. */
  readonly onChanges: (count: number) => void;
  /** No more ids than this wait to be batched. */
  readonly maxPending: number;
  readonly now: () => number;
  readonly signal: AbortSignal;
}

const MESSAGES_AT_ONCE = 5_000;
const LOOKUP_KEYS_AT_ONCE = 1_000;
const LOOKUP_PAGE = 1_000;

/**
 * Moves messages from the stream through the gate and the router into the debouncer, until it fails or is aborted.
 * Messages are taken as many as there are; their lookups are made once for all of them; then what they commit is
 * covered. Before the gate has to wait, what has passed it is finished.
 */
export async function pump(options: PumpOptions): Promise<never> {
  const { stream, gate, router, debouncer, dispatcher, query, signal, now, maxPending } = options;
  const state: {
    /** The transaction that is open in the stream. */
    transaction: { readonly xid: number; readonly commitLsn: Lsn } | null;
    /** The last commit that has been routed but not covered. */
    committed: CoveredCommit | null;
    expectXid: number | null;
    changes: number;
  } = { transaction: null, committed: null, expectXid: options.expectXid, changes: 0 };
  /** A transaction whose commit record begins before `durable` ends at or before it: it is in already. */
  const isPassed = (): boolean => state.transaction !== null && state.transaction.commitLsn < options.durable;

  const affect = (index: string, id: string): void => debouncer.add(index, id, now());
  /** Invariant 8, bounded memory: a full debouncer stops the pump, which stops the reading of the socket. */
  const room = async (): Promise<void> => {
    dispatcher.dispatch();
    if (debouncer.pending >= maxPending) await dispatcher.until(() => debouncer.pending < maxPending, signal);
  };

  const followLookups = async (): Promise<void> => {
    for (const { index, route, values } of router.takeLookups()) {
      if (!route.lookup) continue;
      const [first = []] = values;
      for (let from = 0; from < first.length; from += LOOKUP_KEYS_AT_ONCE) {
        const parameters = values.map((column) => column.slice(from, from + LOOKUP_KEYS_AT_ONCE));
        for await (const keys of pages(query, route.lookup, { parameters, pageSize: LOOKUP_PAGE })) {
          for (const key of keys) affect(index, keyToId(key));
          await room();
        }
      }
    }
  };

  /** Makes what has been routed so far complete, and covers its commits. */
  const complete = async (): Promise<void> => {
    await followLookups();
    if (state.committed) {
      debouncer.cover(state.committed.lsn);
      options.onCovered(state.committed);
      state.committed = null;
    }
    options.onChanges(state.changes);
    state.changes = 0;
    await room();
  };

  const begin = async (message: { readonly xid: number; readonly commitLsn: Lsn }): Promise<void> => {
    if (message.commitLsn >= options.durable && state.expectXid !== null) {
      throw historyDiffers(options.durable, state.expectXid);
    }
    if (!gate.knows(message.xid)) {
      await complete();
      await gate.settle(message.xid);
    }
    state.transaction = message;
    // Everything that ends before this transaction's commit record has passed the gate.
    options.onSettled(message.commitLsn);
  };

  const commit = (endLsn: Lsn): void => {
    const xid = state.transaction?.xid ?? null;
    state.transaction = null;
    options.onSettled(endLsn);
    if (endLsn === options.durable && state.expectXid !== null) {
      if (xid !== state.expectXid) throw historyDiffers(endLsn, state.expectXid);
      state.expectXid = null;
    }
    if (endLsn > options.durable) state.committed = { lsn: endLsn, xid };
  };

  const truncate = async (tables: readonly TrackedTable[]): Promise<void> => {
    await complete();
    await dispatcher.until(() => debouncer.idle, signal);
    // A snapshot's chunk that has read the rows before they went may write them only now; later ones see them gone.
    await dispatcher.until(debouncer.underWay(), signal);
    for (const { index, isRoot } of tables.flatMap((table) => router.truncated(table))) {
      for await (const ids of options.allIds(index, isRoot)) {
        for (const id of ids) affect(index, id);
        await room();
      }
    }
  };

  /** Invariant 6: between transactions, with nothing before it in the queue, the server's position is ours. */
  const keepalive = (walEnd: Lsn): void => {
    if (state.transaction !== null || walEnd <= maxLsn(options.durable, state.committed?.lsn ?? 0n)) return;
    options.onSettled(walEnd);
    state.committed = { lsn: walEnd, xid: null };
  };

  for (;;) {
    for (const message of await stream.read(MESSAGES_AT_ONCE, signal)) {
      switch (message.tag) {
        case 'begin':
          await begin(message);
          break;
        case 'commit':
          commit(message.endLsn);
          break;
        case 'change':
          state.changes++;
          if (!isPassed()) router.route(message, affect);
          break;
        case 'truncate':
          if (!isPassed()) await truncate(message.tables);
          break;
        case 'keepalive':
          keepalive(message.walEnd);
          break;
      }
      if (debouncer.pending >= maxPending || router.gathered >= LOOKUP_KEYS_AT_ONCE) {
        await followLookups();
        await room();
      }
    }
    await complete();
  }
}

function historyDiffers(lsn: Lsn, xid: number): ProjectorError {
  return new ProjectorError(
    'PROJ_RESYNC_REQUIRED',
    `the stream has no transaction ${xid} that ends at the resume point ${formatLsn(lsn)}: it is another history`,
    'Rebuild once with ES_SHOULD_DROP_INDEX=TRUE.',
  );
}
