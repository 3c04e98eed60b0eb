import { execFile, type ExecFileOptions } from 'node:child_process';
import { promisify } from 'node:util';

const execute = promisify(execFile);

/**
 * Runs a program to its end and gives what it printed.
 *
 * @throws Error with the program's own words when it fails.
 */
export async function run(
  file: string,
  args: readonly string[],
  options: ExecFileOptions = {},
): Promise<string> {
  try {
    const { stdout } = await execute(file, args, {
      maxBuffer: 64 * 1024 * 1024,
      ...options,
      encoding: 'utf8',
    });
    return stdout;
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    const output = ['stdout', 'stderr'].map((name) => String(Reflect.get(error, name) ?? '').trim());
    throw new Error(`${file} failed: ${output.filter(Boolean).join('\n') || error.message}`, {
      cause: error,
    });
  }
}
