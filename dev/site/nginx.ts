import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { findNginx } from '../stack/nginx-program.ts';
import { checkout } from '../stack/paths.ts';
import { run } from '../stack/run.ts';
import { openServer, type Server, type ServerKind } from '../stack/server.ts';
import type { Say } from '../stack/fetched.ts';
import { answersWell, temporaryFolder } from './site.ts';

export interface NginxOptions {
  /** Host and port of the films' site, and of the service. */
  readonly admin: string;
  readonly console: string;
  /** The front end's folder. */
  readonly root: string;
  readonly preferredPorts?: readonly number[];
  readonly say?: Say;
}

const template = join(checkout, 'deploy/nginx/nginx.conf.template');

/** A handle on an nginx with the configuration of `deploy/nginx`; it is not started here, and its configuration tried. */
export async function openNginx(options: NginxOptions): Promise<Server> {
  const { nginx, etc } = await findNginx(options.say);
  const configure = async (folder: string, port: number): Promise<string> => {
    const values: Readonly<Record<string, string>> = {
      NGINX_LISTEN: `127.0.0.1:${port}`,
      NGINX_ADMIN: options.admin,
      NGINX_CONSOLE: options.console,
      NGINX_ROOT: options.root,
      NGINX_RUN: folder,
      NGINX_ETC: etc,
      NGINX_ACCESS_LOG: join(folder, 'access.log'),
    };
    const file = join(folder, 'nginx.conf');
    await writeFile(file, fillIn(await readFile(template, 'utf8'), values));
    return file;
  };
  // The files are whoever's they are: its workers stay who it is.
  const directives = `daemon off; ${process.getuid?.() === 0 ? 'user root;' : ''}`;
  const kind: ServerKind = {
    name: 'nginx',
    url: (port) => `http://127.0.0.1:${port}`,
    command: async (folder, port) => {
      const file = await configure(folder, port);
      const args = ['-p', folder, '-c', file, '-g', directives];
      await run(nginx, [...args, '-t', '-q']);
      return { file: nginx, args };
    },
    probe: (port) => answersWell(`http://127.0.0.1:${port}/`),
    startTimeoutMs: 20_000,
    endings: [{ signal: 'SIGTERM', timeoutMs: 5_000 }],
    abandonSignal: 'SIGTERM',
  };
  return openServer(kind, { ...(await temporaryFolder()), preferredPorts: options.preferredPorts ?? [] });
}

/** As envsubst does: every `${NAME}` of the values. */
function fillIn(text: string, values: Readonly<Record<string, string>>): string {
  return text.replace(/\$\{(\w+)\}/g, (whole, name: string) => values[name] ?? whole);
}
