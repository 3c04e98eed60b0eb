import { tmpdir } from 'node:os';
import { runCommandLine, type Output } from '../../../src/cli/command-line.ts';
import { describeFailure } from '../../../src/cli/failure.ts';
import { shippedDefinitions } from './child.ts';

/** How a command has ended, and all that it has printed. */
export interface CommandOutcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * Runs `projector …` to its end with these settings and no others, in the test's own process: one of its own takes
 * longer to start than most commands take. (`startProjector` starts one.)
 */
export async function runCommand(
  args: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<CommandOutcome> {
  const printed = { stdout: '', stderr: '' };
  const outputTo = (name: keyof typeof printed): Output => ({
    write(text: Uint8Array | string) {
      printed[name] += String(text);
      return true;
    },
  });
  const [stdout, stderr] = [outputTo('stdout'), outputTo('stderr')];
  const code = await runCommandLine(args, {
    env: { DEFINITIONS_DIR: shippedDefinitions, ...env },
    directory: tmpdir(),
    stop: new AbortController().signal,
    stdout,
    stderr,
    logTo: stderr,
  }).catch((error: unknown) => {
    const { text, exitCode } = describeFailure(error);
    stderr.write(`${text}\n`);
    return exitCode;
  });
  return { code, ...printed };
}
