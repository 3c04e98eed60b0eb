import type { ZodType } from 'zod';
import { ProjectorError } from '../ops/errors.ts';
import { replyCode } from './redis-errors.ts';
import type { Redis } from './redis.ts';

/**
 * What is kept under a key of ours as JSON; null where there is nothing.
 *
 * @throws ProjectorError `PROJ_REDIS_KEY` where it is something else: another program's, or another version's.
 */
export async function readValue<T>(redis: Redis, key: string, schema: ZodType<T>): Promise<T | null> {
  const text = await redis.get(key).catch((error: unknown) => {
    throw replyCode(error) === 'WRONGTYPE' ? unreadableKey(key, error) : error;
  });
  return text === null ? null : parseValue(key, text, schema);
}

/** The same, of a text that was read. */
export function parseValue<T>(key: string, text: string, schema: ZodType<T>): T {
  try {
    return schema.parse(JSON.parse(text));
  } catch (error) {
    throw unreadableKey(key, error);
  }
}

/** Whether an error says that Redis keeps something else under a key. */
export function isUnreadable(error: unknown): boolean {
  return error instanceof ProjectorError && error.code === 'PROJ_REDIS_KEY';
}

/** The error for a key of ours under which Redis keeps something else. */
export function unreadableKey(key: string, cause: unknown): ProjectorError {
  return new ProjectorError(
    'PROJ_REDIS_KEY',
    `Redis keeps something under ${key} that is not of this version of the service`,
    'Have the service and its commands be of one version. If nothing uses what is there, delete it ' +
      `(redis-cli del ${key}): docs/runbook.md says what that loses. If another program does, choose another PROJECTOR_NAME.`,
    { cause },
  );
}

/** The key that a command which Redis has refused was about. */
export function keyOf(error: Error): string {
  const { command } = error as Error & {
    readonly command?: { readonly name: string; readonly args: readonly unknown[] };
  };
  // EVAL has a script and the number of its keys before them.
  const keys =
    command?.name === 'eval' ? command.args.slice(2, 2 + Number(command.args[1])) : command?.args.slice(0, 1);
  return (keys ?? []).map(String).join(' or ') || 'a key of ours';
}
