import assert from 'node:assert/strict';
import type { ServerResponse } from 'node:http';
import { describe, it } from 'node:test';
import { inspect } from 'node:util';
import { takeBySize, sendBulk } from '../../src/loader/bulk.ts';
import { createElasticsearch } from '../../src/servers/elasticsearch.ts';
import { openHttpServer } from '../support/http-server.ts';

const apiKey = 'c2VjcmV0OmtleQ==';
const tooMany = JSON.stringify({ error: { type: 'es_rejected_execution_exception' }, status: 429 });

const failures: Readonly<Record<string, (response: ServerResponse) => void>> = {
  'Elasticsearch has no room': (response) =>
    response.writeHead(429, { 'content-type': 'application/json' }).end(tooMany),
  'what stands before Elasticsearch answers': (response) => response.writeHead(502).end('Bad Gateway'),
  'the connection is lost': (response) => response.destroy(),
  'there is no answer': () => undefined,
};

describe('the error of a bulk request that failed', () => {
  for (const [failure, fail] of Object.entries(failures)) {
    it(`has neither a copy of the documents nor the API key, where ${failure}`, async () => {
      await using server = await openHttpServer((request, response) => {
        request.resume().on('end', () => fail(response));
      });
      const client = createElasticsearch(
        { elasticsearchUrls: [server.url], elasticsearchApiKey: apiKey },
        500,
      );
      const item = {
        id: 'a',
        lines: ['{"index":{"_id":"a"}}', JSON.stringify({ text: 'x'.repeat(100_000) })],
      };
      const error: unknown = await sendBulk(client, 'films', takeBySize([item], 1)).then(
        () => assert.fail('it was taken'),
        (thrown: unknown) => thrown,
      );
      assert.ok(error instanceof Error);
      assert.ok(properties(error) < 1_000, `${properties(error)} properties`);
      assert.ok(!inspect(error, { depth: Infinity, showHidden: true }).includes(apiKey));
      await client.close();
    });
  }
});

/** How many properties a value has, with those of all that they lead to; the bytes of a buffer are none. */
function properties(value: unknown, seen = new Set<unknown>()): number {
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value) || seen.has(value)) return 0;
  seen.add(value);
  const own = Object.values(value);
  return own.reduce<number>((sum, each) => sum + properties(each, seen), own.length);
}
