import { setTimeout as sleep } from 'node:timers/promises';

export interface WaitOptions {
  /** Unless told otherwise a minute: long enough for a machine that is busy with other things. */
  readonly timeoutMs?: number;
  /** What is waited for, in the words of the failure. */
  readonly what?: string;
}

const pollMs = 50;

/**
 * Waits until the condition gives something truthy, and gives that back. An error that it throws counts as not yet.
 *
 * @throws Error that says what was waited for, and what the condition gave or threw last.
 */
export async function waitFor<T>(
  condition: () => T | Promise<T>,
  options: WaitOptions = {},
): Promise<Exclude<T, false | null | undefined | 0 | ''>> {
  return eventually(
    async () => {
      const value = await condition();
      if (!value) throw new Error(`it was ${String(value)}`);
      return value as Exclude<T, false | null | undefined | 0 | ''>;
    },
    { what: readable(condition), ...options },
  );
}

/**
 * Waits until the assertion throws nothing any more, and gives back what it returns.
 *
 * @throws Error that says what was waited for, with what the assertion threw last as its cause.
 */
export async function eventually<T>(assertion: () => T | Promise<T>, options: WaitOptions = {}): Promise<T> {
  const { timeoutMs = 60_000, what = readable(assertion) } = options;
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    try {
      return await assertion();
    } catch (cause) {
      if (Date.now() >= deadline) {
        const last = cause instanceof Error ? cause.message : String(cause);
        throw new Error(`Waited ${timeoutMs} ms in vain for ${what}: ${last}`, { cause });
      }
    }
    await sleep(pollMs);
  }
}

function readable(condition: () => unknown): string {
  return condition.toString().replace(/\s+/g, ' ').slice(0, 200);
}
