import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openServer, type Server, type ServerKind } from '../stack/server.ts';
import { checkout } from '../stack/paths.ts';

/** A handle on the films' site, `npm run admin -- serve`, with these settings and no others; it is not started here. */
export async function openSiteServer(
  settings: Readonly<Record<string, string>>,
  preferredPorts: readonly number[] = [],
): Promise<Server> {
  const kind: ServerKind = {
    name: "The films' site",
    url: (port) => `http://127.0.0.1:${port}`,
    command: (_, port) =>
      Promise.resolve({
        file: process.execPath,
        args: [join(checkout, 'admin/server/main.ts'), 'serve'],
        env: { ...settings, SITE_PORT: String(port) },
      }),
    probe: (port) => answersWell(`http://127.0.0.1:${port}/api/health`),
    startTimeoutMs: 60_000,
    endings: [{ signal: 'SIGTERM', timeoutMs: 10_000 }],
    abandonSignal: 'SIGTERM',
  };
  return openServer(kind, { ...(await temporaryFolder()), preferredPorts });
}

/** Rejects unless the address answers with a status below 400. */
export async function answersWell(url: string): Promise<void> {
  const response = await fetch(url, { signal: AbortSignal.timeout(2_000) });
  await response.arrayBuffer();
  if (!response.ok) throw new Error(`${url} answers ${response.status}`);
}

export async function temporaryFolder(): Promise<{ folder: string; temporary: true }> {
  return { folder: await mkdtemp(join(tmpdir(), 'projector-site-')), temporary: true };
}
