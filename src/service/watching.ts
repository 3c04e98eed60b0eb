import { collectDefaultMetrics } from 'prom-client';
import type { Settings } from '../config/settings.ts';
import { json, openHttp, plain, type Routes } from '../ops/http.ts';
import type { Logger } from '../ops/log.ts';
import { openConsole } from './console.ts';
import type { Overview } from './overview.ts';
import { probeServers } from './probes.ts';
import { createRecent, RECENT_INTERVAL_MS, type Recent } from './recent.ts';
import { showMetrics } from './show-metrics.ts';
import { statusJsonSchema } from './status-schema.ts';

/** What machines ask for, and the console's page. Nothing here changes anything, and nothing asks a server. */
function routesOf({ metrics, status }: Pick<Overview, 'metrics' | 'status'>, recent: Recent): Routes {
  return {
    // Alive is what answers. One that does not move ends by itself (invariant 9).
    '/livez': () => plain('alive\n'),
    '/readyz': () => {
      const { ready, reasons } = status();
      return json({ ready, reasons }, ready ? 200 : 503);
    },
    '/metrics': async () => {
      showMetrics(metrics, status());
      return { status: 200, type: metrics.registry.contentType, body: await metrics.registry.metrics() };
    },
    '/status': () => json(status()),
    '/status/recent': () => ({ ...json(null), body: JSON.stringify(recent.past) }),
    '/status/schema': () => ({
      status: 200,
      type: 'application/schema+json; charset=utf-8',
      body: statusJsonSchema(),
    }),
  };
}

/**
 * Has the service watched: probes its servers, and answers by HTTP, until disposed.
 *
 * @throws ProjectorError `PROJ_HTTP_ADDRESS` when the address cannot be listened on.
 */
export async function watchService(
  settings: Settings,
  overview: Overview,
  log: Logger,
): Promise<AsyncDisposable> {
  await using opening = new AsyncDisposableStack();
  if (settings.httpPort > 0) {
    const { httpHost: host, httpPort, httpNames } = settings;
    const recent = createRecent();
    const { reads, actions } = opening.use(openConsole({ settings, log }));
    const { port } = opening.use(
      await openHttp({
        host,
        port: httpPort,
        names: [...httpNames, host.toLowerCase()],
        reads: { ...routesOf(overview, recent), ...reads },
        actions,
      }),
    );
    const remembering = setInterval(() => recent.add(overview.status()), RECENT_INTERVAL_MS);
    opening.defer(() => clearInterval(remembering));
    collectDefaultMetrics({ register: overview.metrics.registry });
    log.info({ host, port }, 'answering by HTTP');
  }
  const end = new AbortController();
  const now = (): number => performance.now();
  const probing = probeServers({ settings, overview, log, now, signal: end.signal }).catch((error: unknown) =>
    log.error({ error: String(error) }, 'the probes have failed; the service goes on without'),
  );
  opening.defer(async () => {
    end.abort();
    await probing;
  });
  return opening.move();
}
