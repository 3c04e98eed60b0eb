import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from 'pg';
import { connect } from '../../dev/stack/database.ts';
import { drainHeld } from '../bed/backlog.ts';
import { makeBed, type Bed } from '../bed/bed.ts';
import { runService, startService, type Service } from '../bed/service.ts';
import type { Figure } from '../figures/figure.ts';
import { beside, measurementsTable, rounded, roundedSpread, spread } from '../report.ts';
import { commitBacklog, type BacklogKind } from './backlogs.ts';
import { pgsyncVersion } from './install.ts';
import { openPgsync, type Pgsync } from './pgsync.ts';

const TRANSACTIONS = 5_000;
/** What PGSync has left of the last one at the limit waits before the next one's. */
const kinds: readonly BacklogKind[] = ['retitled', 'mixed'];

/** The settings with which PGSync is fastest: how many changes each of its workers takes at a time, and how many there are. */
const fastest: Readonly<Record<BacklogKind, Readonly<Record<string, string>>>> = {
  // Changes of a kind that follow each other are read again together.
  retitled: { REDIS_READ_CHUNK_SIZE: '2500', NUM_WORKERS: '2' },
  // Few of them do, and the workers read side by side.
  mixed: { REDIS_READ_CHUNK_SIZE: '100', NUM_WORKERS: '4' },
};

/** PGSync has come to its end when nothing waits and it has written nothing for so long, which is not counted. */
const QUIET_MS = 5_000;
/** Then what it has taken up is counted, and what still waits is not. */
const LIMIT_MS = 180_000;
const POLL_MS = 20;

interface Drained {
  readonly kind: BacklogKind;
  /** So many were done when it ended, or at the limit. */
  readonly transactions: number;
  /** Transactions a second. */
  readonly rate: number;
  /** Documents that the backlog touches. */
  readonly documents: number;
  readonly peakMemoryMib: number;
}

/** How fast backlogs of single-row transactions are drained, by the service and then by PGSync; each is up meanwhile. */
export const peerStreamFigure: Figure = async ({ servers, options, say, signal }) => {
  const { films, seed, runs } = options;
  say(`loading ${films} generated films`);
  await using bed = await makeBed(servers, { films, seed, definitions: ['movies.yaml'] });
  await using client = await connect(bed.adminUrl);
  await using pgsync = await openPgsync(bed, say);
  let round = 0;
  const measure = async (
    whose: string,
    drain: (kind: BacklogKind, round: number) => Promise<Drained>,
  ): Promise<Drained[]> => {
    const all: Drained[] = [];
    for (const kind of kinds) {
      for (let run = 1; run <= runs; run++) {
        signal.throwIfAborted();
        const drained = await drain(kind, ++round);
        all.push(drained);
        say(
          `run ${run}: ${whose}, ${kind}, ${drained.documents} documents: ${drained.transactions} transactions, ${drained.rate.toFixed(1)} a second`,
        );
      }
    }
    return all;
  };

  await runService(bed, 'init');
  await runService(bed, 'snapshot');
  const own: Drained[] = [];
  {
    await using service = startService(bed, ['run']);
    await service.saying('"holding the slot"');
    own.push(...(await measure('service', (kind, round) => drainOwn(service, bed, client, kind, round))));
  }
  await runService(bed, 'teardown', '--yes');

  say('the first synchronization of PGSync');
  await pgsync.bootstrap();
  await pgsync.start().ended;
  const peer = await measure('PGSync', (kind, round) => drainPeer(pgsync, client, kind, round));

  const ratesOf = (drained: readonly Drained[], kind: BacklogKind): number[] =>
    drained.filter((one) => one.kind === kind).map(({ rate }) => rate);
  const compared = kinds.map((kind) => {
    const rates = ratesOf(own, kind);
    const peerRates = ratesOf(peer, kind);
    return {
      kind,
      rates,
      peerRates,
      ...beside(
        { name: `${TRANSACTIONS} transactions, ${kind}: transactions/s`, values: rates, digits: 0 },
        { name: `PGSync ${pgsyncVersion}`, values: peerRates, digits: 1 },
        1,
      ),
    };
  });
  const memory = own.map(({ peakMemoryMib }) => peakMemoryMib);
  const peerMemory = peer.map(({ peakMemoryMib }) => peakMemoryMib);
  return {
    table: measurementsTable([
      ...compared.flatMap(({ rows }) => rows),
      { name: 'service, peak resident MiB', values: memory, digits: 0 },
      { name: 'PGSync, peak resident MiB', values: peerMemory, digits: 0 },
    ]),
    json: {
      figure: 'stream',
      peer: 'pgsync',
      ...Object.fromEntries(
        compared.flatMap(({ kind, rates, peerRates, ratios }): [string, unknown][] => [
          [`${kind}_tx_per_s`, rounded(spread(rates).median)],
          [`peer_${kind}_tx_per_s`, rounded(spread(peerRates).median, 1)],
          [`peer_${kind}_ratio`, rounded(spread(ratios).median, 1)],
          [`peer_${kind}_ratio_spread`, roundedSpread(ratios, 1)],
        ]),
      ),
      peer_mixed_transactions: peer.find(({ kind }) => kind === 'mixed')?.transactions,
      mixed_documents: own.find(({ kind }) => kind === 'mixed')?.documents,
      films,
      runs,
      peak_rss_mib: roundedSpread(memory, 1),
      peer_peak_rss_mib: roundedSpread(peerMemory, 1),
    },
  };
};

/** Commits while the service, up and following, stands still, and has it go on: until all is durable. */
async function drainOwn(
  service: Service,
  bed: Bed,
  client: Client,
  kind: BacklogKind,
  round: number,
): Promise<Drained> {
  const { committed, seconds, peakMemoryMib } = await drainHeld(service, bed, client, () =>
    commitBacklog(client, kind, { transactions: TRANSACTIONS, round }),
  );
  return { kind, ...committed, rate: committed.transactions / seconds, peakMemoryMib };
}

/**
 * Commits while PGSync, up and listening, stands still, and has it go on: until it has written the last document. It
 * follows its triggers, which is the fastest that it has for backlogs: with nobody listening what they tell is lost, and
 * it reads its slot instead.
 */
async function drainPeer(pgsync: Pgsync, client: Client, kind: BacklogKind, round: number): Promise<Drained> {
  await using process = pgsync.start(['--daemon'], fastest[kind]);
  await process.saying('=> Redis:');
  const { queued: leftOver } = process.progress;
  process.hold();
  const { transactions, documents } = await commitBacklog(client, kind, {
    transactions: TRANSACTIONS,
    round,
  });
  process.goOn();
  const startedMs = performance.now();
  let lastMs = startedMs;
  let { written } = process.progress;
  // What it tells after each write; of films that are read again together, all at once, and not before.
  const atLeast = kind === 'retitled' ? written + documents : 0;
  const isDone = (): boolean =>
    process.progress.received >= transactions &&
    process.progress.queued === 0 &&
    written >= atLeast &&
    performance.now() - lastMs > QUIET_MS;
  while (!isDone() && performance.now() - startedMs < LIMIT_MS) {
    await Promise.race([sleep(POLL_MS), process.ended]);
    if (process.progress.written !== written) lastMs = performance.now();
    ({ written } = process.progress);
  }
  const { received, queued } = process.progress;
  const taken = leftOver + (isDone() ? transactions : received - queued);
  const rate = (taken * 1000) / (lastMs - startedMs);
  await process.stop();
  return { kind, transactions: taken, rate, documents, peakMemoryMib: process.peakMemoryMib };
}
