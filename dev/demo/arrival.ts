import { setTimeout as delay } from 'node:timers/promises';
import type { ClientBase } from 'pg';
import type { Elasticsearch } from '../../src/servers/elasticsearch.ts';
import type { Edit } from './edits.ts';
import type { Evidence } from './evidence.ts';

/** How an edit came through. */
export interface Arrival {
  /** Documents in which a search shows it, in all indexes. */
  readonly documents: number;
  /** From Postgres's answer to the commit to the first moment at which searches find all of these. */
  readonly ms: number;
}

export interface ArrivalOptions {
  /** Outside a transaction. */
  readonly client: ClientBase;
  readonly elasticsearch: Elasticsearch;
  /** How long the searches may find no more of it. */
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

/** Between two searches: at first for the sake of precision, later so as not to take the machine's time. */
const pollMs = (waitedMs: number): number => (waitedMs < 1_500 ? 5 : 50);

/** Commits the edit and searches until it is found everywhere; rejects when no more of it arrives, saying what is missing. */
export async function commitAndFind(
  edit: Edit,
  { client, elasticsearch, timeoutMs, signal }: ArrivalOptions,
): Promise<Arrival> {
  const find = async ({ index, query }: Evidence): Promise<number> =>
    (await elasticsearch.count({ index, query }, { signal })).count;

  await client.query('begin');
  const evidence = await edit.make();
  let documents = 0;
  for (const each of evidence) {
    const changing = Math.abs((await find(each)) - each.count);
    if (changing === 0)
      throw new Error(`"${edit.what}" changes nothing that a search in ${each.index} finds`);
    documents += changing;
  }
  await client.query('commit');

  const committedAt = performance.now();
  for (const each of evidence) {
    let last = { found: NaN, at: performance.now() };
    for (;;) {
      const found = await find(each);
      if (found === each.count) break;
      const now = performance.now();
      if (found !== last.found) last = { found, at: now };
      if (now - last.at > timeoutMs) {
        throw new Error(
          `"${edit.what}" has not arrived, and no more of it for ${timeoutMs / 1000} s: ` +
            `a search in ${each.index} finds ${found} documents, not ${each.count}: ${JSON.stringify(each.query)}`,
        );
      }
      await delay(pollMs(now - committedAt), undefined, { signal });
    }
  }
  return { documents, ms: performance.now() - committedAt };
}
