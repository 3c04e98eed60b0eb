import { asKnown } from '../servers/known-error.ts';

/** What a process that fails says last, and its exit code. */
export interface Failure {
  readonly text: string;
  readonly exitCode: number;
}

/** One line of cause, one of fix; a fault of our own comes with its stack. */
export function describeFailure(error: unknown): Failure {
  const known = asKnown(error);
  if (known)
    return { text: `${known.code}: ${known.message}\n  fix: ${known.fix}`, exitCode: known.exitCode };
  const fix =
    'This is a fault of the service itself, or of a server; start again, and report it with the above.';
  return { text: `PROJ_INTERNAL: ${stackOf(error)}\n  fix: ${fix}`, exitCode: 1 };
}

/** The stacks of an error and its causes, and no more: a client's error may carry the command that failed, or a login. */
function stackOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const code = 'code' in error && typeof error.code === 'string' ? ` [${error.code}]` : '';
  const causes: unknown[] = error instanceof AggregateError ? error.errors : [error.cause];
  const stacks = causes.filter((cause) => cause !== undefined).map((cause) => `caused by: ${stackOf(cause)}`);
  return [`${error.stack ?? error.message}${code}`, ...stacks].join('\n');
}
