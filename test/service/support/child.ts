import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { checkout } from '../../../dev/stack/paths.ts';

/** Those that come with the project, which a process follows unless told otherwise. */
export const shippedDefinitions = join(checkout, 'definitions');

/** How a process has ended: by itself with a code, or by a signal. */
export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** `projector …` as a process of its own. */
export interface ProjectorProcess {
  readonly pid: number;
  /** What it has printed so far. */
  readonly output: { readonly stdout: string; readonly stderr: string };
  readonly ended: Promise<Ended>;
  /** Whether it has ended. */
  readonly hasEnded: boolean;
  kill(signal: NodeJS.Signals): void;
}

/**
 * Starts `projector …` with these settings and no others: it runs where there is no `.env`, and inherits nothing but
 * what Node itself needs.
 */
export function startProjector(
  args: readonly string[],
  env: Readonly<Record<string, string>>,
): ProjectorProcess {
  const { PATH, NODE_COMPILE_CACHE } = process.env;
  const ofNode = { PATH, ...(NODE_COMPILE_CACHE && { NODE_COMPILE_CACHE }) };
  const child = spawn(process.execPath, [join(checkout, 'src/cli/main.ts'), ...args], {
    cwd: tmpdir(),
    env: { ...ofNode, DEFINITIONS_DIR: shippedDefinitions, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const output = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', (text: string) => (output[name] += text));
  }
  const ended = endOf(child);
  return {
    pid: child.pid ?? 0,
    output,
    ended,
    get hasEnded() {
      return child.exitCode !== null || child.signalCode !== null;
    },
    kill: (signal) => child.kill(signal),
  };
}

/** Resolves once the process has ended and everything it has printed is read. */
async function endOf(child: ChildProcess): Promise<Ended> {
  const [code, signal] = (await once(child, 'close')) as [Ended['code'], Ended['signal']];
  return { code, signal };
}
