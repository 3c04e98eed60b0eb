import { setImmediate as nextTurn } from 'node:timers/promises';
import type { History } from '../checkpoint/history.ts';
import type { Debouncer } from '../debouncer/debouncer.ts';
import type { Floor } from '../debouncer/floor.ts';
import type { ChangeTally } from '../ops/change-tally.ts';
import type { Gate } from '../replication/gate.ts';
import type { TrackedTable } from '../replication/message.ts';
import type { ReplicationStream } from '../replication/stream.ts';
import type { Router } from '../router/router.ts';
import type { Lsn } from '../shared/lsn.ts';
import type { Position } from '../shared/position.ts';
import type { Dispatcher } from './dispatcher.ts';
import type { FanOut } from './fan-out.ts';

export interface PumpOptions {
  readonly stream: ReplicationStream;
  readonly gate: Gate;
  readonly router: Router;
  readonly debouncer: Debouncer;
  readonly floor: Floor;
  readonly dispatcher: Dispatcher;
  readonly fanOut: FanOut;
  /** Pages the ids of all rows of an index's root. */
  readonly rowIds: (index: string) => AsyncIterable<readonly string[]>;
  /** Pages the ids of all documents that an index has, or that are on their way into it. */
  readonly documentIds: (index: string) => AsyncIterable<readonly string[]>;
  /**
   * Told when the stream shows that the tables are not what the plan was made of: it describes one otherwise, or does not
   * say enough of a change to find the documents that it touches.
   */
  readonly onUntold: () => void;
  /** All that ends at or before this is durable already. */
  readonly durable: Position;
  /** Sees that what is durable already comes by as it did before (invariant 7). */
  readonly history: History;
  readonly onSettled: (lsn: Lsn) => void;
  readonly onCovered: (lsn: Lsn) => void;
  /** Counts changes, for the status. */
  readonly onChanges: (count: number) => void;
  /** Counts them by table and kind. */
  readonly tally: ChangeTally;
  /** No more ids than this wait to be batched. */
  readonly maxPending: number;
  readonly now: () => number;
  readonly signal: AbortSignal;
}

const MESSAGES_AT_ONCE = 5_000;
const LOOKUP_KEYS_AT_ONCE = 1_000;
/** A transaction's ids beyond so many are gathered until it ends, and go into the bulk lane then. */
const LARGE_TRANSACTION = 1_000;
/** So many of them move at once, between looks at the sockets. */
const LET_OUT_AT_ONCE = 5_000;

/**
 * Moves messages from the stream through the gate and the router into the debouncer, until it fails or is aborted.
 * Messages are taken as many as there are; the lookups that they ask for are begun once for all of them; then what they
 * commit is covered. Before the gate has to wait, what has passed it is finished.
 */
export async function pump(options: PumpOptions): Promise<never> {
  const { stream, gate, router, debouncer, floor, dispatcher, fanOut, durable, history } = options;
  const { signal, now, maxPending, tally } = options;
  const state: {
    /** The transaction that is open in the stream. */
    transaction: { readonly xid: number; readonly commitLsn: Lsn } | null;
    /** How many ids it has affected. */
    affected: number;
    /** Up to where the stream has been routed. */
    routed: Position;
    changes: number;
  } = { transaction: null, affected: 0, routed: durable, changes: 0 };
  /** A transaction whose commit record begins before `durable` ends at or before it: it is in already. */
  const isPassed = (): boolean => state.transaction !== null && state.transaction.commitLsn < durable.lsn;

  const affect = (index: string, id: string): void => {
    if (++state.affected > LARGE_TRANSACTION) debouncer.gather(index, id);
    else debouncer.add(index, id, now());
  };
  const letOut = async (): Promise<void> => {
    for (let isAll = false; !isAll; await nextTurn()) {
      isAll = debouncer.letOut(LET_OUT_AT_ONCE, now());
      dispatcher.dispatch();
    }
  };
  /** Invariant 8, bounded memory: a full debouncer stops the pump, which stops the reading of the socket. */
  const hasRoom = (): boolean => debouncer.allPending < maxPending;
  const room = async (): Promise<void> => {
    fanOut.follow();
    dispatcher.dispatch();
    if (!hasRoom()) {
      await letOut();
      await dispatcher.until(hasRoom, signal);
    }
    await fanOut.room();
  };

  /** Covers the commits of what has been routed so far. */
  const complete = async (): Promise<void> => {
    fanOut.follow();
    floor.cover(state.routed);
    options.onCovered(state.routed.lsn);
    options.onChanges(state.changes);
    state.changes = 0;
    await room();
  };

  const begin = async (message: { readonly xid: number; readonly commitLsn: Lsn }): Promise<void> => {
    history.reached(message.commitLsn);
    if (!gate.knows(message.xid)) {
      await complete();
      await gate.settle(message.xid);
    }
    state.transaction = message;
    state.affected = 0;
    // Everything that ends before this transaction's commit record has passed the gate.
    options.onSettled(message.commitLsn);
  };

  const commit = (endLsn: Lsn): void => {
    const lastCommit = { lsn: endLsn, xid: state.transaction?.xid ?? 0 };
    state.transaction = null;
    options.onSettled(endLsn);
    history.committed(lastCommit);
    if (endLsn > state.routed.lsn) state.routed = { lsn: endLsn, lastCommit };
  };

  const affectRows = (index: string): void => fanOut.spread(`rows ${index}`, index, options.rowIds(index));
  const affectDocuments = (index: string): void =>
    fanOut.spread(`documents ${index}`, index, options.documentIds(index));

  /** Every document of the indexes that read the tables; where a root is truncated, those that were there. */
  const truncate = (tables: readonly TrackedTable[]): void => {
    const truncated = tables.flatMap((table) => router.truncated(table));
    const roots = new Set(truncated.flatMap(({ index, isRoot }) => (isRoot ? index : [])));
    for (const index of new Set(truncated.map((one) => one.index))) {
      if (roots.has(index)) affectDocuments(index);
      else affectRows(index);
    }
  };

  /** The change was made when a column had another name, or the replica identity was another. */
  const affectAny = (index: string, isRoot: boolean): void => {
    affectRows(index);
    if (isRoot) affectDocuments(index);
    options.onUntold();
  };

  /** Invariant 6: between transactions, with nothing before it in the queue, the server's position is ours. */
  const keepalive = (walEnd: Lsn): void => {
    if (state.transaction !== null) return;
    history.reached(walEnd);
    if (walEnd <= state.routed.lsn) return;
    options.onSettled(walEnd);
    state.routed = { ...state.routed, lsn: walEnd };
  };

  for (;;) {
    for (const message of await stream.read(MESSAGES_AT_ONCE, signal)) {
      switch (message.tag) {
        case 'begin':
          await begin(message);
          break;
        case 'commit':
          // It is not covered yet, so that its ids hold the floor at what was before it.
          if (state.affected > LARGE_TRANSACTION) await letOut();
          commit(message.endLsn);
          break;
        case 'change':
          state.changes++;
          tally.add(message.table, message.kind);
          if (!isPassed()) router.route(message, affect, affectAny);
          break;
        case 'truncate':
          for (const table of message.tables) tally.add(table, 'truncate');
          if (!isPassed()) truncate(message.tables);
          break;
        case 'relation':
          options.onUntold();
          break;
        case 'keepalive':
          keepalive(message.walEnd);
          break;
      }
      if (!hasRoom() || router.gathered >= LOOKUP_KEYS_AT_ONCE) await room();
    }
    await complete();
  }
}
