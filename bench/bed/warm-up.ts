import type { FigureContext } from '../figures/figure.ts';
import { percentile } from '../report.ts';
import { makeBed, type Bed } from './bed.ts';
import { pacedEdits } from './edits.ts';
import { runService, startService } from './service.ts';
import { runSnapshot } from './snapshot.ts';

const FILMS = 20_000;
const EDITS = 1_000;
const EDITS_PER_SECOND = 100;
const POLL_MS = 2;

/** A run is no better than those before it when its figure is not lower by this share at least. */
const GAIN = 0.05;
/** It is warm after so many of these. */
const LEVEL_RUNS = 2;
const MOST_RUNS = 15;

type WarmUpContext = Pick<FigureContext, 'servers' | 'say' | 'signal'>;

/**
 * Has Elasticsearch compile what the figures run: snapshots until it takes no less CPU for a document, then single edits
 * until they are readable no sooner. One that was just started takes three times the CPU for a document, for the first
 * few hundred thousand of them, and one that serves has long been through that.
 */
export async function warmUp(context: WarmUpContext): Promise<void> {
  const { servers, say, signal } = context;
  say('warming Elasticsearch up: snapshots, then single edits');
  await using bed = await makeBed(servers, { films: FILMS, seed: 0, definitions: ['movies.yaml'] });
  await untilLevel('µs a document of Elasticsearch’s CPU', context, async () => {
    const { cpu } = await runSnapshot(bed, 'movies', FILMS);
    return (cpu.elasticsearch / FILMS) * 1e6;
  });
  await runService(bed, 'init');
  await using service = startService(bed, ['run']);
  await service.saying('"snapshot done"');
  await untilLevel('ms until half of the edits were readable', context, () => medianDelay(bed, signal));
  await service.stop();
}

async function medianDelay(bed: Bed, signal: AbortSignal): Promise<number> {
  const delays = await pacedEdits(bed, {
    edits: EDITS,
    perSecond: EDITS_PER_SECOND,
    until: 'readable',
    pollMs: POLL_MS,
    signal,
  });
  return percentile(delays, 0.5);
}

async function untilLevel(
  what: string,
  { say, signal }: WarmUpContext,
  measure: () => Promise<number>,
): Promise<void> {
  let best = Infinity;
  let levelRuns = 0;
  for (let run = 1; run <= MOST_RUNS && levelRuns < LEVEL_RUNS; run++) {
    signal.throwIfAborted();
    const measured = await measure();
    say(`  ${measured.toFixed(1)} ${what}`);
    levelRuns = measured > best * (1 - GAIN) ? levelRuns + 1 : 0;
    best = Math.min(best, measured);
  }
  if (levelRuns < LEVEL_RUNS)
    say(`  not level after ${MOST_RUNS} runs: what follows is measured all the same`);
}
