import { readFile } from 'node:fs/promises';
import { Agent, request } from 'node:http';
import { text } from 'node:stream/consumers';
import type { BulkOrder, BulkResult } from './bulk.ts';
import { answerParent } from './child.ts';

/** Sends a file's bulk lines as it is told by its parent, and answers with the time that took. */

const newline = 0x0a;

answerParent((order) => carryOut(order as BulkOrder));

async function carryOut(order: BulkOrder): Promise<BulkResult> {
  const bodies = cut(await readFile(order.file), order.size);
  const agent = new Agent({ keepAlive: true, maxSockets: order.concurrency });
  const url = new URL(order.url);
  const left = bodies.values();
  const startedMs = performance.now();
  await Promise.all(
    Array.from({ length: order.concurrency }, async () => {
      for (const { bytes } of left) await post(url, agent, bytes);
    }),
  );
  return {
    documents: bodies.reduce((sum, { documents }) => sum + documents, 0),
    seconds: (performance.now() - startedMs) / 1000,
  };
}

interface Body {
  readonly bytes: Buffer;
  readonly documents: number;
}

/** Cuts the lines into bodies of `size` documents: two lines each. */
function cut(lines: Buffer, size: number): Body[] {
  const bodies: Body[] = [];
  let start = 0;
  let documents = 0;
  for (let at = 0; at < lines.length; documents++) {
    if (documents === size) {
      bodies.push({ bytes: lines.subarray(start, at), documents });
      start = at;
      documents = 0;
    }
    at = lines.indexOf(newline, lines.indexOf(newline, at) + 1) + 1;
  }
  if (documents > 0) bodies.push({ bytes: lines.subarray(start), documents });
  return bodies;
}

async function post(url: URL, agent: Agent, body: Buffer): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  request(url, {
    method: 'POST',
    agent,
    headers: { 'content-type': 'application/x-ndjson', 'content-length': body.length },
  })
    .on('response', (response) => void text(response).then(resolve, reject))
    .on('error', reject)
    .end(body);
  const answer = await promise;
  if (answer !== '{"errors":false}') throw new Error(`Elasticsearch answers ${answer.slice(0, 500)}`);
}
