import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { ProjectorError } from './errors.ts';

export interface HttpAnswer {
  readonly status: number;
  readonly type: string;
  readonly body: string;
}

/** What answers a GET of a path. */
export type Routes = Readonly<Record<string, () => HttpAnswer | Promise<HttpAnswer>>>;

export interface HttpServer extends AsyncDisposable {
  readonly port: number;
}

export function json(value: unknown, status = 200): HttpAnswer {
  return { status, type: 'application/json; charset=utf-8', body: `${JSON.stringify(value, null, 2)}\n` };
}

export function plain(body: string, status = 200): HttpAnswer {
  return { status, type: 'text/plain; charset=utf-8', body };
}

/**
 * Answers GET and HEAD of these paths until disposed. A port of 0 is any free one.
 *
 * @throws ProjectorError `PROJ_HTTP_ADDRESS` when the address cannot be listened on.
 */
export async function openHttp(host: string, port: number, routes: Routes): Promise<HttpServer> {
  const answerTo = async (method: string | undefined, url: string | undefined): Promise<HttpAnswer> => {
    if (method !== 'GET' && method !== 'HEAD') return plain('Only GET is answered here.\n', 405);
    const path = (url ?? '/').split('?')[0] ?? '/';
    const route = Object.hasOwn(routes, path) ? routes[path] : undefined;
    if (!route) return plain(`There are: ${Object.keys(routes).join(' ')}\n`, 404);
    return route();
  };
  const server = createServer((request, response) => {
    request.resume();
    answerTo(request.method, request.url)
      .catch((error: unknown) => plain(`${String(error)}\n`, 500))
      .then(({ status, type, body }) => {
        response.writeHead(status, {
          'content-type': type,
          'content-length': Buffer.byteLength(body),
          'cache-control': 'no-store',
          ...(status === 405 && { allow: 'GET, HEAD' }),
        });
        response.end(request.method === 'HEAD' ? undefined : body);
      })
      .catch(() => request.destroy());
  });
  server.listen({ host, port });
  try {
    await once(server, 'listening');
  } catch (error) {
    throw new ProjectorError(
      'PROJ_HTTP_ADDRESS',
      `cannot listen on ${host}:${port}: ${error instanceof Error ? error.message : String(error)}`,
      'Set HTTP_PORT to a free port (0: no HTTP), or HTTP_HOST to an address of this machine.',
      { cause: error },
    );
  }
  return {
    port: (server.address() as AddressInfo).port,
    [Symbol.asyncDispose]: async () => {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}
