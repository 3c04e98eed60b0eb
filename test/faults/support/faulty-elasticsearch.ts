import { once } from 'node:events';
import { request, type IncomingMessage, type ServerResponse } from 'node:http';
import { chance, pick, type Random } from '../../../dev/load/random.ts';
import { openHttpServer } from '../../support/http-server.ts';

/** What goes wrong with a request. */
export type HttpFault =
  /** Elasticsearch does not see it; something on the way answers. */
  | { readonly kind: 'answered'; readonly status: number; readonly body: string }
  /** Elasticsearch does not see it; nobody answers. */
  | { readonly kind: 'unanswered' }
  /** A bulk request of several items and more than so many bytes takes too long: nobody answers. Others are well. */
  | { readonly kind: 'too-slow'; readonly overBytes: number }
  /** Elasticsearch does it, and nobody learns of it. */
  | { readonly kind: 'answer-lost' }
  /** Elasticsearch does it, and the connection ends in the middle of its answer. */
  | { readonly kind: 'answer-broken' }
  /** Elasticsearch does a part of a bulk request; of the others it says so. Requests that are not bulk are well. */
  | { readonly kind: 'partial'; readonly status: number };

/** The way to a real Elasticsearch, on which requests go wrong. Disposing closes it. */
export interface FaultyElasticsearch extends AsyncDisposable {
  readonly url: string;
  /** From now on this share of all requests goes wrong, each in one of these ways. */
  set(faults: readonly HttpFault[], share?: number): void;
  /** How many have gone wrong so far. */
  readonly faults: number;
}

/** Opens the way to a real one. The random numbers choose which requests go wrong. */
export async function openFaultyElasticsearch(
  elasticsearchUrl: string,
  random: Random,
): Promise<FaultyElasticsearch> {
  const state: { ways: readonly HttpFault[]; share: number; faults: number } = {
    ways: [],
    share: 0,
    faults: 0,
  };
  const serve = async (incoming: IncomingMessage, response: ServerResponse): Promise<void> => {
    const body = Buffer.concat((await incoming.toArray()) as Buffer[]);
    const fault = state.ways.length > 0 ? pick(random, state.ways) : null;
    const isBulk = incoming.url?.includes('/_bulk') ?? false;
    const concerns =
      (fault?.kind !== 'partial' || isBulk) &&
      (fault?.kind !== 'too-slow' ||
        (isBulk && body.length > fault.overBytes && itemsOf(body.toString('utf8')).length > 1));
    const goesWrong = fault && chance(random, state.share) && concerns;
    const ask = (sent: Buffer): Promise<Answer> => forward(elasticsearchUrl, incoming, sent);
    if (!goesWrong) {
      write(response, await ask(body));
      return;
    }
    state.faults++;
    switch (fault.kind) {
      case 'answered':
        response.writeHead(fault.status, { 'content-type': 'text/html' }).end(fault.body);
        return;
      case 'unanswered':
      case 'too-slow':
        return;
      case 'answer-lost':
        await ask(body);
        return;
      case 'answer-broken': {
        const answer = await ask(body);
        response.writeHead(answer.status, answer.headers);
        response.write(answer.body.subarray(0, answer.body.length / 2), () => response.destroy());
        return;
      }
      case 'partial':
        write(response, await askInPart(body, ask, random, fault.status));
    }
  };
  const server = await openHttpServer((incoming, response) => {
    // The one who asked may be gone.
    response.on('error', () => undefined);
    serve(incoming, response).catch(() => response.destroy());
  });
  return {
    url: server.url,
    set(ways, share = 1) {
      Object.assign(state, { ways, share });
    },
    get faults() {
      return state.faults;
    },
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

interface Answer {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly body: Buffer;
}

async function forward(elasticsearchUrl: string, incoming: IncomingMessage, body: Buffer): Promise<Answer> {
  const { method, url = '/' } = incoming;
  const headers = { ...incoming.headers, 'content-length': body.length };
  const outgoing = request(new URL(url, elasticsearchUrl), { method, headers });
  outgoing.end(body);
  const [answer] = (await once(outgoing, 'response')) as [IncomingMessage];
  return {
    status: answer.statusCode ?? 502,
    headers: answer.headers,
    body: Buffer.concat((await answer.toArray()) as Buffer[]),
  };
}

function write(response: ServerResponse, { status, headers, body }: Answer): void {
  response.writeHead(status, headers).end(body);
}

/** Has a part of a bulk request's items done, and has the answer say of the others that they were not. */
async function askInPart(
  body: Buffer,
  ask: (body: Buffer) => Promise<Answer>,
  random: Random,
  status: number,
): Promise<Answer> {
  const items = itemsOf(body.toString('utf8')).map((lines) => ({ lines, isDone: chance(random, 0.5) }));
  const done = items.filter(({ isDone }) => isDone);
  const answer =
    done.length > 0
      ? await ask(Buffer.from(done.map(({ lines }) => lines).join('')))
      : { status: 200, headers: {}, body: Buffer.from('{"items":[]}') };
  if (answer.status !== 200) return answer;
  const said = JSON.parse(answer.body.toString('utf8')) as { items: object[] };
  const results = said.items.values();
  const error = { type: 'es_rejected_execution_exception', reason: 'rejected by a test' };
  const all = items.map(({ isDone }) => (isDone ? results.next().value : { index: { status, error } }));
  const merged = Buffer.from(JSON.stringify({ ...said, errors: true, items: all }));
  return {
    status: 200,
    headers: {
      'x-elastic-product': 'Elasticsearch',
      'content-type': 'application/json',
      ...answer.headers,
      'content-length': String(merged.length),
    },
    body: merged,
  };
}

/** The items of a bulk request: two lines each, or one for a deletion. */
function itemsOf(body: string): string[] {
  const lines = body.split('\n').filter((line) => line !== '');
  const items: string[] = [];
  for (let at = 0; at < lines.length; at++) {
    const action = lines[at] ?? '';
    items.push(action.startsWith('{"delete"') ? `${action}\n` : `${action}\n${lines[++at] ?? ''}\n`);
  }
  return items;
}
