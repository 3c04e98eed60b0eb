import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { describeFailure } from '../../../src/cli/failure.ts';
import { runWatched } from '../../../src/cli/run.ts';
import { loadSettings } from '../../../src/config/settings.ts';
import { createLogger } from '../../../src/ops/log.ts';
import { createOverview, type Overview } from '../../../src/service/overview.ts';
import type { ServiceStatus } from '../../../src/service/status.ts';
import { waitFor, type WaitOptions } from '../../support/wait.ts';
import { shippedDefinitions, type Ended } from './child.ts';

/** A service that runs. Disposing ends it if it has not ended. */
export interface Service extends AsyncDisposable {
  /** What it has logged so far. */
  readonly log: string;
  /** Resolves when it has ended. */
  readonly ended: Promise<Ended>;
  /** Waits until its own status is as the condition says; rejects at once when it ends meanwhile. */
  until(condition: (status: ServiceStatus) => unknown, options?: WaitOptions): Promise<ServiceStatus>;
  /** Waits until every index serves and the changes stream. */
  untilStreaming(): Promise<void>;
  /** Ends it as SIGTERM does, which must be in order: exit code 0. */
  stop(): Promise<void>;
}

/** Long enough for a machine that is busy with other things. */
export const PATIENCE_MS = 60_000;

/** What the type definitions do not know yet: https://nodejs.org/api/test.html#contextpassed */
type FinishedTest = TestContext & { readonly passed: boolean };

/**
 * Starts in the test's own process what `projector run` runs: a process of its own takes longer to start than most tests
 * take for all else. Its log is shown when the test fails.
 */
export function startService(
  t: TestContext,
  env: Readonly<Record<string, string>>,
  { isStandby = false } = {},
): Service {
  const state: { log: string; overview?: Overview; hasEnded: boolean } = { log: '', hasEnded: false };
  const stop = new AbortController();
  const run = async (): Promise<number> => {
    try {
      const settings = loadSettings({ DEFINITIONS_DIR: shippedDefinitions, ...env });
      const log = createLogger(settings.logLevel, { write: (line) => (state.log += line) });
      const overview = createOverview(settings);
      state.overview = overview;
      await runWatched({ settings, log, stop: stop.signal, isStandby, overview });
      return 0;
    } catch (error) {
      const { text, exitCode } = describeFailure(error);
      state.log += `${text}\n`;
      return exitCode;
    } finally {
      state.hasEnded = true;
    }
  };
  const ended = run().then((code): Ended => ({ code, signal: null }));
  showLogOfFailure(t, () => state.log);
  return {
    ...untilOf(
      () => state.overview?.status(),
      () => state.hasEnded && { log: state.log },
    ),
    get log() {
      return state.log;
    },
    ended,
    stop: async () => {
      stop.abort();
      assert.deepEqual(await ended, { code: 0, signal: null }, state.log);
    },
    [Symbol.asyncDispose]: async () => {
      stop.abort();
      await ended;
    },
  };
}

export function showLogOfFailure(t: TestContext, log: () => string): void {
  t.after(() => {
    if (!(t as FinishedTest).passed) t.diagnostic(`The log of the service:\n${log()}`);
  });
}

/** Waits on what a service says of itself, for as long as it has not ended. */
export function untilOf(
  readStatus: () => ServiceStatus | undefined | Promise<ServiceStatus | undefined>,
  hasEnded: () => false | { readonly log: string },
): Pick<Service, 'until' | 'untilStreaming'> {
  const until: Service['until'] = async (condition, options = {}) => {
    const found = await waitFor(
      async () => {
        const status = await readStatus();
        return status && condition(status) ? { status } : hasEnded();
      },
      { timeoutMs: PATIENCE_MS, ...options },
    );
    if ('log' in found) throw new Error(`The service has ended meanwhile: ${found.log.slice(-2_000)}`);
    return found.status;
  };
  return {
    until,
    untilStreaming: async () => {
      await until(({ state }) => state === 'streaming', { what: 'the service to stream' });
    },
  };
}
