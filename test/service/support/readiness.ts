import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import { checkout } from '../../../dev/stack/paths.ts';
import { choosePort } from '../../../dev/stack/ports.ts';
import { waitFor } from '../../support/wait.ts';

/** What docs/watching.md says of a fault. */
export interface ReadinessRow {
  readonly fault: string;
  /** What `/readyz` gives as a reason; or `no answer`, where the service ends; null: it stays ready. */
  readonly reason: string | null;
  /** It turns within so long. */
  readonly withinMs: number;
  /** The file of the test that causes it, below test/. */
  readonly test: string;
}

const NO_ANSWER = 'no answer';
const TABLE = /^\| (\S.*?) +\| (?:`([a-z-]+)`|(no answer)|stays ready) +\| (?:(\d+) s|–) +\| `(\S+)` +\|$/gm;

export function readReadinessTable(): ReadinessRow[] {
  const text = readFileSync(join(checkout, 'docs/watching.md'), 'utf8');
  return [...text.matchAll(TABLE)].map(([, fault = '', reason, noAnswer, seconds, test = '']) => ({
    fault,
    reason: reason ?? noAnswer ?? null,
    withinMs: Number(seconds ?? 0) * 1_000,
    test,
  }));
}

/** Looks at `/readyz` of a service all the time, while faults come and go. Disposing ends that. */
export interface ReadinessWatch extends AsyncDisposable {
  /** For the service that is looked at, and for the one that comes after it. */
  readonly settings: { readonly HTTP_PORT: string };
  /**
   * Has a fault happen for which docs/watching.md has a row: `/readyz` must say so within the time that stands there (or,
   * on a busy machine, some times that; how long it took is printed), or stay ready where that does. Once what happens has
   * happened it must be ready again, where the service has not ended. A fault that lasts for as long as the test wants it
   * to waits for `turned`.
   */
  turns(fault: string, happens: (turned: () => Promise<void>) => Promise<unknown>): Promise<void>;
  /** Waits until it is ready. */
  isReady(): Promise<void>;
}

interface Look {
  readonly atMs: number;
  readonly reasons: readonly string[];
}

const answerSchema = z.object({ reasons: z.array(z.object({ reason: z.string() })) });

const POLL_MS = 50;
/** On a machine that is busy with several test files, everything takes so many times as long. */
const BUSY = 4;
/** A fault may be so long over: the service tries again with pauses of up to 5 s. */
const BACK_MS = BUSY * 10_000;

export async function watchReadiness(t: TestContext): Promise<ReadinessWatch> {
  const port = await choosePort();
  const rows = readReadinessTable();
  /** Whenever it says something else. */
  const looks: Look[] = [];
  const state = { isEnding: false };
  const watching = (async () => {
    while (!state.isEnding) {
      const reasons = await look(port);
      if (looks.at(-1)?.reasons.join() !== reasons.join()) looks.push({ atMs: performance.now(), reasons });
      await delay(POLL_MS);
    }
  })();
  const isReady = async (): Promise<void> => {
    await waitFor(() => looks.at(-1)?.reasons.length === 0, {
      what: `/readyz to be ready: it says ${looks.at(-1)?.reasons.join()}`,
      timeoutMs: BACK_MS,
    });
  };
  return {
    settings: { HTTP_PORT: String(port) },
    isReady,
    async turns(fault, happens) {
      const row = rows.find((one) => one.fault === fault);
      assert.ok(row, `docs/watching.md has no row for: ${fault}`);
      const { reason, withinMs } = row;
      const before = looks.length;
      const startedMs = performance.now();
      const turned = async (): Promise<void> => {
        if (reason === null) return;
        // It may say so already.
        const since = (): readonly Look[] => looks.slice(Math.max(0, before - 1));
        const found = await waitFor(() => since().find(({ reasons }) => reasons.includes(reason)), {
          what: `/readyz to say ${reason}: ${fault}`,
          timeoutMs: Math.max(0, startedMs + BUSY * withinMs - performance.now()),
        });
        said.set('turned', `${reason} after ${Math.max(0, Math.round(found.atMs - startedMs))} ms`);
      };
      const said = new Map<string, string>();
      await happens(turned);
      await turned();
      const overMs = performance.now();
      if (reason === null) assert.deepEqual(looks.slice(before), [], `${fault}: it is to stay ready`);
      else if (reason !== NO_ANSWER) {
        await isReady();
        said.set('ready', `ready ${Math.round(performance.now() - overMs)} ms after it was over`);
      }
      t.diagnostic(`${fault}: ${[...said.values()].join(', ') || 'it stays ready'}`);
    },
    async [Symbol.asyncDispose]() {
      state.isEnding = true;
      await watching;
    },
  };
}

/** The reasons that `/readyz` gives; none when it is ready. */
async function look(port: number): Promise<readonly string[]> {
  const response = await fetch(`http://127.0.0.1:${port}/readyz`, {
    signal: AbortSignal.timeout(5_000),
  }).catch(() => null);
  if (!response) return [NO_ANSWER];
  const { reasons } = answerSchema.parse(await response.json());
  assert.equal(response.status, reasons.length === 0 ? 200 : 503);
  return reasons.map(({ reason }) => reason);
}
