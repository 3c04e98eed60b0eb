import { stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { run } from './run.ts';
import type { Command } from './server.ts';

/** Whom a program runs as that refuses to be root. */
export interface UnprivilegedUser {
  readonly uid: number;
  readonly gid: number;
}

/** Undefined when this process is not root, and so needs nobody else. */
export async function findUnprivilegedUser(): Promise<UnprivilegedUser | undefined> {
  if (process.getuid?.() !== 0) return undefined;
  for (const name of ['postgres', 'nobody']) {
    try {
      return { uid: Number(await run('id', ['-u', name])), gid: Number(await run('id', ['-g', name])) };
    } catch {
      // Not a user of this machine.
    }
  }
  throw new Error(
    'Postgres does not run as root, and this machine has neither a user postgres nor a user nobody to run it as.',
  );
}

/**
 * The command as that user. Where the folders that it needs lie below one that only root can enter, such as root's own
 * home, the process keeps root's right to enter it (and nothing else of root).
 */
export async function runAs(
  user: UnprivilegedUser | undefined,
  command: Command,
  folders: readonly string[],
): Promise<Command> {
  if (user === undefined) return command;
  if (await canEnter(folders)) return { ...command, ...user };
  if (process.platform !== 'linux') {
    throw new Error(`Postgres does not run as root, and nobody else can enter ${folders.join(' or ')}.`);
  }
  const rights = [`--reuid=${user.uid}`, `--regid=${user.gid}`, '--clear-groups'];
  // Without the securebit, access(2), which Postgres asks before it runs a program, ignores what is kept.
  const keep = [
    '--securebits=+no_setuid_fixup',
    '--inh-caps=-all,+dac_override',
    '--ambient-caps=+dac_override',
  ];
  return { ...command, file: 'setpriv', args: [...rights, ...keep, command.file, ...command.args] };
}

async function canEnter(folders: readonly string[]): Promise<boolean> {
  for (let folder of folders) {
    for (;;) {
      if (((await stat(folder)).mode & 0o001) === 0) return false;
      if (folder === dirname(folder)) break;
      folder = dirname(folder);
    }
  }
  return true;
}
