import { spawn } from 'node:child_process';
import { Socket } from 'node:net';
import { join } from 'node:path';

/** Ends a server, and removes its folder, that this process leaves behind: be it because of `kill -9`. */
export interface Guard {
  /** The process to be ended, in place of any before. */
  watch(pid: number): void;
  /** There is nothing left to guard. */
  dismiss(): void;
}

/** Posts a guard that ends a process by `signal` and removes the folder, if one is given. */
export function postGuard(signal: NodeJS.Signals, folder: string | undefined): Guard {
  const args = [signal.replace('SIG', ''), ...(folder === undefined ? [] : [folder])];
  // Detached, so that Ctrl-C reaches this process alone.
  const guard = spawn('sh', [join(import.meta.dirname, 'guard.sh'), ...args], {
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
    cwd: '/',
  });
  guard.unref();
  if (guard.stdin instanceof Socket) guard.stdin.unref();
  guard.stdin.on('error', () => undefined);
  return {
    watch: (pid) => guard.stdin.write(`${pid}\n`),
    dismiss: () => guard.stdin.end('dismissed\n'),
  };
}
