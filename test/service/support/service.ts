import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import type { ServiceStatus } from '../../../src/service/status.ts';
import { waitFor, type WaitOptions } from '../../support/wait.ts';
import { startProjector, type Ended } from './child.ts';

/** `projector run` as a process of its own. Disposing kills it if it has not ended. */
export interface Service extends AsyncDisposable {
  readonly pid: number;
  /** What it has logged so far. */
  readonly log: string;
  /** Resolves when it has ended. */
  readonly ended: Promise<Ended>;
  /** Waits until its own status is as the condition says; rejects at once when it ends meanwhile. */
  until(condition: (status: ServiceStatus) => unknown, options?: WaitOptions): Promise<ServiceStatus>;
  /** Waits until every index serves and the changes stream. */
  untilStreaming(): Promise<void>;
  /** Ends it by SIGTERM, which must be in order: exit code 0. */
  stop(): Promise<void>;
  /** Freezes it, and lets it go on. */
  signal(signal: 'SIGSTOP' | 'SIGCONT'): void;
  /** Ends it by SIGKILL. */
  kill(): Promise<void>;
}

/** Long enough for a machine that is busy with other things. */
export const PATIENCE_MS = 60_000;

/** What the type definitions do not know yet: https://nodejs.org/api/test.html#contextpassed */
type FinishedTest = TestContext & { readonly passed: boolean };

/** Starts the service. Its log is shown when the test fails. */
export function startService(
  t: TestContext,
  env: Readonly<Record<string, string>>,
  readOwnStatus: () => Promise<ServiceStatus | null>,
  options: readonly string[] = [],
): Service {
  const child = startProjector(['run', ...options], env);
  t.after(() => {
    if (!(t as FinishedTest).passed)
      t.diagnostic(`The log of the service ${child.pid}:\n${child.output.stderr}`);
  });

  const until: Service['until'] = async (condition, options = {}) => {
    const reached = waitFor(
      async () => {
        const status = await readOwnStatus();
        // The status of one that was killed outlives it for a while.
        if (status?.pid === child.pid && condition(status)) return status;
        return child.hasEnded && { ended: child.output.stderr };
      },
      { timeoutMs: PATIENCE_MS, ...options },
    );
    const found = await reached;
    if ('ended' in found) throw new Error(`The service has ended meanwhile: ${found.ended.slice(-2_000)}`);
    return found;
  };
  return {
    pid: child.pid,
    get log() {
      return child.output.stderr;
    },
    ended: child.ended,
    until,
    untilStreaming: async () => {
      await until(({ state }) => state === 'streaming', { what: 'the service to stream' });
    },
    stop: async () => {
      child.kill('SIGTERM');
      assert.deepEqual(await child.ended, { code: 0, signal: null }, child.output.stderr);
    },
    signal: (signal) => child.kill(signal),
    kill: async () => {
      child.kill('SIGKILL');
      await child.ended;
    },
    [Symbol.asyncDispose]: async () => {
      if (!child.hasEnded) child.kill('SIGKILL');
      await child.ended;
    },
  };
}
