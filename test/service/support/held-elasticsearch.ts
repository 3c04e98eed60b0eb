import { request, type IncomingMessage, type ServerResponse } from 'node:http';
import { openHttpServer } from '../../support/http-server.ts';

/** The way to a real Elasticsearch, on which bulk requests can be held up. Disposing closes it. */
export interface HeldElasticsearch extends AsyncDisposable {
  readonly url: string;
  /** Holds up the bulk requests to the index from now on: Elasticsearch does not see them. */
  hold(index: string): void;
  /** How many are held up at this moment. */
  readonly held: number;
  /** Answers requests to what begins so, from now on, as to a login that has not the right. */
  deny(...paths: readonly string[]): void;
  /** Lets those that are held up, and all later ones, pass. */
  release(): void;
}

export async function openHeldElasticsearch(elasticsearchUrl: string): Promise<HeldElasticsearch> {
  const state: { index: string | null; denied: readonly string[] } = { index: null, denied: [] };
  const waiting = new Set<() => void>();
  const server = await openHttpServer((incoming, response) => {
    if (state.denied.some((path) => incoming.url?.startsWith(path))) return refuse(response);
    const pass = (): void => forward(elasticsearchUrl, incoming, response);
    const isHeld = state.index !== null && (incoming.url ?? '').includes(`-${state.index}-`);
    if (!isHeld || !incoming.url?.includes('/_bulk')) return pass();
    waiting.add(pass);
    // One whose sender has gone never reaches Elasticsearch.
    response.once('close', () => waiting.delete(pass));
  });
  return {
    url: server.url,
    hold(index) {
      state.index = index;
    },
    deny(...paths) {
      state.denied = paths;
    },
    get held() {
      return waiting.size;
    },
    release() {
      state.index = null;
      for (const pass of waiting) pass();
      waiting.clear();
    },
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

function refuse(response: ServerResponse): void {
  const error = { type: 'security_exception', reason: 'the action is unauthorized for this user' };
  response
    .writeHead(403, { 'content-type': 'application/json', 'x-elastic-product': 'Elasticsearch' })
    .end(JSON.stringify({ error, status: 403 }));
}

/** Passes a request on as it is, and its answer back. */
export function forward(elasticsearchUrl: string, incoming: IncomingMessage, response: ServerResponse): void {
  const { method, headers, url = '/' } = incoming;
  // The sender has gone while it was held up: the rest of its request never comes, and the process would wait for an answer.
  if (response.destroyed) return;
  const outgoing = request(new URL(url, elasticsearchUrl), { method, headers }, (answer) => {
    response.writeHead(answer.statusCode ?? 502, answer.headers);
    answer.pipe(response);
  });
  outgoing.once('error', () => response.destroy());
  response.once('close', () => {
    if (!response.writableFinished) outgoing.destroy();
  });
  incoming.pipe(outgoing);
}
