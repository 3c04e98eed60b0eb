import { stages, type Stage } from './metrics.ts';

/** How often a stage was at work, and for how long in all. */
export interface StageTime {
  times: number;
  seconds: number;
}

/** Shares of the last batches were durable within so many seconds of their oldest change's routing. */
export interface Latency {
  readonly p50: number;
  readonly p99: number;
}

/** How long everything takes, for whoever looks on; `/metrics` has the same for whoever looks later. */
export interface Timings {
  stage(stage: Stage, ms: number): void;
  /** A batch is durable whose oldest change was routed `ageMs` ago. */
  batch(ageMs: number): void;
  readonly stages: Readonly<Record<Stage, Readonly<StageTime>>>;
  /** Of the batches of the last seconds; null where there was none. */
  readonly latency: Latency | null;
}

const WINDOW_MS = 10_000;
/** More batches are never looked at. */
const MOST = 1_000;

export function createTimings(now: () => number): Timings {
  const times = Object.fromEntries(stages.map((stage) => [stage, { times: 0, seconds: 0 }])) as Record<
    Stage,
    StageTime
  >;
  const ring = { atMs: new Float64Array(MOST).fill(-Infinity), ageMs: new Float64Array(MOST), next: 0 };
  return {
    stage(stage, ms) {
      times[stage].times++;
      times[stage].seconds += ms / 1_000;
    },
    batch(ageMs) {
      ring.atMs[ring.next] = now();
      ring.ageMs[ring.next] = ageMs;
      ring.next = (ring.next + 1) % MOST;
    },
    get stages() {
      return structuredClone(times);
    },
    get latency() {
      const since = now() - WINDOW_MS;
      const ages = ring.ageMs.filter((_, position) => (ring.atMs[position] ?? -Infinity) > since).sort();
      if (ages.length === 0) return null;
      const secondsOf = (share: number): number => (ages[Math.ceil(share * ages.length) - 1] ?? 0) / 1_000;
      return { p50: secondsOf(0.5), p99: secondsOf(0.99) };
    },
  };
}
