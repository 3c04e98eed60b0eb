import { constants } from 'node:os';
import { createScreen } from './screen.ts';
import { runDemo } from './story.ts';

/** `make demo`: 0 for a demo that has shown everything, 1 for one that failed, 128 and more when a signal cut it short. */

const once = !['', '0', undefined].includes(process.env['ONCE']);
const interrupt = new AbortController();
// Once: a second Ctrl-C ends this process on the spot, and the guards of what it has started end that.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.once(signal, () => interrupt.abort(signal));
}
// Nobody reads on: the terminal is closed, or the pipe's other end.
process.stdout.on('error', () => interrupt.abort('SIGHUP'));

async function main(): Promise<number> {
  try {
    await runDemo({ screen: createScreen(process.stdout), once, interrupt: interrupt.signal });
    return 0;
  } catch (error) {
    if (interrupt.signal.aborted) return 128 + signalNumber(interrupt.signal.reason);
    console.error(`\nThe demo failed: ${error instanceof Error ? error.message : String(error)}`);
    return 1;
  }
}

function signalNumber(reason: unknown): number {
  return Object.entries(constants.signals).find(([name]) => name === reason)?.[1] ?? 0;
}

process.exitCode = await main();
