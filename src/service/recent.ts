import type { ServiceStatus } from './status.ts';

const shown = [
  'at',
  'changes',
  'written',
  'superseded',
  'refused',
  'lag',
  'latency',
  'slot',
] as const satisfies readonly (keyof ServiceStatus)[];

/** What of a status is kept for a while, so that whoever begins to look sees how it came to this. */
export type PastStatus = Pick<ServiceStatus, (typeof shown)[number]>;

/** The status of the last minutes. */
export interface Recent {
  add(status: ServiceStatus): void;
  /** The oldest first. */
  readonly past: readonly PastStatus[];
}

export const RECENT_INTERVAL_MS = 2_000;
/** A quarter of an hour. */
const MOST = 450;

export function createRecent(): Recent {
  const past: PastStatus[] = [];
  return {
    add(status) {
      past.push(Object.fromEntries(shown.map((key) => [key, status[key]])) as PastStatus);
      if (past.length > MOST) past.shift();
    },
    past,
  };
}
