import { execFile } from 'node:child_process';
import { chmodSync, copyFileSync, cpSync, mkdirSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join, posix, relative } from 'node:path';
import { promisify } from 'node:util';
import { checkout } from './compose-file.ts';
import { readDockerfile, readDockerignore } from './dockerfile.ts';

const execute = promisify(execFile);

/** What the image would be, in a folder. */
export interface Image extends Disposable {
  /** The image's `/app` on this machine. */
  readonly app: string;
  /** Runs a command of the image in it, as a user other than root. Rejects when it fails. */
  run(command: readonly string[]): Promise<{ stdout: string; stderr: string }>;
}

interface Stage {
  readonly root: string;
  workdir: string;
  readonly env: Record<string, string>;
}

/**
 * Takes the Dockerfile's steps one after the other without Docker: the same files, filtered by `.dockerignore`, the
 * same commands, in folders instead of layers. Its base image is this Node alone.
 */
export async function buildByHand(): Promise<Image> {
  const folder = mkdtempSync(join(tmpdir(), 'projector-image-'));
  chmodSync(folder, 0o755);
  const stages = new Map<string, Stage>();
  let stage: Stage = { root: folder, workdir: '/', env: {} };
  for (const step of readDockerfile()) {
    if (step.kind === 'FROM') {
      stage = { root: join(folder, `stage-${stages.size}`), workdir: '/', env: {} };
      mkdirSync(stage.root);
      stages.set(step.stage ?? '', stage);
    } else if (step.kind === 'WORKDIR') {
      stage.workdir = step.value;
      mkdirSync(join(stage.root, stage.workdir), { recursive: true });
    } else if (step.kind === 'ENV') {
      stage.env[step.name] = step.value;
    } else if (step.kind === 'RUN') {
      await execute('sh', ['-c', step.command], { cwd: join(stage.root, stage.workdir) });
    } else if (step.kind === 'COPY') {
      const target = join(stage.root, posix.resolve(stage.workdir, step.target));
      const from = step.from === undefined ? undefined : stages.get(step.from);
      for (const source of step.sources) {
        const intoFolder = step.target.endsWith('/');
        if (from === undefined) copyFromContext(source, target, intoFolder);
        else copy(join(from.root, source), target, intoFolder);
      }
    }
  }
  const { root, workdir, env } = stage;
  const bin = join(root, 'usr/local/bin');
  installNode(bin);
  return {
    app: join(root, workdir),
    run: ([file = '', ...args]) =>
      execute(file, args, {
        cwd: join(root, workdir),
        env: { PATH: bin, ...env },
        ...otherThanRoot(),
      }),
    [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true }),
  };
}

function copyFromContext(source: string, target: string, intoFolder: boolean): void {
  const ignored = readDockerignore();
  if (ignored.ignores(source)) throw new Error(`${source} is copied and in .dockerignore`);
  copy(join(checkout, source), target, intoFolder, (file) => !ignored.ignores(relative(checkout, file)));
}

/** As `COPY` does: a folder's contents, or a file into a folder or under a new name. */
function copy(
  path: string,
  target: string,
  intoFolder: boolean,
  filter: (file: string) => boolean = () => true,
): void {
  const destination = statSync(path).isFile() && intoFolder ? join(target, basename(path)) : target;
  cpSync(path, destination, { recursive: true, filter });
}

/** Copied, since another user may not reach the one that runs this. */
function installNode(bin: string): void {
  mkdirSync(bin, { recursive: true });
  copyFileSync(process.execPath, join(bin, 'node'));
  chmodSync(join(bin, 'node'), 0o755);
}

/** `nobody`, where this process is root. */
function otherThanRoot(): { uid?: number; gid?: number } {
  return process.getuid?.() === 0 ? { uid: 65534, gid: 65534 } : {};
}
