import { join } from 'node:path';
import { unpackDebian } from './debian.ts';
import type { Say } from './fetched.ts';
import { run } from './run.ts';

export interface NginxProgram {
  readonly nginx: string;
  /** The folder with `mime.types`. */
  readonly etc: string;
}

/** The machine's own nginx, or else Debian's. */
export async function findNginx(say?: Say): Promise<NginxProgram> {
  try {
    const nginx = (await run('sh', ['-c', 'PATH=$PATH:/usr/sbin command -v nginx'])).trim();
    return { nginx, etc: '/etc/nginx' };
  } catch {
    const [program, files] = [await unpackDebian('nginx', say), await unpackDebian('nginx-common', say)];
    return { nginx: join(program, 'usr/sbin/nginx'), etc: join(files, 'etc/nginx') };
  }
}
