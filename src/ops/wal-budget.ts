/** How much WAL Postgres kept for the slot at a moment. */
export interface WalSample {
  readonly atMs: number;
  readonly retainedBytes: number;
}

/** How long the growth is looked back at. */
const WINDOW_MS = 300_000;
/** Before so long there is no rate to speak of: a load of seconds is none. */
const SHORTEST_MS = 60_000;

/** Watches how fast the kept WAL grows. */
export interface WalBudget {
  add(sample: WalSample): void;
  /**
   * Seconds until `leftBytes` more are kept, at the rate at which the kept WAL has grown in the last five minutes;
   * null without a limit, where it does not grow, and where that is not known yet.
   */
  secondsLeft(leftBytes: number | null): number | null;
}

export function createWalBudget(): WalBudget {
  let samples: WalSample[] = [];
  return {
    add(sample) {
      samples = [...samples.filter(({ atMs }) => sample.atMs - atMs <= WINDOW_MS), sample];
    },
    secondsLeft: (leftBytes) => secondsUntilLimit(samples, leftBytes),
  };
}

/** As `WalBudget.secondsLeft`, of samples in the order of time. */
export function secondsUntilLimit(samples: readonly WalSample[], leftBytes: number | null): number | null {
  const first = samples[0];
  const last = samples.at(-1);
  if (leftBytes === null || !first || !last) return null;
  if (leftBytes <= 0) return 0;
  if (last.atMs - first.atMs < SHORTEST_MS) return null;
  const bytesPerMs = slope(samples);
  return bytesPerMs > 0 ? leftBytes / bytesPerMs / 1_000 : null;
}

/** By least squares: what is kept for a healthy slot goes up and down with Postgres' checkpoints, and grows by nothing. */
function slope(samples: readonly WalSample[]): number {
  const mean = (values: number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
  const meanMs = mean(samples.map(({ atMs }) => atMs));
  const meanBytes = mean(samples.map(({ retainedBytes }) => retainedBytes));
  let together = 0;
  let alone = 0;
  for (const { atMs, retainedBytes } of samples) {
    together += (atMs - meanMs) * (retainedBytes - meanBytes);
    alone += (atMs - meanMs) ** 2;
  }
  return together / alone;
}
