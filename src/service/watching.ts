import { collectDefaultMetrics } from 'prom-client';
import type { Settings } from '../config/settings.ts';
import { json, openHttp, plain, type HttpServer, type Routes } from '../ops/http.ts';
import type { Logger } from '../ops/log.ts';
import type { Overview } from './overview.ts';
import { probeServers } from './probes.ts';
import { showMetrics } from './show-metrics.ts';
import { statusJsonSchema } from './status-schema.ts';

/** What is answered by HTTP. Nothing here changes anything, and nothing asks a server. */
export function routesOf({ metrics, status }: Pick<Overview, 'metrics' | 'status'>): Routes {
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
    const http: HttpServer = opening.use(
      await openHttp(settings.httpHost, settings.httpPort, routesOf(overview)),
    );
    collectDefaultMetrics({ register: overview.metrics.registry });
    log.info({ host: settings.httpHost, port: http.port }, 'answering by HTTP');
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
