import { setTimeout as delay } from 'node:timers/promises';

/** What `pg_current_snapshot()` shows: https://www.postgresql.org/docs/current/functions-info.html */
export interface TransactionSnapshot {
  /** The lowest transaction id still in progress (64 bits). */
  readonly xmin: bigint;
  /** One past the highest completed transaction id. */
  readonly xmax: bigint;
  /** Those in progress between the two. */
  readonly inProgress: ReadonlySet<bigint>;
}

/** Reads `xmin:xmax:xip,xip,…`. */
export function parseSnapshot(text: string): TransactionSnapshot {
  const [xmin = '', xmax = '', xip = ''] = text.split(':');
  return {
    xmin: BigInt(xmin),
    xmax: BigInt(xmax),
    inProgress: new Set(xip === '' ? [] : xip.split(',').map(BigInt)),
  };
}

/**
 * Whether a transaction is settled (committed or aborted, and visible as such to every later snapshot). The stream
 * gives 32-bit ids, which stand for the 64-bit id nearest to the snapshot's xmax.
 */
export function isSettled(xid: number, snapshot: TransactionSnapshot): boolean {
  const distance = BigInt.asIntN(32, BigInt(xid) - snapshot.xmax);
  return distance < 0n && !snapshot.inProgress.has(snapshot.xmax + distance);
}

export interface Gate {
  /** Whether the last snapshot taken already shows the transaction settled. */
  knows(xid: number): boolean;
  /** Resolves once a fresh snapshot shows the transaction settled. */
  settle(xid: number): Promise<void>;
}

export interface GateOptions {
  readonly takeSnapshot: () => Promise<TransactionSnapshot>;
  /** Told when a transaction has to be waited for, and when the wait is over (null). */
  readonly onWait: (xid: number | null) => void;
  readonly signal: AbortSignal;
}

const FIRST_POLL_MS = 1;
const LAST_POLL_MS = 100;

/**
 * Invariant 2, visible before routing: the walsender can deliver a commit before other sessions see it (for as long as
 * a synchronous standby takes to answer), and commits become visible in another order than the stream's. So a
 * transaction passes here, in the stream's order, only once it is visible; then every later lookup and read sees it.
 */
export function createGate({ takeSnapshot, onWait, signal }: GateOptions): Gate {
  let latest: TransactionSnapshot | undefined;
  const knows = (xid: number): boolean => latest !== undefined && isSettled(xid, latest);
  return {
    knows,
    async settle(xid) {
      let pollMs = FIRST_POLL_MS;
      while (!knows(xid)) {
        latest = await takeSnapshot();
        if (knows(xid)) break;
        onWait(xid);
        await delay(pollMs, undefined, { signal });
        pollMs = Math.min(pollMs * 2, LAST_POLL_MS);
      }
      if (pollMs > FIRST_POLL_MS) onWait(null);
    },
  };
}

export interface BarrierOptions {
  /** Assigns and returns a new 64-bit transaction id: `pg_current_xact_id()`. */
  readonly assignXid: () => Promise<bigint>;
  readonly takeSnapshot: () => Promise<TransactionSnapshot>;
  readonly onWait: (xid: bigint | null) => void;
  readonly signal: AbortSignal;
}

/**
 * Invariant 3, the barrier: resolves once every transaction that was open when it was called has ended. A transaction
 * open across the creation of a slot (or a change of the publication, a replica identity or the plan) may commit
 * before the consistent point, stay invisible to the snapshot's reads, and never be delivered.
 */
export async function passBarrier({
  assignXid,
  takeSnapshot,
  onWait,
  signal,
}: BarrierOptions): Promise<void> {
  const xid = await assignXid();
  let pollMs = FIRST_POLL_MS;
  while ((await takeSnapshot()).xmin <= xid) {
    onWait(xid);
    await delay(pollMs, undefined, { signal });
    pollMs = Math.min(pollMs * 2, LAST_POLL_MS);
  }
  onWait(null);
}
