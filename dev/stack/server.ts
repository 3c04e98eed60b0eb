import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, open, readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { postGuard } from './guard.ts';
import { choosePort } from './ports.ts';
import { identifyProcess, isRunning, signalProcess, type ProcessIdentity } from './process-identity.ts';
import { readServerRecord, writeServerRecord } from './server-record.ts';

/** One of the three servers, running or not. Disposing stops it, and removes its data if they are temporary. */
export interface Server extends AsyncDisposable {
  readonly name: string;
  readonly host: string;
  /** The same through every restart. */
  readonly port: number;
  readonly url: string;
  /** Undefined while it does not run. */
  readonly pid: number | undefined;
  /** The file that holds its log. */
  readonly log: string;
  /** Resolves when it answers; at once when it does already. Rejects, with the end of the log, when it does not come up. */
  start(signal?: AbortSignal): Promise<void>;
  /** Ends it in order, and by force if it will not. */
  stop(): Promise<void>;
  /** Sends a signal to its main process. After SIGKILL, waits until it is gone. */
  kill(signal: NodeJS.Signals): Promise<void>;
}

/** A server that can also be ended in a way of one's own choice. */
export interface EndableServer extends Server {
  /** Ends it by these, each if the one before it has not been enough, and in the last resort by force. */
  endBy(endings: readonly Ending[]): Promise<void>;
}

/** Where a server lives, and for how long. */
export interface ServerOptions {
  /** Holds everything of this server: data, log, record. Made when missing. */
  readonly folder: string;
  /** Tried in this order, before the one it had last time, and before any free one. */
  readonly preferredPorts?: readonly number[];
  /** Whether the server goes on when this process has ended. Otherwise it ends with it, however that ends. */
  readonly background?: boolean;
  /** Whether the folder is removed when the server is disposed of. */
  readonly temporary?: boolean;
}

/** How a process is started: file, arguments, and whose it is. */
export interface Command {
  readonly file: string;
  readonly args: readonly string[];
  readonly uid?: number;
  readonly gid?: number;
  readonly env?: NodeJS.ProcessEnv;
}

/** One way of ending a server, and how long it may take before the next, harsher one. */
export interface Ending {
  readonly signal: NodeJS.Signals;
  readonly timeoutMs: number;
}

/** What is special about one kind of server. */
export interface ServerKind {
  readonly name: string;
  readonly url: (port: number) => string;
  /** Prepares what the start needs and says how to start. */
  readonly command: (folder: string, port: number) => Promise<Command>;
  /** Resolves when the server answers; rejects, within seconds, while it does not. */
  readonly probe: (port: number) => Promise<void>;
  /** Counted from the launch of the process. */
  readonly startTimeoutMs: number;
  /** From the kindest to the harshest. */
  readonly endings: readonly Ending[];
  /** Sent when this process ends without having stopped the server. */
  readonly abandonSignal: NodeJS.Signals;
  /** A start that fails with this in the log is worth repeating. */
  readonly passing?: RegExp;
}

const pollMs = 20;

/** A handle on the server in the folder, which may be running already; it is not started here. */
export async function openServer(kind: ServerKind, options: ServerOptions): Promise<EndableServer> {
  const { folder, background = false, temporary = false } = options;
  await mkdir(folder, { recursive: true });
  const record = await readServerRecord(folder);
  const preferred = [...(options.preferredPorts ?? []), ...(record === undefined ? [] : [record.port])];
  const port = record?.process === undefined ? await choosePort(preferred) : record.port;
  const log = join(folder, 'log');
  const guard = background ? undefined : postGuard(kind.abandonSignal, temporary ? folder : undefined);
  let current: ProcessIdentity | undefined = record?.process;

  const running = (): ProcessIdentity | undefined =>
    current !== undefined && isRunning(current) ? current : undefined;

  async function launch(): Promise<void> {
    const command = await kind.command(folder, port);
    current = await spawnServer(command, log);
    guard?.watch(current.pid);
    await writeServerRecord(folder, { port, process: current });
  }

  async function start(signal?: AbortSignal): Promise<void> {
    const logStart = await fileSize(log);
    if (running() === undefined) await launch();
    const deadline = Date.now() + kind.startTimeoutMs;
    while (!(await answers(kind, port))) {
      const ended = running() === undefined;
      const words = await readFrom(log, logStart);
      const passing = ended && kind.passing?.test(words) === true;
      if ((ended && !passing) || Date.now() > deadline) {
        throw new Error(`${kind.name} has not come up. The end of ${log}:\n${words.slice(-3000).trim()}`);
      }
      await sleep(pollMs, undefined, { signal });
      if (passing) await launch();
    }
  }

  async function end(endings: readonly Ending[]): Promise<void> {
    for (const { signal, timeoutMs } of [...endings, sigkill]) {
      const identity = running();
      if (identity === undefined || !signalProcess(identity, signal)) break;
      // A process that a test has stopped (SIGSTOP) takes no other signal.
      signalProcess(identity, 'SIGCONT');
      if (await endsWithin(identity, timeoutMs)) break;
    }
    if (running() !== undefined) throw new Error(`${kind.name} (process ${current?.pid ?? 0}) does not end`);
    if (current !== undefined) await writeServerRecord(folder, { port });
    current = undefined;
  }

  return {
    name: kind.name,
    host: '127.0.0.1',
    port,
    url: kind.url(port),
    log,
    get pid() {
      return running()?.pid;
    },
    start,
    stop: () => end(kind.endings),
    endBy: end,
    kill: async (signal) => {
      if (signal === 'SIGKILL') await end([]);
      else if (current !== undefined) signalProcess(current, signal);
    },
    [Symbol.asyncDispose]: async () => {
      await end(kind.endings);
      if (temporary) await rm(folder, { recursive: true, force: true });
      guard?.dismiss();
    },
  };
}

const sigkill: Ending = { signal: 'SIGKILL', timeoutMs: 10_000 };

/** Starts the process apart from this one: out of reach of its terminal's Ctrl-C, and not keeping it alive. */
async function spawnServer(command: Command, log: string): Promise<ProcessIdentity> {
  await using output = await open(log, 'a');
  const { file, args, ...options } = command;
  const child = spawn(file, args, {
    ...options,
    cwd: '/',
    detached: true,
    stdio: ['ignore', output.fd, output.fd],
  });
  await once(child, 'spawn');
  child.unref();
  const identity = child.pid === undefined ? undefined : identifyProcess(child.pid);
  // One that ended at once is told of by its log, like one that ends a little later.
  return identity ?? { pid: child.pid ?? 0, startedAt: 'ended' };
}

async function answers(kind: ServerKind, port: number): Promise<boolean> {
  try {
    await kind.probe(port);
    return true;
  } catch {
    return false;
  }
}

async function endsWithin(identity: ProcessIdentity, timeoutMs: number): Promise<boolean> {
  const deadline = Date.now() + timeoutMs;
  while (isRunning(identity)) {
    if (Date.now() > deadline) return false;
    await sleep(pollMs);
  }
  return true;
}

async function fileSize(path: string): Promise<number> {
  return (await stat(path).catch(() => undefined))?.size ?? 0;
}

async function readFrom(path: string, position: number): Promise<string> {
  const content = await readFile(path).catch(() => Buffer.alloc(0));
  return content.subarray(position).toString('utf8');
}
