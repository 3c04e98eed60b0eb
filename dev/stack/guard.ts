import { spawn } from 'node:child_process';
import { join } from 'node:path';

/** Ends a server that its starter leaves behind, be it by `kill -9`. */
export interface Guard {
  /** The server has ended: nothing is left to guard. */
  dismiss(): void;
}

/** Guards the process `pid`, which `signal` ends, and the folder that goes with it, if any. */
export function postGuard(pid: number, signal: NodeJS.Signals, folder: string | undefined): Guard {
  const args = [String(pid), signal.replace('SIG', ''), ...(folder === undefined ? [] : [folder])];
  // Detached, so that Ctrl-C reaches this process alone.
  const guard = spawn('sh', [join(import.meta.dirname, 'guard.sh'), ...args], {
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
    cwd: '/',
  });
  guard.unref();
  guard.stdin.on('error', () => undefined);
  return { dismiss: () => guard.stdin.end('dismissed\n') };
}
