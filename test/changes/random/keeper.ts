import assert from 'node:assert/strict';
import { PATIENCE_MS, type Service } from '../../service/support/service.ts';
import type { ServiceProcess } from '../../service/support/service-process.ts';
import type { Setting } from '../../service/support/setting.ts';
import { oneOf, type Random } from '../../support/random.ts';
import { eventually, waitFor } from '../../support/wait.ts';

const INTERVALS_MS = ['100', '250', '500'];

/** Keeps a service running, which may end only where a change is what rightly ends it. */
export interface Keeper extends AsyncDisposable {
  readonly isRunning: boolean;
  start(): void;
  /** Ends it, in order or by SIGKILL. */
  end(): Promise<void>;
  /** From now on until all has converged, it may end with these codes. */
  mayEnd(codes: readonly number[]): void;
  /** Waits until it has ended by itself, with a code that it may end with. */
  untilEnded(): Promise<void>;
  /** Starts one if there is none. */
  keepUp(): void;
  /** Waits until every document is what its rows make it; starts the service again where it has rightly ended. */
  untilConverged(): Promise<void>;
}

export function createKeeper(setting: Setting, random: Random): Keeper {
  const state: { service: Service | ServiceProcess | null; ended: string | null; codes: number[] } = {
    service: null,
    ended: null,
    codes: [],
  };
  const start = (): void => {
    const settings = { SCHEMA_CHECK_INTERVAL_MS: oneOf(random, INTERVALS_MS) };
    const service = random(8) === 0 ? setting.spawn(settings) : setting.run(settings);
    Object.assign(state, { service, ended: null });
    void service.ended.then(({ code }) => {
      if (state.service === service) state.ended = `${code}`;
    });
  };
  /** Whether it has ended as it may; throws where it has otherwise. */
  const hasEnded = (): boolean => {
    const { service, ended, codes } = state;
    if (!service || ended === null) return service === null;
    assert.ok(
      codes.includes(Number(ended)),
      `the service has ended with ${ended}: ${service.log.slice(-3_000)}`,
    );
    state.service = null;
    return true;
  };
  return {
    get isRunning() {
      return state.service !== null;
    },
    start,
    async end() {
      if (hasEnded()) return;
      const { service, codes } = state;
      state.service = null;
      if (!service) return;
      if ('kill' in service) await service.kill();
      else
        await service.stop().catch(async (error: unknown) => {
          // It may just have been ending by itself.
          if (!codes.includes((await service.ended).code ?? 0)) throw error;
        });
    },
    mayEnd: (codes) => state.codes.push(...codes),
    async untilEnded() {
      await waitFor(hasEnded, { what: 'the service to end', timeoutMs: PATIENCE_MS });
    },
    keepUp: () => {
      if (hasEnded()) start();
    },
    async untilConverged() {
      const deadline = performance.now() + PATIENCE_MS;
      for (;;) {
        if (hasEnded()) start();
        const { service } = state;
        const converged = eventually(() => setting.assertConverged(deadline - performance.now()), {
          timeoutMs: PATIENCE_MS,
          what: 'every document to be what its rows make it',
        }).then(() => true);
        converged.catch(() => undefined);
        const ended = service?.ended.then(() => false);
        if (await Promise.race([converged, ended])) break;
      }
      state.codes = [];
    },
    async [Symbol.asyncDispose]() {
      await state.service?.[Symbol.asyncDispose]();
    },
  };
}
