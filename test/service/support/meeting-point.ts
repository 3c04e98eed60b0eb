import { openHttpServer } from '../../support/http-server.ts';
import { forward } from './held-elasticsearch.ts';

/** The way to a real Elasticsearch on which the requests of two services of a kind wait for each other. */
export interface MeetingPoint extends AsyncDisposable {
  readonly url: string;
}

/** `kindOf` says of what kind a request is; null: it does not wait. Of each kind the first two wait, and then pass together. */
export async function openMeetingPoint(
  elasticsearchUrl: string,
  kindOf: (method: string, url: string) => string | null,
): Promise<MeetingPoint> {
  const waiting = new Map<string, (() => void)[]>();
  const server = await openHttpServer((incoming, response) => {
    const pass = (): void => forward(elasticsearchUrl, incoming, response);
    const kind = kindOf(incoming.method ?? '', incoming.url ?? '');
    if (kind === null) return pass();
    const met = waiting.get(kind) ?? [];
    met.push(pass);
    waiting.set(kind, met);
    if (met.length === 2) for (const each of met) each();
    if (met.length > 2) pass();
  });
  return { url: server.url, [Symbol.asyncDispose]: () => server[Symbol.asyncDispose]() };
}
