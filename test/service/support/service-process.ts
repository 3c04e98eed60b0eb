import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import type { ServiceStatus } from '../../../src/service/status.ts';
import { startProjector } from './child.ts';
import { showLogOfFailure, untilOf, type Service } from './service.ts';

/** `projector run` as a process of its own. Disposing kills it if it has not ended. */
export interface ServiceProcess extends Service {
  readonly pid: number;
  /** Freezes it, and lets it go on. */
  signal(signal: 'SIGSTOP' | 'SIGCONT'): void;
  /** Ends it by SIGKILL. */
  kill(): Promise<void>;
}

/** Starts the service. Its log is shown when the test fails. */
export function startServiceProcess(
  t: TestContext,
  env: Readonly<Record<string, string>>,
  readOwnStatus: () => Promise<ServiceStatus | null>,
  options: readonly string[] = [],
): ServiceProcess {
  const child = startProjector(['run', ...options], env);
  showLogOfFailure(t, () => child.output.stderr);
  return {
    ...untilOf(
      async () => {
        const status = await readOwnStatus();
        // The status of one that was killed outlives it for a while.
        return status?.pid === child.pid ? status : undefined;
      },
      () => child.hasEnded && { log: child.output.stderr },
    ),
    pid: child.pid,
    get log() {
      return child.output.stderr;
    },
    ended: child.ended,
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
