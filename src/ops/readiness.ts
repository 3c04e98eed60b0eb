/** Why a service is not ready. Other parts may name further ones; these have their section in docs/runbook.md. */
export const notReadyReasons = [
  'starting',
  'standby',
  'stopping',
  'failed',
  'snapshotting',
  'paused',
  'postgres',
  'redis',
  'elasticsearch',
  'index-blocked',
  'index-refused',
  'waiting',
  'stalled',
] as const;

export type NotReadyReason = (typeof notReadyReasons)[number];

export interface Reason {
  readonly reason: NotReadyReason;
  /** For people: what exactly, with the server's own words where there are any. */
  readonly detail: string;
}

/** What there is to judge by. */
export interface Signs {
  readonly state: 'starting' | 'snapshotting' | 'streaming' | 'stopping' | 'paused';
  /** Why the last session failed; null when there was none, or another one holds the slot since. */
  readonly failure: string | null;
  /** The indexes that have still to be filled before searches see what the rows make. */
  readonly incomplete: readonly string[];
  /** What each server that does not answer says instead. */
  readonly unreachable: Readonly<Partial<Record<'postgres' | 'redis' | 'elasticsearch', string>>>;
  /** The definitions that Elasticsearch makes no index by, and why. */
  readonly refused: Readonly<Record<string, string>>;
  /** The indexes that take no writes, and which block it is. */
  readonly blocked: Readonly<Record<string, string>>;
  /** What is waited for, and how long already. */
  readonly waits: readonly { readonly name: string; readonly detail: string; readonly ms: number }[];
  /** How long work has been there without anything moving, in ms. */
  readonly stuckMs: number;
}

/** Shorter waits are how a healthy service retries. */
const SHORT_WAIT_MS = 2_000;
/** Much shorter than STALL_TIMEOUT_MS, after which the service ends. */
const STUCK_MS = 10_000;

const servers = ['postgres', 'redis', 'elasticsearch'] as const;

/** Why the service is not ready; nothing when it is: it streams, reaches every server, and is not stalled. */
export function reasonsNotReady(signs: Signs): Reason[] {
  const { state, failure, incomplete, unreachable, blocked, stuckMs } = signs;
  const reasons: Reason[] = [];
  const add = (reason: NotReadyReason, detail: string): void => {
    if (!reasons.some((one) => one.reason === reason)) reasons.push({ reason, detail });
  };
  if (state === 'stopping') add('stopping', 'it has been told to stop');
  if (state === 'paused') add('paused', 'it has been paused by hand');
  if (failure !== null) add('failed', failure);
  for (const server of servers) {
    const error = unreachable[server];
    if (error !== undefined) add(server, error);
  }
  for (const { name, detail, ms } of signs.waits) {
    if (name === 'slot') add('standby', detail);
    else if (name !== 'pause' && ms >= SHORT_WAIT_MS)
      add(servers.find((server) => server === name) ?? 'waiting', detail);
  }
  for (const [index, block] of Object.entries(blocked)) add('index-blocked', `${index}: ${block}`);
  for (const error of Object.values(signs.refused)) add('index-refused', error);
  if (stuckMs >= STUCK_MS && state !== 'paused')
    add('stalled', `nothing has moved for ${Math.round(stuckMs / 1_000)} s`);
  if (state === 'starting') add('starting', 'it does not follow the stream yet');
  if (incomplete.length > 0) add('snapshotting', `being filled: ${incomplete.join(', ')}`);
  return reasons;
}
