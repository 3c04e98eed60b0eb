import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { ProjectorError, type ErrorCode } from './errors.ts';
import { isCrossOrigin, isOwnHost } from './http-guard.ts';

export interface HttpRequest {
  readonly headers: IncomingHttpHeaders;
  /**
   * What was sent, which must be JSON.
   *
   * @throws ProjectorError `PROJ_HTTP_REFUSED` where it is not, or is too much.
   */
  readonly json: () => Promise<unknown>;
}

export interface HttpAnswer {
  readonly status: number;
  readonly type: string;
  readonly body: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Answers a request; an error that it throws is the answer, too. */
export type Route = (request: HttpRequest) => HttpAnswer | Promise<HttpAnswer>;

/** What answers which path. */
export type Routes = Readonly<Record<string, Route>>;

export interface HttpOptions {
  readonly host: string;
  /** 0: any free one. */
  readonly port: number;
  /** The names by which it may be asked beside addresses and names without a dot, in lower case. */
  readonly names?: readonly string[];
  /** What GET and HEAD of a path answer. */
  readonly reads: Routes;
  /** What POST to a path does. */
  readonly actions?: Routes;
}

export interface HttpServer extends AsyncDisposable {
  readonly port: number;
}

export function json(value: unknown, status = 200): HttpAnswer {
  return { status, type: 'application/json; charset=utf-8', body: `${JSON.stringify(value, null, 2)}\n` };
}

export function plain(body: string, status = 200): HttpAnswer {
  return { status, type: 'text/plain; charset=utf-8', body };
}

/** A page from here loads nothing from elsewhere, runs nothing that stands within it, and is shown in no frame. */
const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  ...['script', 'style', 'img', 'connect'].map((kind) => `${kind}-src 'self'`),
  ...['base-uri', 'form-action', 'frame-ancestors'].map((kind) => `${kind} 'none'`),
].join('; ');

const HEADERS = {
  'cache-control': 'no-store',
  'content-security-policy': CONTENT_SECURITY_POLICY,
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
};

/** More than any action is asked with. */
const MOST_BODY_BYTES = 65_536;

/**
 * Answers by HTTP until disposed. Nobody is answered who asks by another's name, and nothing is done for a page of another
 * site.
 *
 * @throws ProjectorError `PROJ_HTTP_ADDRESS` when the address cannot be listened on.
 */
export async function openHttp(options: HttpOptions): Promise<HttpServer> {
  const { host, port, names = [], reads, actions = {} } = options;
  const answerTo = async (request: IncomingMessage): Promise<HttpAnswer> => {
    const { headers, method } = request;
    if (!isOwnHost(headers.host, names)) {
      throw refused(
        `${headers.host} is not known to be a name of this service`,
        'Ask by its address, or set HTTP_NAMES to the name.',
      );
    }
    const path = (request.url ?? '/').split('?')[0] ?? '/';
    const read = Object.hasOwn(reads, path) ? reads[path] : undefined;
    const action = Object.hasOwn(actions, path) ? actions[path] : undefined;
    const asked: HttpRequest = { headers, json: () => readJson(request) };
    if (read && (method === 'GET' || method === 'HEAD')) return read(asked);
    if (action && method === 'POST') {
      if (isCrossOrigin(headers))
        throw refused('a page of another site has asked for it', 'Use the console at its own address.');
      return action(asked);
    }
    if (!read && !action)
      return plain(`There are: ${Object.keys({ ...reads, ...actions }).join(' ')}\n`, 404);
    const allow = [read && 'GET, HEAD', action && 'POST'].filter(Boolean).join(', ');
    return { ...plain(`Only ${allow} is answered here.\n`, 405), headers: { allow } };
  };
  const server = createServer((request, response) => {
    answerTo(request)
      .catch(describeFailure)
      .then(({ status, type, body, headers }) => {
        response.writeHead(status, {
          ...HEADERS,
          'content-type': type,
          'content-length': Buffer.byteLength(body),
          ...headers,
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

async function readJson(request: IncomingMessage): Promise<unknown> {
  const { 'content-type': type = '', 'content-length': length } = request.headers;
  if (!/^application\/json\b/i.test(type) || !(Number(length) <= MOST_BODY_BYTES)) {
    throw refused(
      `what was sent is not JSON of at most ${MOST_BODY_BYTES} bytes`,
      'Send `content-type: application/json` and `content-length`.',
    );
  }
  const chunks: Buffer[] = [];
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
  try {
    return JSON.parse(Buffer.concat(chunks).toString('utf8'));
  } catch (error) {
    throw refused('what was sent is no JSON', 'Send a JSON object.', { cause: error });
  }
}

function refused(message: string, fix: string, options?: ErrorOptions): ProjectorError {
  return new ProjectorError('PROJ_HTTP_REFUSED', message, fix, options);
}

/** By what an error is answered; 500 unless named here. */
const statuses: Partial<Record<ErrorCode, number>> = {
  PROJ_USAGE: 400,
  PROJ_HTTP_REFUSED: 403,
  PROJ_CONSOLE_TOKEN: 401,
  PROJ_CONSOLE_READ_ONLY: 403,
  PROJ_PAUSED: 409,
  PROJ_SERVICE_ENDED: 503,
};

function describeFailure(error: unknown): HttpAnswer {
  if (!(error instanceof ProjectorError)) return plain(`${String(error)}\n`, 500);
  const { code, message, fix } = error;
  const status = statuses[code] ?? 500;
  const challenge = status === 401 && { headers: { 'www-authenticate': 'Bearer' } };
  return { ...json({ error: { code, message, fix } }, status), ...challenge };
}
